//! A person decides about a message.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::deliver::{HOLD_FOR_UNCONFIRMED, drain};
use domain::id::{DedupeKey, MessageId};
use domain::ingest::ingest;
use domain::intervene::{Decision, InterveneError, Intervention, intervene};
use domain::job::OutboundJob;
use domain::message::{Outcome, RequestKey, WaitingFor};
use domain::ports::{Clock, History, Outbox, ProfileError, SendError};
use domain::reply::{Draft, reply};
use testkit::events::customer_says;
use testkit::ids::{MIA, at, conversation_of};
use testkit::messages::{agent, bot, outcome};
use testkit::{FakeQueue, FakeSendApi, FakeStore, ManualClock};

struct Desk {
    store: FakeStore,
    queue: FakeQueue,
    api: FakeSendApi,
    clock: ManualClock,
}

impl Desk {
    async fn open() -> Self {
        let desk = Self {
            store: FakeStore::default(),
            queue: FakeQueue::default(),
            api: FakeSendApi::default(),
            clock: ManualClock::new(at(100)),
        };
        ingest(&desk.store, &desk.queue, &customer_says("Hi").at(at(100)).build(), at(100)).await.unwrap();
        desk.queue.clear();
        desk
    }

    async fn says(&self, text: &str, by_agent: bool) -> MessageId {
        let author = if by_agent { agent() } else { bot() };
        let draft = Draft { text: text.into(), author, request: None };
        let id = reply(&self.store, &self.queue, &conversation_of(MIA), &draft, self.clock.now(), 1).await.unwrap().message.id;
        self.queue.clear();
        id
    }

    /// Sends what is pending.
    async fn drain(&self) {
        drop(drain(&self.store, &self.api, &self.clock, &conversation_of(MIA), None).await);
    }

    /// A message that ended its first attempt with `error`.
    async fn that_met(&self, error: SendError) -> MessageId {
        let id = self.says("one", true).await;
        self.api.refuse(error);
        self.drain().await;
        id
    }

    /// A message of which nobody can tell whether it left.
    async fn in_doubt(&self) -> MessageId {
        let id = self.that_met(SendError::Unknown { reason: "lost".into() }).await;
        self.api.record(Err(ProfileError::Refused { reason: "closed".into() }));
        self.clock.advance(HOLD_FOR_UNCONFIRMED);
        self.drain().await;
        id
    }

    async fn decide(&self, id: &MessageId, decision: Decision) -> Result<Outcome, InterveneError> {
        self.decide_by(id, decision, None).await
    }

    async fn decide_by(&self, id: &MessageId, decision: Decision, request: Option<RequestKey>) -> Result<Outcome, InterveneError> {
        let intervention = Intervention { decision, by: "Ada", request };
        let decided = intervene(&self.store, &self.queue, id, &intervention, self.clock.now()).await?;
        Ok(outcome(&decided.message).unwrap().clone())
    }

    async fn outcome(&self, id: &MessageId) -> Outcome {
        outcome(&self.store.message(&conversation_of(MIA), id).await.unwrap().unwrap()).unwrap().clone()
    }

    async fn pending(&self) -> usize {
        self.store.open(&conversation_of(MIA)).await.unwrap().unwrap().pending.len()
    }
}

fn request(key: &str, asked: &str) -> RequestKey {
    RequestKey { key: DedupeKey::of_content(&[key]), fingerprint: DedupeKey::of_content(&[asked]), kept_until: at(200_000) }
}

#[tokio::test]
async fn a_message_of_which_nobody_can_tell_is_sent_again_when_a_person_says_so() {
    let desk = Desk::open().await;
    let id = desk.in_doubt().await;
    assert_eq!(desk.pending().await, 0);
    assert_eq!(desk.decide(&id, Decision::Resend).await.unwrap(), Outcome::Queued { reason: None });
    assert_eq!(desk.queue.jobs(), [OutboundJob::Wake { conversation: conversation_of(MIA) }]);
    desk.drain().await;
    assert_eq!(desk.api.received(), ["one"]);
    assert!(matches!(desk.outcome(&id).await, Outcome::Sent { .. }));
}

#[tokio::test]
async fn what_failed_and_what_waits_is_tried_again_with_all_its_attempts() {
    for error in [
        SendError::Refused { reason: "blocked".into() },
        SendError::Waits { on: WaitingFor::Thread, reason: "held".into() },
        SendError::Waits { on: WaitingFor::Page, reason: "held".into() },
    ] {
        let desk = Desk::open().await;
        let id = desk.that_met(error.clone()).await;
        desk.decide(&id, Decision::Resend).await.unwrap();
        let message = desk.store.message(&conversation_of(MIA), &id).await.unwrap().unwrap();
        assert_eq!(message.sending.unwrap().attempts, 0);
        desk.drain().await;
        assert_eq!(desk.api.received(), ["one"], "{error}");
    }
}

