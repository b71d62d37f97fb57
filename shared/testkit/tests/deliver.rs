//! Sending what a conversation accepted: in order, each part once, with an end for each that can be seen.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

use std::sync::Arc;
use std::time::Duration;

use domain::content::{Content, Forms, LinkButton, UtilityMessage};
use domain::conversation::Conversation;
use domain::deliver::{DeliverError, Drained, HOLD_FOR_UNCONFIRMED, MOST_ATTEMPTS, Stop, drain};
use domain::id::{ConversationId, DedupeKey, MessageId};
use domain::ingest::ingest;
use domain::message::{End, Message, MessageKind, Outcome, RequestKey, WaitingFor};
use domain::notice::{NoticeId, OrderId};
use domain::policy::Way;
use domain::ports::{Clock, DueIndex, History, Outbox, ProfileError, RecordedSend, SendError, StoreError, ThreadRecord};
use domain::reply::{Draft, NoticeDraft, accept_notice, reply};
use domain::retry::{Retry, Retryable};
use testkit::events::{customer_reacts, customer_says, echo_of_ours};
use testkit::ids::{JONAS, MIA, PAGE, at, conversation_of, key_of, mid, page};
use testkit::messages::{agent, bot, outcome};
use testkit::{Call, FakeQueue, FakeSendApi, FakeStore, Given, ManualClock};

const LEASE: Duration = Duration::from_mins(1);

fn mia() -> ConversationId {
    conversation_of(MIA)
}

struct Shop {
    store: FakeStore,
    api: FakeSendApi,
    clock: ManualClock,
}

impl Shop {
    /// A conversation in which the customer wrote.
    async fn open() -> Self {
        let shop = Self { store: FakeStore::default(), api: FakeSendApi::default(), clock: ManualClock::new(at(100)) };
        shop.customer("Hi").await;
        shop
    }

    async fn customer(&self, text: &str) {
        ingest(&self.store, &FakeQueue::default(), &customer_says(text).at(self.clock.now()).build(), self.clock.now()).await.unwrap();
    }

    async fn says(&self, text: &str) -> MessageId {
        let draft = Draft { text: text.into(), author: agent(), request: None };
        reply(&self.store, &FakeQueue::default(), &mia(), &draft, self.clock.now(), 1).await.unwrap().message.id
    }

    async fn bot_says(&self, text: &str) -> MessageId {
        let draft = Draft { text: text.into(), author: bot(), request: None };
        reply(&self.store, &FakeQueue::default(), &mia(), &draft, self.clock.now(), 1).await.unwrap().message.id
    }

    async fn conversation(&self) -> Conversation {
        self.store.conversation(&mia()).await.unwrap().unwrap()
    }

    async fn drain(&self) -> Result<Drained, DeliverError> {
        drain(&self.store, &self.api, &self.clock, &mia(), None).await
    }

    async fn message(&self, id: &MessageId) -> Message {
        self.store.message(&mia(), id).await.unwrap().unwrap()
    }

    async fn outcome(&self, id: &MessageId) -> Outcome {
        outcome(&self.message(id).await).unwrap().clone()
    }

    async fn pending(&self) -> Vec<MessageId> {
        self.store.open(&mia()).await.unwrap().unwrap().pending
    }

    async fn waiting_for(&self) -> Option<WaitingFor> {
        self.conversation().await.waiting_for
    }
}

/// A text of so many parts, each a letter.
fn in_parts(count: usize) -> String {
    let part = |letter: char| letter.to_string().repeat(domain::text::LONGEST_PART);
    ('a'..).take(count).map(part).collect::<Vec<_>>().join(" ")
}

/// The letters of the parts that arrived.
fn letters(shop: &Shop) -> String {
    shop.api.received().iter().filter_map(|text| text.chars().next()).collect()
}

