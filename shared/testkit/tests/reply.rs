//! Accepting a reply: stored first, then enqueued.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::content::{Content, Forms, UtilityMessage};
use domain::deliver::drain;
use domain::id::{DedupeKey, MessageId};
use domain::ingest::ingest;
use domain::job::{Occasion, OutboundJob};
use domain::message::{Author, AuthorKind, Message, MessageKind, Outcome, RequestKey};
use domain::notice::{NoticeId, OrderId};
use domain::policy::Refusal;
use domain::ports::{Accepted, History, Outbox, StoreError, UnansweredIndex};
use domain::reply::{Draft, LONGEST_REPLY, MOST_PENDING, NoticeDraft, Reply, ReplyError, accept_notice, reply};
use domain::time::Timestamp;
use futures::future::join_all;
use testkit::events::{customer_says, echo_of};
use testkit::ids::{JONAS, MIA, PAGE, at, conversation_of, page};
use testkit::messages::{agent, bot, outcome, reply_in};
use testkit::{Call, FakeQueue, FakeSendApi, FakeStore, ManualClock};

async fn begun() -> (FakeStore, FakeQueue) {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    ingest(&store, &queue, &customer_says("Hi").build(), at(0)).await.unwrap();
    queue.clear();
    (store, queue)
}

fn draft(text: &str) -> Draft {
    Draft { text: text.into(), author: agent(), request: None }
}

async fn say(store: &FakeStore, queue: &FakeQueue, text: &str, now: Timestamp, random: u128) -> Result<Reply, ReplyError> {
    reply(store, queue, &conversation_of(MIA), &draft(text), now, random).await
}

async fn pending(store: &FakeStore) -> Vec<MessageId> {
    store.open(&conversation_of(MIA)).await.unwrap().unwrap().pending
}

#[tokio::test]
async fn a_reply_is_stored_and_enqueued() {
    let (store, queue) = begun().await;
    let reply = say(&store, &queue, "Hello, Mia!", at(10), 1).await.unwrap();
    assert!(reply.not_enqueued.is_none());
    let stored = store.message(&conversation_of(MIA), &reply.message.id).await.unwrap().unwrap();
    assert_eq!(outcome(&stored), Some(&Outcome::Queued { reason: None }));
    assert_eq!(pending(&store).await, std::slice::from_ref(&reply.message.id));
    let job = OutboundJob::Deliver { conversation: conversation_of(MIA), message: reply.message.id };
    assert_eq!(queue.occasions(), [(job, Occasion::Accepted)]);
    let conversation = store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!((conversation.unread_count, conversation.last_outbound_at), (0, Some(at(10))));
}

#[tokio::test]
async fn a_bots_reply_leaves_the_question_unread() {
    let (store, queue) = begun().await;
    let draft = Draft { text: "One moment".into(), author: bot(), request: None };
    let reply = reply(&store, &queue, &conversation_of(MIA), &draft, at(10), 1).await.unwrap();
    assert_eq!(reply.conversation.unread_count, 1);
}

#[tokio::test]
async fn an_answer_of_an_agent_or_a_bot_ends_the_wait_and_news_of_a_system_does_not() {
    for (kind, waited) in [(AuthorKind::System, None), (AuthorKind::Agent, Some(at(0))), (AuthorKind::Bot, Some(at(0)))] {
        let (store, queue) = begun().await;
        let draft = Draft { text: "Hello".into(), author: Author { kind, ..bot() }, request: None };
        let reply = reply(&store, &queue, &conversation_of(MIA), &draft, at(10), 1).await.unwrap();
        assert_eq!(reply.waited_since, waited);
        assert_eq!(store.oldest_unanswered().await.unwrap(), if waited.is_some() { None } else { Some(at(0)) });
    }
}

#[tokio::test]
async fn nothing_is_said_to_nobody() {
    let (store, queue) = begun().await;
    let error = reply(&store, &queue, &conversation_of(JONAS), &draft("Hello"), at(1), 1).await.unwrap_err();
    assert!(matches!(error, ReplyError::NoSuchConversation));
    assert!(queue.jobs().is_empty());
}