#[tokio::test]
async fn a_message_that_may_yet_be_found_is_not_sent_again() {
    let desk = Desk::open().await;
    let id = desk.that_met(SendError::Unknown { reason: "lost".into() }).await;
    assert!(matches!(desk.decide(&id, Decision::Resend).await, Err(InterveneError::InDoubt)));
}

#[tokio::test]
async fn what_left_can_neither_be_sent_again_nor_given_up() {
    let desk = Desk::open().await;
    let id = desk.that_met(SendError::Waits { on: WaitingFor::Thread, reason: "held".into() }).await;
    desk.drain().await;
    for decision in [Decision::Resend, Decision::Discard] {
        assert!(matches!(desk.decide(&id, decision).await, Err(InterveneError::HasLeft)));
    }
}

#[tokio::test]
async fn giving_up_what_waits_lets_the_next_pass() {
    let desk = Desk::open().await;
    let id = desk.that_met(SendError::Waits { on: WaitingFor::Thread, reason: "held".into() }).await;
    desk.says("two", true).await;
    let Outcome::Failed { reason, .. } = desk.decide(&id, Decision::Discard).await.unwrap() else { panic!("it has not ended") };
    assert_eq!(reason, "Given up by Ada; it was not sent.");
    desk.drain().await;
    assert_eq!(desk.api.received(), ["two"]);
    assert!(matches!(desk.decide(&id, Decision::Discard).await, Ok(Outcome::Failed { .. })), "twice is once");
}

#[tokio::test]
async fn giving_up_the_only_message_ends_the_conversations_wait() {
    let desk = Desk::open().await;
    let id = desk.that_met(SendError::Waits { on: WaitingFor::Thread, reason: "held".into() }).await;
    desk.decide(&id, Decision::Discard).await.unwrap();
    desk.drain().await;
    let conversation = desk.store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!(conversation.waiting_for, None);
}

#[tokio::test]
async fn a_message_in_doubt_can_be_given_up_and_its_echo_still_counts() {
    let desk = Desk::open().await;
    let id = desk.in_doubt().await;
    let Outcome::Failed { reason, .. } = desk.decide(&id, Decision::Discard).await.unwrap() else { panic!("it has not ended") };
    assert!(reason.contains("nobody could tell"), "{reason}");
    let echo = testkit::events::echo_of_ours("m_late", &id, 0, 1).at(at(300)).build();
    ingest(&desk.store, &desk.queue, &echo, at(300)).await.unwrap();
    assert_eq!(desk.outcome(&id).await, Outcome::Sent { at: at(300) });
}

#[tokio::test]
async fn policy_keeps_back_what_a_person_would_send_again_too_late() {
    let desk = Desk::open().await;
    let id = desk.says("one", false).await;
    desk.api.refuse(SendError::Refused { reason: "no".into() });
    desk.drain().await;
    desk.clock.advance(Duration::from_hours(25));
    assert!(matches!(desk.decide(&id, Decision::Resend).await, Err(InterveneError::Forbidden(_))));
    assert!(matches!(desk.outcome(&id).await, Outcome::Failed { .. }));
}

#[tokio::test]
async fn the_same_request_again_does_nothing_and_the_same_key_for_another_is_a_mistake() {
    let desk = Desk::open().await;
    let id = desk.that_met(SendError::Refused { reason: "no".into() }).await;
    desk.decide_by(&id, Decision::Resend, Some(request("k", "resend"))).await.unwrap();
    desk.drain().await;
    let again = desk.decide_by(&id, Decision::Resend, Some(request("k", "resend"))).await.unwrap();
    assert!(matches!(again, Outcome::Sent { .. }));
    let other = desk.decide_by(&id, Decision::Discard, Some(request("k", "discard"))).await;
    assert!(matches!(other, Err(InterveneError::KeyOfAnother)));
    assert_eq!(desk.api.received(), ["one"]);
}

#[tokio::test]
async fn a_message_that_nobody_knows_is_not_found() {
    let desk = Desk::open().await;
    let unknown = MessageId::new(at(1), 1);
    assert!(matches!(desk.decide(&unknown, Decision::Resend).await, Err(InterveneError::NoSuchMessage)));
    let simple = desk.says("one", true).await;
    assert!(
        matches!(desk.decide(&simple, Decision::Resend).await, Err(InterveneError::NoSuchMessage)),
        "nothing is to be decided about it"
    );
}
