//! From an event to stored history, once; and what follows from it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::inbound::{EventKind, InboundEvent, NotedKind};
use domain::ingest::{Addition, IngestError, Ingested, ingest, ingest_all};
use domain::job::{Occasion, OutboundJob};
use domain::message::{AuthorKind, Direction, Message, Outcome, WaitingFor};
use domain::ports::{Accepted, Claim, History, Inbox, Order, Outbox, Recording, Saved, StoreError};
use domain::retry::{Retry, Retryable};
use domain::template::{TemplateStatus, Templates};
use domain::time::Timestamp;
use testkit::events::{
    customer_edits, customer_follows, customer_reacts, customer_says, customer_taps, customer_unsends, delivered_up_to, echo_of,
    echo_of_ours, event, noted, read_up_to, thread_goes_to, unknown,
};
use testkit::ids::{MIA, PAGE, at, conversation_of, key_of, page};
use testkit::messages::{outcome, reply_in, taken, with_outcome};
use testkit::{Call, FakeQueue, FakeStore};

fn mia() -> ConversationId {
    conversation_of(MIA)
}

async fn take(store: &FakeStore, queue: &FakeQueue, event: &InboundEvent) -> Ingested {
    ingest(store, queue, event, event.occurred_at).await.unwrap()
}

async fn conversation(store: &FakeStore) -> Conversation {
    store.conversation(&mia()).await.unwrap().unwrap()
}

async fn stored(store: &FakeStore, platform_id: &str) -> Message {
    store.message_by_key(&key_of(platform_id)).await.unwrap().unwrap()
}

async fn history(store: &FakeStore) -> Vec<Message> {
    store.messages(&mia(), Order::OldestFirst, None, 100).await.unwrap()
}

/// A conversation in which the customer wrote, whose name is known, and an empty queue.
async fn begun() -> (FakeStore, FakeQueue) {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    take(&store, &queue, &customer_says("Hi").build()).await;
    let named = Conversation { name: Some("Mia".into()), name_checked_at: Some(at(0)), ..conversation(&store).await };
    store.record(&Recording { conversation: &named, entry: None }).await.unwrap();
    queue.clear();
    (store, queue)
}

/// A message of ours that a worker holds.
async fn sending(store: &FakeStore, texts: &[&str]) -> Message {
    let current = conversation(store).await;
    let message = reply_in(&current, at(10), texts);
    assert_eq!(store.accept(&message, &current, at(130)).await.unwrap(), Accepted::Accepted);
    match store.claim(&mia(), &message.id, at(11), at(71)).await.unwrap() {
        Claim::Ours(message) => *message,
        other @ (Claim::HeldElsewhere(_) | Claim::Abandoned(_) | Claim::Unconfirmed(_) | Claim::Ended) => panic!("{other:?}"),
    }
}

async fn ours(store: &FakeStore, id: &MessageId) -> Message {
    store.message(&mia(), id).await.unwrap().unwrap()
}

async fn pending(store: &FakeStore) -> Vec<MessageId> {
    store.open(&mia()).await.unwrap().unwrap().pending
}

fn wake() -> OutboundJob {
    OutboundJob::Wake { conversation: mia() }
}

#[tokio::test]
async fn an_event_is_new_once() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    for event in [
        customer_says("Hi").build(),
        customer_taps("GET_STARTED").build(),
        echo_of("m_echo", "Hello", None).build(),
        customer_follows("summer").build(),
        unknown("message_hologram").build(),
        noted(NotedKind::Feed).of_the_page().build(),
    ] {
        assert_eq!(take(&store, &queue, &event).await, Ingested::New, "{}", event.kind_name());
        assert_eq!(take(&store, &queue, &event).await, Ingested::Duplicate, "{}", event.kind_name());
    }
    assert_eq!(history(&store).await.len(), 3);
    let kinds: Vec<String> = store.events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(kinds.contains(&String::from("unknown:message_hologram")));
}