fn reason(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn messages_leave_in_the_order_in_which_they_were_accepted() {
    let shop = Shop::open().await;
    let accepted = [shop.says("one").await, shop.says("two").await, shop.says("three").await];
    let drained = shop.drain().await.unwrap();
    let took = accepted.iter().map(|message| at(100).since(message.moment())).collect();
    assert_eq!(drained, Drained { sent: accepted.to_vec(), took, ..Drained::default() });
    assert_eq!(shop.api.received(), ["one", "two", "three"]);
    assert!(shop.pending().await.is_empty());
    assert_eq!(shop.outcome(&accepted[0]).await, Outcome::Sent { at: at(100) });
    assert_eq!(shop.drain().await.unwrap(), Drained::default(), "a second job finds nothing to do");
    assert_eq!(shop.api.calls().len(), 3);
}

#[tokio::test]
async fn a_job_sends_what_is_older_first_and_nothing_newer() {
    let shop = Shop::open().await;
    let [one, two, three] = [shop.says("one").await, shop.says("two").await, shop.says("three").await];
    let drained = drain(&shop.store, &shop.api, &shop.clock, &mia(), Some(&two)).await.unwrap();
    assert_eq!(drained.sent, [one, two]);
    assert_eq!(shop.pending().await, [three]);
}

#[tokio::test]
async fn a_conversation_that_is_not_there_has_nothing_to_send() {
    let shop = Shop::open().await;
    assert_eq!(drain(&shop.store, &shop.api, &shop.clock, &conversation_of(JONAS), None).await.unwrap(), Drained::default());
}

#[tokio::test]
async fn a_call_names_page_person_text_and_our_id() {
    let shop = Shop::open().await;
    let id = shop.says("Hello").await;
    shop.drain().await.unwrap();
    let call = shop.api.calls().pop().unwrap();
    assert_eq!((call.page.as_str(), call.user.as_str(), call.text.as_str()), (testkit::ids::PAGE, MIA, "Hello"));
    assert_eq!(call.metadata, id.as_str());
    assert_eq!(shop.store.message_by_key(&key_of("m_out-1")).await.unwrap().unwrap().id, id);
}

// Every class of what the platform may answer.

#[tokio::test]
async fn what_surely_did_not_leave_is_queued_again_and_holds_what_follows() {
    let shop = Shop::open().await;
    let [one, two] = [shop.says("one").await, shop.says("two").await];
    shop.api.refuse(SendError::NotSent { reason: reason("no connection"), most_attempts: MOST_ATTEMPTS });
    let error = shop.drain().await.unwrap_err();
    assert!(matches!(error, DeliverError::NotSent { .. }));
    assert!(matches!(error.retry(), Retry::After(pause) if pause >= Duration::from_secs(1)));
    assert_eq!(shop.outcome(&one).await, Outcome::Queued { reason: Some(reason("no connection")) });
    assert_eq!(shop.pending().await, [one.clone(), two.clone()]);
    assert_eq!(shop.drain().await.unwrap().sent, [one, two]);
}

#[tokio::test]
async fn who_is_asked_to_wait_waits_as_long_as_the_platform_says() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.api.refuse(SendError::AskedToWait { reason: reason("too many calls"), pause: Duration::from_mins(7) });
    assert_eq!(shop.drain().await.unwrap_err().retry(), Retry::After(Duration::from_mins(7)));
    assert_eq!(shop.outcome(&one).await, Outcome::Queued { reason: Some(reason("too many calls")) });
}

#[tokio::test]
async fn what_is_refused_has_failed_and_lets_the_next_pass() {
    let shop = Shop::open().await;
    let [one, two] = [shop.says("one").await, shop.says("two").await];
    shop.api.refuse(SendError::Refused { reason: reason("the person blocked the Page") });
    let drained = shop.drain().await.unwrap();
    assert_eq!((drained.failed, drained.sent), (vec![one.clone()], vec![two]));
    assert_eq!(shop.outcome(&one).await, Outcome::Failed { reason: reason("the person blocked the Page"), end: End::Refused });
    assert!(shop.pending().await.is_empty());
}

#[tokio::test]
async fn what_waits_stays_pending_says_so_and_holds_what_follows() {
    for (on, due_after) in [(WaitingFor::Window, None), (WaitingFor::Thread, Some(Duration::from_hours(1))), (WaitingFor::Page, None)] {
        let shop = Shop::open().await;
        let [one, two] = [shop.bot_says("one").await, shop.bot_says("two").await];
        shop.api.refuse(SendError::Waits { on, reason: reason("not now") });
        let drained = shop.drain().await.unwrap();
        assert_eq!(drained.stopped, Some((one.clone(), Stop::Waiting(on))));
        let Outcome::Waiting { on: waits_for, reason } = shop.outcome(&one).await else { panic!("it does not wait") };
        assert_eq!((waits_for, reason == "not now"), (on, on != WaitingFor::Window), "of the window our policy says more");
        assert_eq!(shop.waiting_for().await, Some(on));
        assert_eq!(shop.pending().await, [one.clone(), two]);
        let due = shop.store.due(at(1_000_000), 10).await.unwrap().into_iter().find(|due| due.message == one);
        assert_eq!(due.map(|due| due.due_at), due_after.map(|span| at(100).plus(span)), "{on:?}");
    }
}

#[tokio::test]
async fn a_wait_is_over_when_the_message_has_left() {
    let shop = Shop::open().await;
    let [one, two] = [shop.bot_says("one").await, shop.bot_says("two").await];
    shop.api.refuse(SendError::Waits { on: WaitingFor::Window, reason: reason("closed") });
    shop.drain().await.unwrap();
    shop.clock.advance(Duration::from_hours(1));
    shop.customer("Still there?").await;
    assert_eq!(shop.drain().await.unwrap().sent, [one, two]);
    assert_eq!(shop.waiting_for().await, None);
}

#[tokio::test]
async fn a_wait_is_over_when_the_message_has_failed() {
    let shop = Shop::open().await;
    shop.says("one").await;
    shop.api.refuse(SendError::Waits { on: WaitingFor::Thread, reason: reason("held") });
    shop.drain().await.unwrap();
    shop.api.refuse(SendError::Refused { reason: reason("blocked") });
    assert_eq!(shop.drain().await.unwrap().failed.len(), 1);
    assert_eq!(shop.waiting_for().await, None);
}