#[tokio::test]
async fn blank_and_endless_texts_are_refused() {
    let (store, queue) = begun().await;
    for blank in ["", " ", "\n\t \u{a0}"] {
        assert!(matches!(say(&store, &queue, blank, at(1), 1).await, Err(ReplyError::BlankText)), "{blank:?}");
    }
    let longest = "x".repeat(LONGEST_REPLY);
    assert_eq!(say(&store, &queue, &longest, at(1), 1).await.unwrap().message.sending.unwrap().parts.len(), 10);
    for long in [format!("{longest}x"), "😀".repeat(LONGEST_REPLY / 2 + 1)] {
        assert!(matches!(say(&store, &queue, &long, at(2), 2).await, Err(ReplyError::TextTooLong)));
    }
    assert_eq!(pending(&store).await.len(), 1);
}

#[tokio::test]
async fn replies_within_a_millisecond_keep_their_order() {
    let (store, queue) = begun().await;
    let mut accepted = Vec::new();
    for random in [u128::MAX, 5, 3, 0] {
        accepted.push(say(&store, &queue, "Hello", at(10), random).await.unwrap().message.id);
    }
    assert!(accepted.is_sorted(), "{accepted:?}");
    assert_eq!(pending(&store).await, accepted);
}

#[tokio::test]
async fn a_reply_follows_an_echo_whose_clock_is_a_little_ahead_and_no_other() {
    for (ahead, follows) in [(1, true), (9, true), (60, false)] {
        let (store, queue) = begun().await;
        let echo = echo_of("m_echo", "from the Page inbox", None).at(at(10 + ahead)).build();
        ingest(&store, &queue, &echo, at(10)).await.unwrap();
        let message = say(&store, &queue, "Hello", at(10), 1).await.unwrap().message;
        let expected = if follows { at(10 + ahead).plus(Duration::from_millis(1)) } else { at(10) };
        assert_eq!(message.occurred_at, expected, "{ahead} seconds ahead");
    }
}

#[tokio::test]
async fn replies_at_once_are_all_accepted_once() {
    let (store, queue) = begun().await;
    let texts: Vec<String> = (0..8).map(|number| format!("no. {number}")).collect();
    let replies = join_all(texts.iter().enumerate().map(|(random, text)| say(&store, &queue, text, at(10), random as u128))).await;
    let mut ids: Vec<MessageId> = replies.into_iter().map(|reply| reply.unwrap().message.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8);
    assert_eq!(pending(&store).await, ids);
    assert_eq!(queue.jobs().len(), 8);
}

#[tokio::test]
async fn a_customer_who_writes_at_that_moment_is_not_in_the_way() {
    let (store, queue) = begun().await;
    store.before(Call::Accept, 1, |store| async move {
        ingest(&store, &FakeQueue::default(), &customer_says("Hello?").at(at(9)).build(), at(9)).await.unwrap();
    });
    let reply = say(&store, &queue, "Hello", at(10), 1).await.unwrap();
    assert_eq!(reply.conversation.last_inbound_at, Some(at(9)));
    assert_eq!(pending(&store).await.len(), 1);
}

#[tokio::test]
async fn a_reply_that_always_loses_its_race_is_busy() {
    let (store, queue) = begun().await;
    for nth in 1..=10 {
        store.before(Call::Accept, nth, |store| async move {
            store.set_waiting(&conversation_of(MIA), None).await.unwrap();
        });
    }
    assert!(matches!(say(&store, &queue, "Hello", at(10), 1).await, Err(ReplyError::Busy)));
    assert!(pending(&store).await.is_empty());
}

#[tokio::test]
async fn a_reply_that_is_not_enqueued_is_accepted_and_due() {
    use domain::ports::DueIndex;
    let (store, queue) = begun().await;
    queue.fail(1);
    let reply = say(&store, &queue, "Hello", at(10), 1).await.unwrap();
    assert!(reply.not_enqueued.is_some());
    assert_eq!(pending(&store).await, std::slice::from_ref(&reply.message.id));
    assert!(store.due(at(129), 10).await.unwrap().is_empty());
    assert_eq!(store.due(at(130), 10).await.unwrap().first().unwrap().message, reply.message.id);
}