#[tokio::test]
async fn a_duplicate_repeats_what_follows_because_the_first_may_have_died_before_it() {
    let (store, queue) = begun().await;
    store.set_waiting(&mia(), Some(WaitingFor::Window)).await.unwrap();
    let event = customer_says("Hello?").at(at(5)).build();
    assert_eq!(take(&store, &queue, &event).await, Ingested::New);
    queue.clear();
    assert_eq!(take(&store, &queue, &event).await, Ingested::Duplicate);
    assert_eq!(queue.jobs(), [wake()]);
}

#[tokio::test]
async fn a_lost_answer_is_no_second_message() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    let event = customer_says("Hi").build();
    store.lose_the_answer(Call::Record, 1);
    let error = ingest(&store, &queue, &event, at(0)).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Backoff);
    assert_eq!(take(&store, &queue, &event).await, Ingested::Duplicate);
    assert_eq!(conversation(&store).await.unread_count, 1);
}

#[tokio::test]
async fn an_event_that_always_loses_its_race_is_given_back() {
    let (store, queue) = begun().await;
    for nth in 1..=10 {
        store.before(Call::Record, nth, |store| async move {
            store.set_waiting(&mia(), None).await.unwrap();
        });
    }
    let event = customer_says("Hello?").at(at(1)).build();
    let error = ingest(&store, &queue, &event, at(1)).await.unwrap_err();
    assert!(matches!(error, IngestError::Busy));
    assert_eq!(take(&store, &queue, &event).await, Ingested::New);
}

#[tokio::test]
async fn a_store_that_refuses_says_never() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    store.fail(Call::Record, 1, StoreError::Refused { reason: "too large".into() });
    let error = ingest(&store, &queue, &customer_says("Hi").build(), at(0)).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Never);
}

// Echoes.

#[tokio::test]
async fn the_echo_before_the_answer_settles_our_message() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["Hello"]).await;
    let echo = echo_of_ours("m_out", &message.id, 0, 1).at(at(12)).build();
    assert_eq!(take(&store, &queue, &echo).await, Ingested::Changed);
    let settled = ours(&store, &message.id).await;
    assert_eq!(outcome(&settled), Some(&Outcome::Sent { at: at(12) }));
    assert_eq!(stored(&store, "m_out").await.id, message.id);
    assert!(pending(&store).await.is_empty());
    assert_eq!(take(&store, &queue, &echo).await, Ingested::Duplicate);
    assert_eq!(history(&store).await.len(), 2, "the echo is no message of its own");
}

#[tokio::test]
async fn the_echo_after_the_answer_corrects_the_moment() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["Hello"]).await;
    store.save(&taken(message.clone(), &["m_out"], at(11)), None).await.unwrap();
    let echo = echo_of_ours("m_out", &message.id, 0, 1).at(at(12)).build();
    assert_eq!(take(&store, &queue, &echo).await, Ingested::Changed);
    assert_eq!(outcome(&ours(&store, &message.id).await), Some(&Outcome::Sent { at: at(12) }));
    assert!(queue.jobs().is_empty());
}

#[tokio::test]
async fn an_echo_between_reading_and_writing_is_written_all_the_same() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["Hello"]).await;
    let answered = taken(message.clone(), &["m_out"], at(11));
    store.before(Call::Save, 1, move |store| async move {
        assert!(matches!(store.save(&answered, None).await.unwrap(), Saved::Saved(_)));
    });
    let echo = echo_of_ours("m_out", &message.id, 0, 1).at(at(12)).build();
    assert_eq!(take(&store, &queue, &echo).await, Ingested::Changed);
    assert_eq!(outcome(&ours(&store, &message.id).await), Some(&Outcome::Sent { at: at(12) }));
}