#[tokio::test]
async fn a_customer_who_writes_while_the_message_is_refused_does_not_wait_for_their_next_word() {
    for call in [Call::Save, Call::SetWaiting] {
        let shop = Shop::open().await;
        let one = shop.bot_says("one").await;
        shop.api.refuse(SendError::Waits { on: WaitingFor::Window, reason: reason("closed") });
        let queue = Arc::new(FakeQueue::default());
        let theirs = Arc::clone(&queue);
        shop.store.before(call, 1, |store| async move {
            ingest(&store, &*theirs, &customer_says("Hello?").at(at(101)).build(), at(101)).await.unwrap();
        });
        let error = shop.drain().await.unwrap_err();
        assert!(matches!(error, DeliverError::WindowOpened), "{call:?}");
        assert!(matches!(error.retry(), Retry::After(_)));
        assert_eq!(shop.drain().await.unwrap().sent, [one]);
        assert_eq!(shop.waiting_for().await, None);
    }
}

// The window and the platform's verdict about it.

#[tokio::test]
async fn what_policy_keeps_back_waits_without_a_call_and_goes_when_the_customer_writes() {
    let shop = Shop::open().await;
    let one = shop.bot_says("one").await;
    shop.clock.advance(Duration::from_hours(24));
    assert_eq!(shop.drain().await.unwrap().stopped, Some((one.clone(), Stop::Waiting(WaitingFor::Window))));
    let Outcome::Waiting { on: WaitingFor::Window, reason } = shop.outcome(&one).await else { panic!("it does not wait") };
    assert!(reason.contains("once the customer writes") && reason.contains("An agent may write"), "{reason}");
    assert!(shop.api.calls().is_empty());
    shop.customer("Anybody there?").await;
    assert_eq!(shop.drain().await.unwrap().sent, [one]);
}

#[tokio::test]
async fn a_persons_text_that_waited_too_long_leaves_as_a_persons() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.clock.advance(Duration::from_hours(25));
    assert_eq!(shop.drain().await.unwrap().sent, [one]);
    assert_eq!(shop.api.calls()[0].way, Way::HumanAgent);
    let late = shop.says("late").await;
    shop.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(shop.drain().await.unwrap().stopped, Some((late, Stop::Waiting(WaitingFor::Window))));
    assert_eq!(shop.api.calls().len(), 1);
}

#[tokio::test]
async fn the_platforms_verdict_corrects_our_estimate() {
    let shop = Shop::open().await;
    let one = shop.bot_says("one").await;
    shop.api.refuse(SendError::Waits { on: WaitingFor::Window, reason: reason("closed") });
    assert_eq!(shop.drain().await.unwrap().stopped, Some((one, Stop::Waiting(WaitingFor::Window))));
    assert_eq!(shop.conversation().await.window_ends_at, Some(at(100)));
    assert_eq!(shop.api.calls().len(), 1, "what policy leaves to nobody is not tried again");
    let Outcome::Waiting { reason, .. } = shop.outcome(&shop.pending().await[0]).await else { panic!("it does not wait") };
    assert!(reason.contains("The messaging window closed at"), "{reason}");
}

#[tokio::test]
async fn when_the_window_closed_early_a_persons_text_leaves_as_a_persons_at_once() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.api.refuse(SendError::Waits { on: WaitingFor::Window, reason: reason("closed") });
    assert_eq!(shop.drain().await.unwrap().sent, [one]);
    let ways: Vec<Way> = shop.api.calls().iter().map(|call| call.way).collect();
    assert_eq!(ways, [Way::Response, Way::HumanAgent]);
    assert_eq!(shop.api.received(), ["one"]);
    assert_eq!(shop.waiting_for().await, None);
}

#[tokio::test]
async fn a_customer_who_opens_the_window_again_is_not_shut_out_by_an_old_verdict() {
    let shop = Shop::open().await;
    let one = shop.bot_says("one").await;
    shop.api.refuse(SendError::Waits { on: WaitingFor::Window, reason: reason("closed") });
    shop.store.before(Call::CloseWindow, 1, |store| async move {
        ingest(&store, &FakeQueue::default(), &customer_says("Hello?").at(at(101)).build(), at(101)).await.unwrap();
    });
    assert_eq!(shop.drain().await.unwrap().sent, [one]);
    assert_eq!(shop.conversation().await.window_ends_at, Some(at(101 + 24 * 3600)));
}

#[tokio::test]
async fn an_error_that_passes_soon_or_never_is_tried_only_so_often() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    for _ in 0..3 {
        shop.api.refuse(SendError::NotSent { reason: reason("Meta has trouble."), most_attempts: 3 });
    }
    assert!(shop.drain().await.is_err());
    assert!(shop.drain().await.is_err());
    assert_eq!(shop.drain().await.unwrap().failed, [one]);
}

#[tokio::test]
async fn a_platform_that_goes_on_asking_to_wait_is_asked_less_and_less_often() {
    let shop = Shop::open().await;
    shop.says("one").await;
    let mut pauses = Vec::new();
    for _ in 0..20 {
        shop.api.refuse(SendError::AskedToWait { reason: reason("slowly"), pause: Duration::from_mins(1) });
        let Retry::After(pause) = shop.drain().await.unwrap_err().retry() else { panic!("it says when") };
        pauses.push(pause.as_secs());
    }
    assert_eq!(pauses[..5], [60; 5]);
    assert!(pauses[19] >= 450, "{pauses:?}");
}