#[tokio::test]
async fn a_store_that_fails_accepts_nothing() {
    let (store, queue) = begun().await;
    for call in [Call::Open, Call::Accept] {
        store.fail(call, 1, StoreError::Unavailable { reason: "throttled".into() });
        assert!(matches!(say(&store, &queue, "Hello", at(10), 1).await, Err(ReplyError::Store(_))));
    }
    assert!(queue.jobs().is_empty());
    assert!(pending(&store).await.is_empty());
}

#[tokio::test]
async fn too_many_pending_messages_refuse_the_next() {
    let (store, queue) = begun().await;
    for number in 0..MOST_PENDING {
        let conversation = store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
        let message = reply_in(&conversation, at(number as u64), &["Hello"]);
        assert_eq!(store.accept(&message, &conversation, at(500)).await.unwrap(), Accepted::Accepted);
    }
    assert!(matches!(say(&store, &queue, "Hello", at(1000), 1).await, Err(ReplyError::TooManyPending)));
    let first = pending(&store).await.into_iter().next().unwrap();
    store.forget(&conversation_of(MIA), &first).await.unwrap();
    say(&store, &queue, "Hello", at(1000), 1).await.unwrap();
}

fn request(key: &str, asked: &str) -> RequestKey {
    let [key, fingerprint] = [key, asked].map(|text| DedupeKey::of_content(&[text]));
    RequestKey { key, fingerprint, kept_until: at(200_000) }
}

#[tokio::test]
async fn a_request_that_comes_again_gets_its_first_answer_whatever_became_of_the_message() {
    let (store, queue) = begun().await;
    let draft = Draft { request: Some(request("k", "Hello")), ..draft("Hello") };
    let mia = conversation_of(MIA);
    let first = reply(&store, &queue, &mia, &draft, at(10), 1).await.unwrap().message;
    drain(&store, &FakeSendApi::default(), &ManualClock::new(at(11)), &mia, None).await.unwrap();
    let again = reply(&store, &queue, &mia, &draft, at(20), 2).await.unwrap().message;
    let shown = |message: &Message| (message.id.clone(), message.occurred_at, message.platform_ids.clone(), message.sending.clone());
    assert_eq!(shown(&again), shown(&first));
    assert_eq!(queue.jobs().len(), 1, "the queue takes the job once");
}

#[tokio::test]
async fn a_key_that_comes_with_another_request_is_refused() {
    let (store, queue) = begun().await;
    let first = Draft { request: Some(request("k", "Hello")), ..draft("Hello") };
    let other = Draft { request: Some(request("k", "Bye")), ..draft("Bye") };
    reply(&store, &queue, &conversation_of(MIA), &first, at(10), 1).await.unwrap();
    let error = reply(&store, &queue, &conversation_of(MIA), &other, at(20), 2).await.unwrap_err();
    assert!(matches!(error, ReplyError::KeyOfAnother));
    assert_eq!(pending(&store).await.len(), 1);
}

#[tokio::test]
async fn policy_is_asked_before_a_reply_is_accepted() {
    let (store, queue) = begun().await;
    let late = at(24 * 3600);
    let by_bot = Draft { text: "Our offer of the day".into(), author: bot(), request: None };
    let refused = reply(&store, &queue, &conversation_of(MIA), &by_bot, late, 1).await.unwrap_err();
    assert!(matches!(refused, ReplyError::Forbidden(Refusal::OnlyPersons { until, .. }) if until == at(7 * 24 * 3600)));
    assert!(pending(&store).await.is_empty());
    assert!(say(&store, &queue, "I looked it up", late, 2).await.is_ok());
    let refused = say(&store, &queue, "Too late", at(7 * 24 * 3600), 3).await.unwrap_err();
    assert!(matches!(refused, ReplyError::Forbidden(Refusal::Closed { .. })));
}