#[tokio::test]
async fn the_echoes_of_all_parts_settle_the_message_in_any_order() {
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let (store, queue) = begun().await;
        let message = sending(&store, &["one", "two", "three"]).await;
        for (nth, index) in order.into_iter().enumerate() {
            assert!(matches!(outcome(&ours(&store, &message.id).await), Some(Outcome::Sending { .. })), "{nth} of three");
            let echo = echo_of_ours(&format!("m_out-{index}"), &message.id, index, 3).at(at(20 + index as u64)).build();
            assert_eq!(take(&store, &queue, &echo).await, Ingested::Changed);
        }
        assert_eq!(outcome(&ours(&store, &message.id).await), Some(&Outcome::Sent { at: at(22) }));
    }
}

#[tokio::test]
async fn the_echo_of_an_unconfirmed_message_settles_it_and_wakes_what_follows() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["Hello"]).await;
    let unknown = with_outcome(message.clone(), Outcome::Unconfirmed { since: at(12), reason: "timeout".into(), for_a_person: false });
    store.save(&unknown, Some(at(132))).await.unwrap();
    take(&store, &queue, &echo_of_ours("m_out", &message.id, 0, 1).at(at(13)).build()).await;
    assert_eq!(outcome(&ours(&store, &message.id).await), Some(&Outcome::Sent { at: at(13) }));
    assert_eq!(queue.jobs(), [wake()]);
}

#[tokio::test]
async fn the_echo_of_a_part_lets_the_rest_of_an_unconfirmed_message_go() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["one", "two"]).await;
    let unknown = with_outcome(message.clone(), Outcome::Unconfirmed { since: at(12), reason: "timeout".into(), for_a_person: false });
    store.save(&unknown, Some(at(132))).await.unwrap();
    take(&store, &queue, &echo_of_ours("m_out-1", &message.id, 0, 2).at(at(13)).build()).await;
    assert_eq!(outcome(&ours(&store, &message.id).await), Some(&Outcome::Queued { reason: None }));
    assert_eq!(pending(&store).await, [message.id]);
    assert_eq!(queue.jobs(), [wake()]);
}

#[tokio::test]
async fn an_echo_of_a_message_that_nobody_knows_is_kept_as_a_message() {
    let (store, queue) = begun().await;
    let stranger = testkit::ids::message_id(at(3), 9);
    assert_eq!(take(&store, &queue, &echo_of_ours("m_out", &stranger, 0, 1).at(at(4)).build()).await, Ingested::New);
    assert_eq!(stored(&store, "m_out").await.direction, Direction::Outbound);
}

#[tokio::test]
async fn what_is_typed_in_an_inbox_is_an_agents_and_what_another_app_sends_is_a_bots() {
    let (store, queue) = begun().await;
    for (number, (app, kind, unread)) in
        [(Some("1517776481860111"), AuthorKind::Bot, 1), (Some("263902037430900"), AuthorKind::Agent, 0), (None, AuthorKind::Agent, 0)]
            .into_iter()
            .enumerate()
    {
        let id = format!("m_foreign-{number}");
        assert_eq!(take(&store, &queue, &echo_of(&id, "Hello", app).at(at(10 + number as u64)).build()).await, Ingested::New);
        let message = stored(&store, &id).await;
        assert_eq!((message.author.kind, message.sending), (kind, None));
        assert_eq!(conversation(&store).await.unread_count, unread, "{app:?}");
    }
}

// Changes of earlier messages.

#[tokio::test]
async fn changes_before_their_message_are_kept_for_it() {
    let (store, queue) = begun().await;
    for event in [customer_reacts("m_1", Some("love")).at(at(9)).build(), customer_edits("m_1", 1, "Hello").at(at(8)).build()] {
        assert_eq!(take(&store, &queue, &event).await, Ingested::KeptForLater);
    }
    assert_eq!(take(&store, &queue, &customer_says("Helo").numbered("m_1").at(at(7)).build()).await, Ingested::New);
    let message = stored(&store, "m_1").await;
    assert_eq!(message.text.as_deref(), Some("Hello"));
    assert_eq!(message.reaction.unwrap().reaction.unwrap().name, "love");
}