#[tokio::test]
async fn an_unknown_outcome_is_unconfirmed_and_holds_what_follows_for_two_minutes() {
    let shop = Shop::open().await;
    let [one, two] = [shop.says("one").await, shop.says("two").await];
    shop.api.take_but_answer(SendError::Unknown { reason: reason("connection lost") });
    let stopped = Some((one.clone(), Stop::Unconfirmed));
    assert_eq!(shop.drain().await.unwrap().stopped, stopped);
    assert_eq!(shop.outcome(&one).await, Outcome::Unconfirmed { since: at(100), reason: reason("connection lost"), for_a_person: false });

    shop.clock.advance(HOLD_FOR_UNCONFIRMED.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(shop.drain().await.unwrap().stopped, stopped);
    shop.clock.advance(Duration::from_millis(1));
    shop.api.record(Ok(ThreadRecord { sends: Vec::new(), complete: false }));
    assert_eq!(shop.store.due(shop.clock.now(), 10).await.unwrap().first().unwrap().message, one, "the sweep comes then");
    let drained = shop.drain().await.unwrap();
    assert_eq!((drained.sent, drained.failed, drained.left_to_a_person), (vec![two], vec![], vec![one]));
    assert_eq!(shop.api.received(), ["one", "two"], "the first is never sent again");
    assert!(shop.pending().await.is_empty());
}

/// A shop with a message in doubt, on which the platform's record is asked next, and one that follows.
async fn in_doubt() -> (Shop, [MessageId; 2]) {
    let shop = Shop::open().await;
    let ids = [shop.says("one").await, shop.says("two").await];
    shop.api.refuse(SendError::Unknown { reason: reason("connection lost") });
    shop.drain().await.unwrap();
    shop.clock.advance(HOLD_FOR_UNCONFIRMED);
    (shop, ids)
}

fn recorded(id: &str, text: &str, second: u64) -> RecordedSend {
    RecordedSend { platform_id: mid(id), text: text.into(), at: at(second) }
}

#[tokio::test]
async fn a_message_that_metas_record_shows_is_sent_and_not_sent_again() {
    let (shop, [one, two]) = in_doubt().await;
    shop.api.record(Ok(ThreadRecord { sends: vec![recorded("m_found", "one", 101)], complete: true }));
    assert_eq!(shop.drain().await.unwrap().sent, [one.clone(), two]);
    assert_eq!(shop.outcome(&one).await, Outcome::Sent { at: at(101) });
    assert_eq!(shop.message(&one).await.platform_ids, [mid("m_found")]);
    assert_eq!(shop.api.received(), ["two"]);
}

#[tokio::test]
async fn a_message_that_metas_record_lacks_is_sent_again_before_what_follows() {
    let (shop, [one, two]) = in_doubt().await;
    shop.api.record(Ok(ThreadRecord { sends: vec![recorded("m_other", "something else", 101)], complete: true }));
    assert_eq!(shop.drain().await.unwrap().sent, [one, two]);
    assert_eq!(shop.api.received(), ["one", "two"]);
}

#[tokio::test]
async fn an_entry_of_the_record_that_is_another_message_of_ours_proves_nothing() {
    let shop = Shop::open().await;
    shop.says("Hello").await;
    shop.drain().await.unwrap();
    let [sent] = shop.api.calls().try_into().unwrap();
    let second = shop.says("Hello").await;
    shop.api.refuse(SendError::Unknown { reason: reason("connection lost") });
    shop.drain().await.unwrap();
    shop.clock.advance(HOLD_FOR_UNCONFIRMED);
    let first = RecordedSend { platform_id: sent.taken_as.unwrap(), text: "Hello".into(), at: at(100) };
    shop.api.record(Ok(ThreadRecord { sends: vec![first], complete: true }));
    assert_eq!(shop.drain().await.unwrap().sent, [second]);
    assert_eq!(shop.api.received(), ["Hello", "Hello"]);
}

#[tokio::test]
async fn when_nobody_can_tell_a_person_decides_and_the_message_is_in_nobodys_way() {
    for answer in
        [Ok(ThreadRecord { sends: Vec::new(), complete: false }), Err(ProfileError::Refused { reason: reason("the token is dead") })]
    {
        let (shop, [one, two]) = in_doubt().await;
        shop.api.record(answer);
        let drained = shop.drain().await.unwrap();
        assert_eq!((drained.sent, drained.left_to_a_person), (vec![two], vec![one.clone()]));
        let Outcome::Unconfirmed { since, reason, for_a_person: true } = shop.outcome(&one).await else {
            panic!("it is not in doubt any more")
        };
        assert_eq!(since, at(100));
        assert!(reason.contains("Meta Business Suite"), "{reason}");
        assert!(shop.pending().await.is_empty());
        assert_eq!(shop.api.received(), ["two"]);
    }
}

#[tokio::test]
async fn a_record_that_does_not_answer_is_asked_for_ten_minutes_and_holds_what_follows() {
    let (shop, [one, two]) = in_doubt().await;
    assert!(matches!(shop.drain().await.unwrap_err().retry(), Retry::After(_)));
    assert_eq!(shop.pending().await, [one.clone(), two.clone()]);
    shop.clock.advance(Duration::from_mins(10));
    assert_eq!(shop.drain().await.unwrap().sent, [two]);
    assert!(shop.pending().await.is_empty());
    assert!(matches!(shop.outcome(&one).await, Outcome::Unconfirmed { .. }));
}

#[tokio::test]
async fn an_unconfirmed_message_that_the_echo_settles_is_off_the_pending() {
    let shop = Shop::open().await;
    let [one, two] = [shop.says("one").await, shop.says("two").await];
    shop.api.take_but_answer(SendError::Unknown { reason: reason("connection lost") });
    shop.drain().await.unwrap();
    let echo = echo_of_ours("m_out-1", &one, 0, 1).at(at(101)).build();
    ingest(&shop.store, &FakeQueue::default(), &echo, at(102)).await.unwrap();
    assert_eq!(shop.drain().await.unwrap().sent, [two]);
    assert!(shop.pending().await.is_empty());
}

#[tokio::test]
async fn a_message_is_given_up_after_so_many_attempts() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    for attempt in 1..MOST_ATTEMPTS {
        shop.api.refuse(SendError::NotSent { reason: reason("down"), most_attempts: MOST_ATTEMPTS });
        assert!(shop.drain().await.is_err(), "attempt {attempt}");
    }
    shop.api.refuse(SendError::NotSent { reason: reason("down"), most_attempts: MOST_ATTEMPTS });
    assert_eq!(shop.drain().await.unwrap().failed, std::slice::from_ref(&one));
    let Outcome::Failed { reason, .. } = shop.outcome(&one).await else { panic!("it has not failed") };
    assert!(reason.contains("down") && reason.contains("12 attempts"), "{reason}");
}

