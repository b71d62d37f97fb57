//! The sweep brings back what a crash left behind.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::ingest::ingest;
use domain::job::{Occasion, OutboundJob};
use domain::ports::{DueIndex, StoreError};
use domain::relay::{RelayError, relay};
use domain::reply::{Draft, reply};
use domain::retry::{Retry, Retryable};
use testkit::events::customer_says;
use testkit::ids::{JONAS, MIA, at, conversation_of};
use testkit::messages::agent;
use testkit::{Call, FakeQueue, FakeStore};

const AGAIN_AFTER: Duration = Duration::from_mins(5);

/// Messages to Mia and Jonas, due at `at(120)` and `at(121)`.
async fn left_behind() -> FakeStore {
    let store = FakeStore::default();
    for (second, person) in [(0, MIA), (1, JONAS)] {
        let hi = customer_says("Hi").numbered(&format!("m_{person}")).by(person).build();
        ingest(&store, &FakeQueue::default(), &hi, at(0)).await.unwrap();
        let draft = Draft { text: "Hello".into(), author: agent(), request: None };
        reply(&store, &FakeQueue::default(), &conversation_of(person), &draft, at(second), 1).await.unwrap();
    }
    store
}

fn wake(person: &str) -> OutboundJob {
    OutboundJob::Wake { conversation: conversation_of(person) }
}

#[tokio::test]
async fn what_is_due_is_enqueued_oldest_first_and_looked_at_again_later() {
    let store = left_behind().await;
    let queue = FakeQueue::default();
    assert_eq!(relay(&store, &queue, at(119), 10).await.unwrap().count, 0);
    assert_eq!(relay(&store, &queue, at(200), 10).await.unwrap().count, 2);
    assert_eq!(queue.occasions(), [(wake(MIA), Occasion::Relayed(at(120))), (wake(JONAS), Occasion::Relayed(at(121)))]);
    assert_eq!(relay(&store, &queue, at(200), 10).await.unwrap().count, 0);
    assert_eq!(relay(&store, &queue, at(200).plus(AGAIN_AFTER), 10).await.unwrap().count, 2);
    assert_eq!(queue.jobs().len(), 4);
}

#[tokio::test]
async fn a_round_takes_no_more_than_its_limit() {
    let store = left_behind().await;
    let queue = FakeQueue::default();
    assert_eq!(relay(&store, &queue, at(200), 1).await.unwrap().count, 1);
    assert_eq!(queue.jobs(), [wake(MIA)]);
}

#[tokio::test]
async fn two_sweeps_at_once_make_one_job_and_move_it_once() {
    let store = left_behind().await;
    let queue = FakeQueue::default();
    let (one, other) = futures::future::join(relay(&store, &queue, at(200), 10), relay(&store, &queue, at(200), 10)).await;
    one.unwrap();
    other.unwrap();
    assert_eq!(queue.jobs(), [wake(MIA), wake(JONAS)]);
    let due = store.due(at(9999), 10).await.unwrap();
    assert!(due.iter().all(|due| due.due_at == at(200).plus(AGAIN_AFTER)), "{due:?}");
}

#[tokio::test]
async fn what_could_not_be_enqueued_is_still_due() {
    let store = left_behind().await;
    let queue = FakeQueue::default();
    queue.fail(1);
    let error = relay(&store, &queue, at(200), 10).await.unwrap_err();
    assert!(matches!(error, RelayError::Queue(_)));
    assert_eq!(error.retry(), Retry::Backoff);
    assert_eq!(relay(&store, &queue, at(200), 10).await.unwrap().count, 2);
}

#[tokio::test]
async fn a_store_that_fails_says_so() {
    for call in [Call::Due, Call::Postpone] {
        let store = left_behind().await;
        store.fail(call, 1, StoreError::Unavailable { reason: "throttled".into() });
        let error = relay(&store, &FakeQueue::default(), at(200), 10).await.unwrap_err();
        assert!(matches!(error, RelayError::Store(_)));
        assert_eq!(error.retry(), Retry::Backoff);
    }
}