#[tokio::test]
async fn a_message_that_comes_between_looking_and_keeping_is_changed() {
    let (store, queue) = begun().await;
    store.before(Call::KeepChange, 1, |store| async move {
        take(&store, &FakeQueue::default(), &customer_says("Helo").numbered("m_1").at(at(1)).build()).await;
    });
    assert_eq!(take(&store, &queue, &customer_edits("m_1", 1, "Hello").at(at(2)).build()).await, Ingested::Changed);
    assert_eq!(stored(&store, "m_1").await.text.as_deref(), Some("Hello"));
}

#[tokio::test]
async fn two_changes_at_once_are_both_there() {
    let (store, queue) = begun().await;
    store.before(Call::Save, 1, |store| async move {
        take(&store, &FakeQueue::default(), &customer_reacts("m_Hi", Some("love")).at(at(3)).build()).await;
    });
    assert_eq!(take(&store, &queue, &customer_edits("m_Hi", 1, "Hello").at(at(2)).build()).await, Ingested::Changed);
    let message = stored(&store, "m_Hi").await;
    assert!(message.reaction.is_some());
    assert_eq!(message.text.as_deref(), Some("Hello"));
}

#[tokio::test]
async fn an_unsent_message_stays_without_its_words() {
    let (store, queue) = begun().await;
    let unsend = customer_unsends("m_Hi").at(at(2)).build();
    assert_eq!(take(&store, &queue, &unsend).await, Ingested::Changed);
    assert_eq!(take(&store, &queue, &unsend).await, Ingested::Duplicate);
    assert_eq!(take(&store, &queue, &customer_edits("m_Hi", 1, "Hello").at(at(3)).build()).await, Ingested::Duplicate);
    let message = stored(&store, "m_Hi").await;
    assert_eq!((message.text, message.raw, message.unsent_at), (None, None, Some(at(2))));
}

#[tokio::test]
async fn a_reaction_to_our_message_is_kept_until_the_platforms_id_is_known() {
    let (store, queue) = begun().await;
    let message = sending(&store, &["Hello"]).await;
    assert_eq!(take(&store, &queue, &customer_reacts("m_out", Some("love")).at(at(12)).build()).await, Ingested::KeptForLater);
    take(&store, &queue, &echo_of_ours("m_out", &message.id, 0, 1).at(at(12)).build()).await;
    assert!(ours(&store, &message.id).await.reaction.is_some());
}

#[tokio::test]
async fn a_reaction_opens_the_window_and_taking_it_back_does_not() {
    let (store, queue) = begun().await;
    let before = conversation(&store).await.window_ends_at;
    take(&store, &queue, &customer_reacts("m_Hi", None).at(at(50)).build()).await;
    assert_eq!(conversation(&store).await.window_ends_at, before);
    take(&store, &queue, &customer_reacts("m_Hi", Some("love")).at(at(60)).build()).await;
    assert!(conversation(&store).await.window_ends_at > before);
}

// Marks.

#[tokio::test]
async fn marks_move_forward_only() {
    let (store, queue) = begun().await;
    assert_eq!(take(&store, &queue, &delivered_up_to(at(20)).at(at(21)).build()).await, Ingested::Changed);
    assert_eq!(take(&store, &queue, &delivered_up_to(at(10)).at(at(22)).build()).await, Ingested::NothingNew);
    assert_eq!(take(&store, &queue, &read_up_to(at(20)).at(at(23)).build()).await, Ingested::Changed);
    assert_eq!(take(&store, &queue, &read_up_to(at(20)).at(at(23)).build()).await, Ingested::NothingNew);
    let marks = conversation(&store).await.marks;
    assert_eq!((marks.delivered_up_to, marks.read_up_to), (Some(at(20)), Some(at(20))));
    assert!(store.events().is_empty());
}

#[tokio::test]
async fn a_mark_of_a_conversation_that_nobody_knows_is_kept_as_an_event() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    let mark = read_up_to(at(5)).build();
    assert_eq!(take(&store, &queue, &mark).await, Ingested::New);
    assert_eq!(take(&store, &queue, &mark).await, Ingested::Duplicate);
    assert_eq!(store.conversation(&mia()).await.unwrap(), None);
    assert_eq!(store.events().len(), 1);
}