#[tokio::test]
async fn a_request_that_was_accepted_in_time_is_answered_when_it_comes_again_late() {
    let (store, queue) = begun().await;
    let request = |fingerprint: &str| RequestKey {
        key: DedupeKey::of_content(&["request", "k"]),
        fingerprint: DedupeKey::of_content(&[fingerprint]),
        kept_until: at(200_000),
    };
    let by_bot = |fingerprint| Draft { text: "One moment".into(), author: bot(), request: Some(request(fingerprint)) };
    let first = reply(&store, &queue, &conversation_of(MIA), &by_bot("a"), at(10), 1).await.unwrap();
    let late = at(25 * 3600);
    let again = reply(&store, &queue, &conversation_of(MIA), &by_bot("a"), late, 2).await.unwrap();
    assert_eq!(again.message.id, first.message.id);
    let other = reply(&store, &queue, &conversation_of(MIA), &by_bot("b"), late, 3).await.unwrap_err();
    assert!(matches!(other, ReplyError::KeyOfAnother));
}

#[tokio::test]
async fn a_reply_never_overtakes_what_waits_also_when_the_clock_was_turned_back() {
    let (store, queue) = begun().await;
    let first = say(&store, &queue, "first", at(4000), 1).await.unwrap().message.id;
    let second = say(&store, &queue, "second", at(400), 2).await.unwrap().message.id;
    assert_eq!(pending(&store).await, [first, second]);
}

fn notice(text: &str, has_utility: bool) -> NoticeDraft {
    let key = DedupeKey::of_content(&["receipt"]);
    let utility =
        UtilityMessage { template: "shopbell_receipt_v1".into(), language: "en".into(), parameters: Vec::new(), url_suffix: None };
    NoticeDraft {
        notice: NoticeId::of(&OrderId::of(&page(PAGE), "1001"), "receipt"),
        kind: MessageKind::Receipt,
        text: text.into(),
        forms: Forms { inside: Content::Text { text: text.into() }, outside: has_utility.then_some(utility) },
        request: RequestKey { fingerprint: key.clone(), key, kept_until: at(100_000) },
    }
}

async fn tell(store: &FakeStore, queue: &FakeQueue, draft: NoticeDraft, now: Timestamp) -> Result<Reply, ReplyError> {
    accept_notice(store, queue, &conversation_of(MIA), draft, now, 1).await
}

#[tokio::test]
async fn a_notice_is_the_systems_and_answers_nobody() {
    let (store, queue) = begun().await;
    let told = tell(&store, &queue, notice("Order 1001 is confirmed.", false), at(10)).await.unwrap();
    assert_eq!((told.message.kind, told.message.author.kind), (MessageKind::Receipt, AuthorKind::System));
    assert_eq!((told.waited_since, told.conversation.unread_count), (None, 1));
    assert_eq!(store.oldest_unanswered().await.unwrap(), Some(at(0)));
    let job = OutboundJob::Deliver { conversation: conversation_of(MIA), message: told.message.id };
    assert_eq!(queue.occasions(), [(job, Occasion::Accepted)]);
}

#[tokio::test]
async fn a_notice_that_comes_again_is_the_first_one_with_its_forms() {
    let (store, queue) = begun().await;
    let first = tell(&store, &queue, notice("Order 1001 is confirmed.", true), at(10)).await.unwrap();
    let again = tell(&store, &queue, notice("Order 1001 is confirmed.", true), at(20)).await.unwrap();
    assert_eq!(again.message.id, first.message.id);
    assert_eq!(again.message.sending, first.message.sending);
    assert_eq!(pending(&store).await.len(), 1);
}

#[tokio::test]
async fn a_notice_outside_the_window_is_accepted_with_a_template_only() {
    let (store, queue) = begun().await;
    let late = at(30 * 3600);
    assert!(matches!(tell(&store, &queue, notice("Late", false), late).await, Err(ReplyError::Forbidden(_))));
    assert!(tell(&store, &queue, notice("Late", true), late).await.is_ok());
    assert!(matches!(tell(&store, &queue, notice(" ", true), late).await, Err(ReplyError::BlankText)));
}