#[tokio::test]
async fn waiting_costs_no_attempts() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    for _ in 0..=MOST_ATTEMPTS {
        shop.api.refuse(SendError::Waits { on: WaitingFor::Page, reason: reason("on hold") });
        shop.drain().await.unwrap();
    }
    shop.api.refuse(SendError::NotSent { reason: reason("down"), most_attempts: MOST_ATTEMPTS });
    assert!(matches!(shop.drain().await, Err(DeliverError::NotSent { .. })));
    assert_eq!(shop.drain().await.unwrap().sent, [one]);
}

// Several parts.

#[tokio::test]
async fn a_long_message_leaves_in_parts_that_their_echoes_can_name() {
    let shop = Shop::open().await;
    let id = shop.says(&in_parts(3)).await;
    assert_eq!(shop.drain().await.unwrap().sent, std::slice::from_ref(&id));
    assert_eq!(letters(&shop), "abc");
    let metadata: Vec<String> = shop.api.calls().into_iter().map(|call| call.metadata).collect();
    assert_eq!(metadata, [format!("{id}/0"), format!("{id}/1"), format!("{id}/2")]);
    assert_eq!(testkit::messages::names(&shop.message(&id).await.platform_ids), ["m_out-1", "m_out-2", "m_out-3"]);
}

#[tokio::test]
async fn a_message_that_failed_at_a_part_goes_on_there() {
    for failed_at in 0..4 {
        let shop = Shop::open().await;
        let id = shop.says(&in_parts(4)).await;
        for _ in 0..failed_at {
            shop.api.take();
        }
        shop.api.refuse(SendError::NotSent { reason: reason("no connection"), most_attempts: MOST_ATTEMPTS });
        assert!(shop.drain().await.is_err());
        assert_eq!(shop.drain().await.unwrap().sent, [id]);
        assert_eq!(letters(&shop), "abcd", "failed at part {failed_at}");
    }
}

#[tokio::test]
async fn the_echo_of_a_part_in_doubt_lets_the_rest_go() {
    let shop = Shop::open().await;
    let id = shop.says(&in_parts(3)).await;
    shop.api.take();
    shop.api.take_but_answer(SendError::Unknown { reason: reason("connection lost") });
    assert_eq!(shop.drain().await.unwrap().stopped, Some((id.clone(), Stop::Unconfirmed)));
    let echo = echo_of_ours("m_out-2", &id, 1, 3).at(at(101)).build();
    ingest(&shop.store, &FakeQueue::default(), &echo, at(101)).await.unwrap();
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    assert_eq!(letters(&shop), "abc");
}