// Names.

#[tokio::test]
async fn a_name_is_asked_for_once() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    let first = customer_says("Hi").build();
    take(&store, &queue, &first).await;
    take(&store, &queue, &first).await;
    take(&store, &queue, &customer_says("Anybody there?").at(at(3)).build()).await;
    assert_eq!(queue.jobs(), [OutboundJob::LookUpName { conversation: mia() }]);
}

#[tokio::test]
async fn a_known_name_is_asked_for_again_after_a_week_and_not_for_an_echo() {
    const DAY: u64 = 24 * 60 * 60;
    let (store, queue) = begun().await;
    take(&store, &queue, &customer_says("Hello").at(at(7 * DAY)).build()).await;
    take(&store, &queue, &echo_of("m_echo", "Hello", None).at(at(8 * DAY)).build()).await;
    assert!(queue.jobs().is_empty());
    let late = at(7 * DAY + 1);
    take(&store, &queue, &customer_taps("MENU").at(late).build()).await;
    assert_eq!(queue.occasions(), [(OutboundJob::LookUpName { conversation: mia() }, Occasion::Stale(late))]);
}

#[tokio::test]
async fn a_name_that_cannot_be_asked_for_holds_nothing_up() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    queue.fail(1);
    assert_eq!(take(&store, &queue, &customer_says("Hi").build()).await, Ingested::New);
    take(&store, &queue, &customer_says("Hello?").at(at(1)).build()).await;
    assert_eq!(queue.jobs().len(), 1, "the next message asks again");
}

// Waking what waits.

#[tokio::test]
async fn only_what_may_end_a_wait_wakes_it() {
    let events = || {
        [
            customer_says("Hello?").at(at(5)).build(),
            customer_taps("MENU").at(at(5)).build(),
            customer_follows("summer").at(at(5)).build(),
            customer_reacts("m_Hi", Some("love")).at(at(5)).build(),
            thread_goes_to(None).at(at(5)).build(),
            customer_reacts("m_Hi", None).at(at(5)).build(),
            read_up_to(at(4)).at(at(5)).build(),
            echo_of("m_echo", "Hello", None).at(at(5)).build(),
            noted(NotedKind::Rating).at(at(5)).build(),
        ]
    };
    for (on, wakes) in [
        (Some(WaitingFor::Window), [true, true, true, true, false, false, false, false, false]),
        (Some(WaitingFor::Thread), [false, false, false, false, true, false, false, false, false]),
        (Some(WaitingFor::Page), [false; 9]),
        (None, [false; 9]),
    ] {
        for (event, wakes) in events().into_iter().zip(wakes) {
            let (store, queue) = begun().await;
            store.set_waiting(&mia(), on).await.unwrap();
            take(&store, &queue, &event).await;
            assert_eq!(queue.jobs().contains(&wake()), wakes, "{} while waiting for {on:?}", event.kind_name());
        }
    }
}

#[tokio::test]
async fn a_wake_that_cannot_be_enqueued_gives_the_event_back_and_is_repeated() {
    for event in [
        customer_says("Hello?").at(at(5)).build(),
        customer_follows("summer").at(at(5)).build(),
        customer_reacts("m_Hi", Some("love")).at(at(5)).build(),
    ] {
        let (store, queue) = begun().await;
        store.set_waiting(&mia(), Some(WaitingFor::Window)).await.unwrap();
        queue.fail(1);
        let error = ingest(&store, &queue, &event, at(5)).await.unwrap_err();
        assert!(matches!(error, IngestError::FollowUp(_)));
        assert_eq!(error.retry(), Retry::Backoff);
        take(&store, &queue, &event).await;
        assert_eq!(queue.jobs(), [wake()], "{}", event.kind_name());
    }
}

