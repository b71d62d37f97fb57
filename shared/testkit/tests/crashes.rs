//! A worker that dies between any two of its steps: what it sent is never sent again, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::deliver::drain;
use domain::id::{ConversationId, MessageId};
use domain::ingest::ingest;
use domain::message::{Outcome, parse_part_metadata};
use domain::ports::{Clock, History, Outbox, SendError};
use domain::relay::relay;
use domain::reply::{Draft, reply};
use testkit::events::{customer_says, echo_of_ours};
use testkit::ids::{MIA, at, conversation_of};
use testkit::messages::{agent, outcome};
use testkit::{Crash, FakeQueue, FakeSendApi, FakeStore, ManualClock};

/// More steps than any of these runs makes.
const STEPS: usize = 80;

fn mia() -> ConversationId {
    conversation_of(MIA)
}

struct Run {
    crash: Crash,
    store: FakeStore,
    api: FakeSendApi,
    clock: ManualClock,
    accepted: Vec<MessageId>,
    /// Whether the worker got to its end.
    finished: bool,
}

impl Run {
    /// Accepts `texts`, and lets a worker live for so many steps.
    async fn of(texts: &[&str], steps: usize, script: impl Fn(&FakeSendApi)) -> Self {
        let crash = Crash::default();
        let (store, api) = (FakeStore::that_crashes(&crash), FakeSendApi::that_crashes(&crash));
        let clock = ManualClock::new(at(0));
        ingest(&store, &FakeQueue::default(), &customer_says("Hi").build(), at(0)).await.unwrap();
        let mut accepted = Vec::new();
        for text in texts {
            let draft = Draft { text: (*text).into(), author: agent(), request: None };
            accepted.push(reply(&store, &FakeQueue::default(), &mia(), &draft, at(0), 1).await.unwrap().message.id);
        }
        script(&api);
        crash.after(steps);
        let finished = crash.run(drain(&store, &api, &clock, &mia(), None)).await.is_some();
        crash.never();
        Self { crash, store, api, clock, accepted, finished }
    }

    /// Lets the platform echo everything that it took.
    async fn echoes(&self) {
        for call in self.api.calls() {
            let (Some(id), Some((message, index))) = (call.taken_as, parse_part_metadata(&call.metadata)) else { continue };
            let parts = if call.metadata.contains('/') { 2 } else { 1 };
            let echo = echo_of_ours(id.as_str(), &message, index, parts).at(self.clock.now()).build();
            ingest(&self.store, &FakeQueue::default(), &echo, self.clock.now()).await.unwrap();
        }
    }

    /// Lets the queue bring the job back and the sweep go by, every half minute for an hour.
    async fn an_hour(&self) {
        let queue = FakeQueue::default();
        for _ in 0..120 {
            self.clock.advance(Duration::from_secs(30));
            relay(&self.store, &queue, self.clock.now(), 100).await.unwrap();
            if !queue.jobs().is_empty() {
                // An error gives the job back: the next round tries again.
                drop(drain(&self.store, &self.api, &self.clock, &mia(), None).await);
                queue.clear();
            }
        }
    }

    async fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for id in &self.accepted {
            let message = self.store.message(&mia(), id).await.unwrap().unwrap();
            outcomes.push(outcome(&message).unwrap().clone());
        }
        outcomes
    }

    fn sent_once_and_in_order(&self, step: usize, expected: &[&str]) {
        let received = self.api.received();
        assert!(
            received.iter().all(|text| received.iter().filter(|other| *other == text).count() == 1),
            "sent twice after a crash at step {step}: {received:?}"
        );
        let places: Vec<_> = received.iter().map(|text| expected.iter().position(|other| text.starts_with(other))).collect();
        assert!(places.is_sorted(), "out of order after a crash at step {step}: {places:?}");
    }
}

fn long() -> String {
    format!("{} {}", "a".repeat(domain::text::LONGEST_PART), "b".repeat(domain::text::LONGEST_PART))
}

#[tokio::test]
async fn without_an_echo_each_message_ends_sent_or_unconfirmed_and_none_is_sent_twice() {
    for step in 0..STEPS {
        let run = Run::of(&["one", "two", "three"], step, |_| {}).await;
        run.an_hour().await;
        run.sent_once_and_in_order(step, &["one", "two", "three"]);
        for outcome in run.outcomes().await {
            assert!(matches!(outcome, Outcome::Sent { .. } | Outcome::Unconfirmed { .. }), "step {step}: {outcome:?}");
        }
        if run.finished {
            assert_eq!(run.api.received().len(), 3);
            return;
        }
    }
    panic_unfinished();
}

#[tokio::test]
async fn with_its_echo_each_message_that_left_ends_sent() {
    for step in 0..STEPS {
        let run = Run::of(&["one", "two"], step, |_| {}).await;
        run.echoes().await;
        run.an_hour().await;
        run.echoes().await;
        run.sent_once_and_in_order(step, &["one", "two"]);
        let received = run.api.received();
        for (text, outcome) in ["one", "two"].iter().zip(run.outcomes().await) {
            let left = received.iter().any(|other| other == text);
            assert_eq!(left, matches!(outcome, Outcome::Sent { .. }), "step {step}: {text} is {outcome:?}");
            assert!(left || matches!(outcome, Outcome::Unconfirmed { .. }), "step {step}: {text} is lost: {outcome:?}");
        }
        if run.finished {
            return;
        }
    }
    panic_unfinished();
}

#[tokio::test]
async fn a_message_of_two_parts_is_never_sent_twice_in_part() {
    let long = long();
    for step in 0..STEPS {
        let run = Run::of(&[&long, "later"], step, |_| {}).await;
        run.echoes().await;
        run.an_hour().await;
        run.sent_once_and_in_order(step, &["a", "b", "later"]);
        for outcome in run.outcomes().await {
            assert!(matches!(outcome, Outcome::Sent { .. } | Outcome::Unconfirmed { .. }), "step {step}: {outcome:?}");
        }
        if run.finished {
            return;
        }
    }
    panic_unfinished();
}

#[tokio::test]
async fn a_crash_while_a_refusal_is_written_leaves_a_message_that_is_woken() {
    for step in 0..STEPS {
        let closed = || SendError::Waits { on: domain::message::WaitingFor::Window, reason: "closed".into() };
        let run = Run::of(&["one"], step, |api| api.refuse(closed())).await;
        // The job comes back, for its worker never said that it was done.
        if !run.finished {
            run.clock.advance(Duration::from_mins(1));
            drop(drain(&run.store, &run.api, &run.clock, &mia(), None).await);
        }
        let queue = FakeQueue::default();
        let word = customer_says("Hello?").at(run.clock.now().plus(Duration::from_secs(1))).build();
        ingest(&run.store, &queue, &word, run.clock.now()).await.unwrap();
        let pending = run.store.open(&mia()).await.unwrap().unwrap().pending;
        let woken = queue.jobs().iter().any(|job| matches!(job, domain::job::OutboundJob::Wake { .. }));
        let unconfirmed = matches!(run.outcomes().await.as_slice(), [Outcome::Unconfirmed { .. }]);
        assert!(pending.is_empty() || woken || unconfirmed, "step {step}: {:?}", run.outcomes().await);
        run.crash.never();
        if run.finished {
            return;
        }
    }
    panic_unfinished();
}

#[expect(clippy::panic, reason = "the number of steps is wrong")]
fn panic_unfinished() {
    panic!("no run got to its end in {STEPS} steps");
}