#[tokio::test]
async fn each_part_has_a_lease_of_its_own_also_when_its_echo_came_first() {
    let shop = Shop::open().await;
    let id = shop.says(&in_parts(3)).await;
    let clock = Arc::new(ManualClock::new(at(100)));
    for index in 0..3 {
        let (store, message, clock) = (shop.store.clone(), id.clone(), Arc::clone(&clock));
        shop.api.take_and_then(move |sent| async move {
            let stored = store.message(&mia(), &message).await.unwrap().unwrap();
            let Some(Outcome::Sending { lease_until }) = outcome(&stored) else { panic!("{:?}", outcome(&stored)) };
            assert!(*lease_until >= clock.now().plus(LEASE), "part {index} has what is left of another's lease");
            let echo = echo_of_ours(sent.taken_as.unwrap().as_str(), &message, index, 3).at(clock.now()).build();
            ingest(&store, &FakeQueue::default(), &echo, clock.now()).await.unwrap();
            clock.advance(Duration::from_secs(40));
        });
    }
    assert_eq!(drain(&shop.store, &shop.api, &*clock, &mia(), None).await.unwrap().sent, [id]);
    assert_eq!(letters(&shop), "abc");
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_leaves_the_rest_to_the_next() {
    let shop = Shop::open().await;
    let id = shop.says(&in_parts(2)).await;
    let store = shop.store.clone();
    shop.api.take_and_then(move |_| async move {
        // The call hangs; another worker finds the message abandoned.
        let late = ManualClock::new(at(100).plus(LEASE));
        let other = FakeSendApi::default();
        let drained = drain(&store, &other, &late, &mia(), None).await.unwrap();
        assert!(matches!(drained.stopped, Some((_, Stop::Unconfirmed))));
        assert!(other.calls().is_empty());
    });
    let error = shop.drain().await.unwrap_err();
    assert!(matches!(error, DeliverError::HeldElsewhere { .. }), "{error:?}");
    assert_eq!(shop.outcome(&id).await, Outcome::Queued { reason: None });
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    assert_eq!(letters(&shop), "ab");
}

#[tokio::test]
async fn a_reaction_that_was_quicker_than_the_answer_is_not_lost() {
    let shop = Shop::open().await;
    let id = shop.says(&in_parts(2)).await;
    let store = shop.store.clone();
    shop.api.take_and_then(move |sent| async move {
        let reaction = customer_reacts(sent.taken_as.unwrap().as_str(), Some("love")).at(at(100)).build();
        ingest(&store, &FakeQueue::default(), &reaction, at(100)).await.unwrap();
    });
    shop.drain().await.unwrap();
    assert!(shop.message(&id).await.reaction.is_some());
}

// Other workers, and echoes.

#[tokio::test]
async fn the_echo_before_the_answer_is_no_second_send_and_tells_the_moment() {
    let shop = Shop::open().await;
    let [one, two] = [shop.says("one").await, shop.says("two").await];
    let (store, message) = (shop.store.clone(), one.clone());
    shop.api.take_and_then(move |sent| async move {
        let echo = echo_of_ours(sent.taken_as.unwrap().as_str(), &message, 0, 1).at(at(103)).build();
        ingest(&store, &FakeQueue::default(), &echo, at(103)).await.unwrap();
    });
    assert_eq!(shop.drain().await.unwrap().sent, [one.clone(), two]);
    assert_eq!(shop.outcome(&one).await, Outcome::Sent { at: at(103) });
    assert_eq!(shop.api.received(), ["one", "two"]);
}

#[tokio::test]
async fn the_echo_counts_for_more_than_a_bad_answer() {
    for error in [
        SendError::Unknown { reason: reason("connection lost") },
        SendError::NotSent { reason: reason("no connection"), most_attempts: MOST_ATTEMPTS },
        SendError::Refused { reason: reason("no") },
        SendError::Waits { on: WaitingFor::Window, reason: reason("closed") },
        SendError::AskedToWait { reason: reason("slowly"), pause: Duration::from_mins(1) },
    ] {
        let shop = Shop::open().await;
        let [one, two] = [shop.says("one").await, shop.says("two").await];
        let (store, message) = (shop.store.clone(), one.clone());
        shop.api.refuse_and_then(error.clone(), move |_| async move {
            let echo = echo_of_ours("m_out-1", &message, 0, 1).at(at(103)).build();
            ingest(&store, &FakeQueue::default(), &echo, at(103)).await.unwrap();
        });
        assert_eq!(shop.drain().await.unwrap().sent, [one, two], "{error}");
        assert_eq!(shop.api.calls().len(), 2, "{error}");
        assert_eq!(shop.waiting_for().await, None);
    }
}

#[tokio::test]
async fn a_message_that_another_worker_holds_is_given_back_until_its_lease_ends() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.store.claim(&mia(), &one, at(100), at(160)).await.unwrap();
    let error = shop.drain().await.unwrap_err();
    assert!(matches!(error, DeliverError::HeldElsewhere { until, .. } if until == at(160)));
    assert_eq!(error.retry(), Retry::After(LEASE));
    assert!(shop.api.calls().is_empty());
}

#[tokio::test]
async fn a_message_that_a_worker_abandoned_is_unconfirmed_and_never_sent_again() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.store.claim(&mia(), &one, at(100), at(160)).await.unwrap();
    shop.clock.set(at(160));
    assert_eq!(shop.drain().await.unwrap().stopped, Some((one.clone(), Stop::Unconfirmed)));
    shop.clock.set(at(10_000));
    assert!(shop.drain().await.unwrap().sent.is_empty());
    assert!(matches!(shop.outcome(&one).await, Outcome::Unconfirmed { since, .. } if since == at(160)));
    assert!(shop.api.calls().is_empty());
}