#[tokio::test]
async fn a_wait_that_is_said_while_the_event_is_written_is_woken() {
    let (store, queue) = begun().await;
    store.before(Call::Record, 1, |store| async move {
        store.set_waiting(&mia(), Some(WaitingFor::Window)).await.unwrap();
    });
    take(&store, &queue, &customer_says("Hello?").at(at(5)).build()).await;
    assert_eq!(queue.jobs(), [wake()]);
}

#[tokio::test]
async fn a_repeated_reaction_is_a_duplicate() {
    let (store, queue) = begun().await;
    let reaction = customer_reacts("m_Hi", Some("love")).at(at(5)).build();
    assert_eq!(take(&store, &queue, &reaction).await, Ingested::Changed);
    assert_eq!(take(&store, &queue, &reaction).await, Ingested::Duplicate);
}

#[tokio::test]
async fn an_event_from_an_absurd_future_counts_as_of_now() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    let microseconds = Timestamp::from_platform(1_795_255_200_000_000);
    ingest(&store, &queue, &customer_says("Hi").at(microseconds).build(), at(5)).await.unwrap();
    let conversation = store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!(conversation.last_activity_at, at(5));
}

/// Takes events together; all of them must be additions.
async fn take_all(store: &FakeStore, queue: &FakeQueue, events: &[InboundEvent]) -> Vec<Result<Ingested, IngestError>> {
    let additions: Vec<Addition<'_>> = events.iter().filter_map(|event| Addition::of(event, at(100))).collect();
    assert_eq!(additions.len(), events.len());
    ingest_all(store, queue, &additions, at(100)).await
}

#[tokio::test]
async fn only_what_looks_at_nothing_else_is_an_addition() {
    for event in [
        customer_says("Hi").build(),
        customer_taps("GET_STARTED").build(),
        customer_follows("summer").build(),
        echo_of("m_1", "Hello", None).build(),
        read_up_to(at(1)).build(),
        unknown("x").build(),
    ] {
        assert!(Addition::of(&event, at(0)).is_some(), "{event:?}");
    }
    let ours = MessageId::new(at(0), 1);
    for event in [
        customer_edits("m_1", 1, "Hello").build(),
        customer_unsends("m_1").build(),
        customer_reacts("m_1", Some("love")).build(),
        echo_of_ours("m_1", &ours, 0, 1).build(),
        noted(NotedKind::Feed).of_the_page().build(),
        // Microseconds: no moment.
        customer_says("Hi").at(Timestamp::from_millis(1_795_255_200_000_000)).build(),
    ] {
        assert!(Addition::of(&event, at(0)).is_none(), "{event:?}");
    }
}

#[tokio::test]
async fn events_taken_together_end_as_if_each_were_alone() {
    let first = [customer_says("Hi").build(), customer_says("Hey").by("7").build()];
    let second = [
        customer_says("Hi").build(),
        customer_says("more").by("7").at(at(2)).build(),
        customer_follows("summer").by("8").build(),
        read_up_to(at(9)).by("nobody").build(),
        customer_taps("GET_STARTED").by("9").build(),
        delivered_up_to(at(9)).by("7").build(),
    ];
    let (together, queue) = (FakeStore::default(), FakeQueue::default());
    let (alone, queue_alone) = (FakeStore::default(), FakeQueue::default());
    for events in [first.as_slice(), &second, &second] {
        let ends: Vec<Ingested> = take_all(&together, &queue, events).await.into_iter().map(Result::unwrap).collect();
        let mut expected = Vec::new();
        for event in events {
            expected.push(ingest(&alone, &queue_alone, event, at(100)).await.unwrap());
        }
        assert_eq!(ends, expected);
    }
    for person in [MIA, "7", "8", "9", "nobody"] {
        let id = conversation_of(person);
        assert_eq!(together.conversation(&id).await.unwrap(), alone.conversation(&id).await.unwrap(), "{person}");
        let (order, limit) = (Order::OldestFirst, 100);
        assert_eq!(together.messages(&id, order, None, limit).await.unwrap(), alone.messages(&id, order, None, limit).await.unwrap());
    }
    assert_eq!(together.events(), alone.events());
    assert_eq!(queue.jobs(), queue_alone.jobs());
}

#[tokio::test]
async fn of_events_taken_together_one_that_fails_costs_no_other() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    let events = ["1", "2", "3"].map(|person| customer_says("Hi").by(person).numbered(&format!("m_{person}")).build());
    store.fail(Call::Standing, 1, StoreError::Unavailable { reason: "throttled".into() });
    store.fail(Call::Record, 2, StoreError::Refused { reason: "no".into() });
    let ends = take_all(&store, &queue, &events).await;
    let [Err(unread), Ok(Ingested::New), Err(refused)] = ends.as_slice() else { panic!("{ends:?}") };
    assert_eq!((unread.retry(), refused.retry()), (Retry::Backoff, Retry::Never));
    let ends = take_all(&store, &queue, &events).await;
    assert!(matches!(ends.as_slice(), [Ok(Ingested::New), Ok(Ingested::Duplicate), Ok(Ingested::New)]), "{ends:?}");
}

#[tokio::test]
async fn a_race_that_is_lost_among_others_is_run_again() {
    let (store, queue) = begun().await;
    store.before(Call::Record, 1, |store| async move {
        let event = customer_says("quick").at(at(1)).build();
        ingest(&store, &FakeQueue::default(), &event, at(100)).await.unwrap();
    });
    let events = [customer_says("late").at(at(2)).build(), customer_says("Hi").by("7").numbered("m_7").build()];
    let ends = take_all(&store, &queue, &events).await;
    assert!(matches!(ends.as_slice(), [Ok(Ingested::New), Ok(Ingested::New)]), "{ends:?}");
    assert_eq!(conversation(&store).await.unread_count, 3);
}

#[tokio::test]
async fn what_follows_from_events_taken_together_is_enqueued_again_when_they_come_again() {
    let (store, queue) = begun().await;
    store.set_waiting(&mia(), Some(WaitingFor::Window)).await.unwrap();
    let events = [customer_says("Hello?").at(at(1)).build(), customer_says("Hi").by("7").numbered("m_7").build()];
    queue.fail(1);
    let ends = take_all(&store, &queue, &events).await;
    assert!(matches!(ends.as_slice(), [Err(IngestError::FollowUp(_)), Ok(Ingested::New)]), "{ends:?}");
    let ends = take_all(&store, &queue, &events).await;
    assert!(matches!(ends.as_slice(), [Ok(Ingested::Duplicate), Ok(Ingested::Duplicate)]), "{ends:?}");
    assert!(queue.jobs().contains(&wake()));
}

#[tokio::test]
async fn the_status_of_a_template_is_known_and_stays_an_event_of_the_page() {
    let store = FakeStore::default();
    let status = |status: &str, seconds| {
        let (name, language) = (Some("shopbell_shipped_v1".into()), Some("en".into()));
        let kind = EventKind::TemplateStatus { name, language, status: status.into(), reason: None };
        event(kind).of_the_page().at(at(seconds)).build()
    };
    for event in [status("APPROVED", 20), status("PENDING", 10), status("APPROVED", 20)] {
        ingest(&store, &FakeQueue::default(), &event, at(30)).await.unwrap();
    }
    let known = store.templates(&page(PAGE)).await.unwrap();
    assert_eq!(known.iter().map(|template| (template.status, template.at)).collect::<Vec<_>>(), [(TemplateStatus::Approved, at(20))]);
    assert_eq!(store.events().len(), 2);
    let nameless = event(EventKind::TemplateStatus { name: None, language: None, status: "APPROVED".into(), reason: None });
    ingest(&store, &FakeQueue::default(), &nameless.of_the_page().build(), at(30)).await.unwrap();
    assert_eq!(store.templates(&page(PAGE)).await.unwrap().len(), 1);
}