#[tokio::test]
async fn two_workers_at_once_send_once() {
    let shop = Shop::open().await;
    let accepted = [shop.says("one").await, shop.says("two").await];
    let (left, right) = futures::future::join(shop.drain(), shop.drain()).await;
    assert!(left.is_ok() || right.is_ok());
    for _ in 0..2 {
        shop.drain().await.unwrap();
    }
    assert_eq!(shop.api.received(), ["one", "two"]);
    for id in &accepted {
        assert!(matches!(shop.outcome(id).await, Outcome::Sent { .. }));
    }
}

#[tokio::test]
async fn a_pointer_that_was_left_behind_is_cleared() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.store.before(Call::Claim, 1, |store| async move {
        let other = FakeSendApi::default();
        drain(&store, &other, &ManualClock::new(at(100)), &mia(), None).await.unwrap();
    });
    assert_eq!(shop.drain().await.unwrap(), Drained::default());
    assert!(shop.api.calls().is_empty());
    assert!(matches!(shop.outcome(&one).await, Outcome::Sent { .. }));
    assert!(shop.pending().await.is_empty());
}

// A store that fails.

#[tokio::test]
async fn a_store_that_fails_before_the_call_is_tried_again() {
    for call in [Call::Open, Call::Claim] {
        let shop = Shop::open().await;
        let one = shop.says("one").await;
        shop.store.fail(call, 1, StoreError::Unavailable { reason: reason("throttled") });
        assert_eq!(shop.drain().await.unwrap_err().retry(), Retry::Backoff);
        assert_eq!(shop.drain().await.unwrap().sent, [one]);
    }
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_is_not_sent_again() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    shop.store.fail(Call::Save, 1, StoreError::Unavailable { reason: reason("throttled") });
    let error = shop.drain().await.unwrap_err();
    assert!(matches!(error, DeliverError::Unrecorded(_)));
    assert_eq!(error.retry(), Retry::After(LEASE));
    shop.clock.advance(LEASE);
    assert_eq!(shop.drain().await.unwrap().stopped, Some((one, Stop::Unconfirmed)));
    assert_eq!(shop.api.calls().len(), 1);
}

#[tokio::test]
async fn a_message_that_changes_all_the_time_is_busy_and_not_sent_again() {
    let shop = Shop::open().await;
    let one = shop.says("one").await;
    // Each save of the worker is preceded by a reaction, which is a save itself.
    for nth in 0..10 {
        let id = one.clone();
        shop.store.before(Call::Save, 2 * nth + 1, move |store| async move {
            let stored = store.message(&mia(), &id).await.unwrap().unwrap();
            store.save(&stored, None).await.unwrap();
        });
    }
    let error = shop.drain().await.unwrap_err();
    assert!(matches!(error, DeliverError::Busy), "{error:?}");
    assert_eq!(error.retry(), Retry::After(LEASE));
    assert_eq!(shop.api.calls().len(), 1);
}

// Notices.

fn notice(event: &str) -> NoticeId {
    NoticeId::of(&OrderId::of(&page(PAGE), "20418"), event)
}

fn utility() -> UtilityMessage {
    let parameters = vec![("order_number".into(), "20418".into())];
    UtilityMessage { template: "shopbell_shipped_v1".into(), language: "en".into(), parameters, url_suffix: None }
}

fn inside() -> Content {
    let button = LinkButton { title: "Track parcel".into(), url: "https://shop.example/t/1".into() };
    Content::Buttons { text: "It is on its way.".into(), buttons: vec![button] }
}

impl Shop {
    /// Accepts the notice of an event, with a utility template for it or without.
    async fn tells(&self, event: &str, outside: Option<UtilityMessage>) -> MessageId {
        let key = DedupeKey::of_content(&[event]);
        let draft = NoticeDraft {
            notice: notice(event),
            kind: MessageKind::Shipping,
            text: "Your order 20418 is on its way.".into(),
            forms: Forms { inside: inside(), outside },
            request: RequestKey { fingerprint: key.clone(), key, kept_until: at(100_000) },
        };
        accept_notice(&self.store, &FakeQueue::default(), &mia(), draft, self.clock.now(), 1).await.unwrap().message.id
    }

    async fn failure(&self, id: &MessageId) -> String {
        let Outcome::Failed { reason, .. } = self.outcome(id).await else { panic!("it has not failed") };
        reason
    }
}

fn closed() -> SendError {
    SendError::Waits { on: WaitingFor::Window, reason: reason("The messaging window is closed.") }
}

#[tokio::test]
async fn a_notice_leaves_inside_the_window_by_its_form_for_it() {
    let shop = Shop::open().await;
    let id = shop.tells("shipped", Some(utility())).await;
    let drained = shop.drain().await.unwrap();
    assert_eq!((drained.sent, drained.ended_notices), (vec![id], vec![notice("shipped")]));
    let call = shop.api.calls().pop().unwrap();
    assert_eq!((call.given, call.way), (Given::Content(inside()), Way::Response));
    assert_eq!(shop.conversation().await.unread_count, 1, "it answers nobody");
}

#[tokio::test]
async fn a_notice_whose_window_closed_on_the_way_leaves_by_its_template() {
    let shop = Shop::open().await;
    let id = shop.tells("shipped", Some(utility())).await;
    shop.clock.advance(Duration::from_hours(30));
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    let call = shop.api.calls().pop().unwrap();
    assert_eq!((call.given, call.way), (Given::Utility(utility()), Way::Utility));
}

#[tokio::test]
async fn a_notice_that_the_platform_finds_outside_the_window_goes_by_its_template_at_once() {
    let shop = Shop::open().await;
    let id = shop.tells("shipped", Some(utility())).await;
    shop.api.refuse(closed());
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    let ways: Vec<Way> = shop.api.calls().into_iter().map(|call| call.way).collect();
    assert_eq!(ways, [Way::Response, Way::Utility]);
}

#[tokio::test]
async fn a_notice_without_a_way_fails_and_lets_the_next_pass() {
    for by_verdict in [false, true] {
        let shop = Shop::open().await;
        let id = shop.tells("shipped", None).await;
        let reply = shop.says("We look into it.").await;
        if by_verdict {
            shop.api.refuse(closed());
        } else {
            shop.clock.advance(Duration::from_hours(30));
        }
        let drained = shop.drain().await.unwrap();
        assert_eq!((drained.failed, drained.ended_notices), (vec![id.clone()], vec![notice("shipped")]));
        assert_eq!(drained.sent, [reply], "a person's reply may leave after the window");
        assert!(shop.failure(&id).await.contains("window"));
        assert_eq!(shop.waiting_for().await, None);
    }
}

#[tokio::test]
async fn a_template_that_the_platform_refuses_fails_the_notice() {
    let shop = Shop::open().await;
    shop.clock.advance(Duration::from_hours(30));
    let id = shop.tells("shipped", Some(utility())).await;
    shop.api.refuse(SendError::Refused { reason: reason("A template's parameter has a character that Meta forbids there.") });
    let drained = shop.drain().await.unwrap();
    assert_eq!((drained.failed, drained.ended_notices), (vec![id.clone()], vec![notice("shipped")]));
    assert!(shop.failure(&id).await.contains("forbids"));
}

#[tokio::test]
async fn a_template_that_the_platform_finds_outside_the_window_fails_too() {
    let shop = Shop::open().await;
    shop.clock.advance(Duration::from_hours(30));
    let id = shop.tells("shipped", Some(utility())).await;
    shop.api.refuse(closed());
    assert_eq!(shop.drain().await.unwrap().failed, std::slice::from_ref(&id));
    assert_eq!(shop.api.calls().len(), 1);
}

#[tokio::test]
async fn a_notice_on_a_held_page_or_thread_waits_in_its_place() {
    for on in [WaitingFor::Page, WaitingFor::Thread] {
        let shop = Shop::open().await;
        let [id, reply] = [shop.tells("shipped", Some(utility())).await, shop.says("Here you are.").await];
        shop.api.refuse(SendError::Waits { on, reason: reason("not now") });
        let drained = shop.drain().await.unwrap();
        assert_eq!((drained.stopped, drained.ended_notices), (Some((id.clone(), Stop::Waiting(on))), vec![]));
        assert_eq!(shop.drain().await.unwrap().sent, [id, reply]);
    }
}

/// A notice whose call had no clear end, two minutes later.
async fn notice_in_doubt() -> (Shop, MessageId) {
    let shop = Shop::open().await;
    let id = shop.tells("shipped", Some(utility())).await;
    shop.api.take_but_answer(SendError::Unknown { reason: reason("connection lost") });
    shop.drain().await.unwrap();
    shop.clock.advance(HOLD_FOR_UNCONFIRMED);
    (shop, id)
}

#[tokio::test]
async fn a_notice_in_doubt_is_not_sent_again_while_the_record_shows_something_unknown() {
    let (shop, id) = notice_in_doubt().await;
    shop.api.record(Ok(ThreadRecord { sends: vec![recorded("m_template", "", 101)], complete: true }));
    let drained = shop.drain().await.unwrap();
    assert_eq!((drained.left_to_a_person, drained.ended_notices), (vec![id], vec![notice("shipped")]));
    assert_eq!(shop.api.calls().len(), 1);
}

#[tokio::test]
async fn a_notice_in_doubt_is_sent_when_its_words_stand_in_the_record_and_sent_again_when_nothing_does() {
    let (shop, id) = notice_in_doubt().await;
    shop.api.record(Ok(ThreadRecord { sends: vec![recorded("m_template", "It is on its way.", 101)], complete: true }));
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    assert_eq!(shop.api.calls().len(), 1);

    let (shop, id) = notice_in_doubt().await;
    shop.api.record(Ok(ThreadRecord { sends: Vec::new(), complete: true }));
    assert_eq!(shop.drain().await.unwrap().sent, [id]);
    assert_eq!(shop.api.calls().len(), 2);
}
