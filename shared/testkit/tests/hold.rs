//! A Page on hold: nothing of it is lost, one message probes, and all go when it sends again.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use domain::deliver::drain;
use domain::hold::{HoldCause, attend, lift, refused};
use domain::ingest::ingest;
use domain::job::OutboundJob;
use domain::message::WaitingFor;
use domain::ports::{DueIndex, Holds, SendError};
use domain::reply::{Draft, reply};
use testkit::events::customer_says;
use testkit::ids::{PAGE, at, conversation_of, page};
use testkit::messages::agent;
use testkit::{FakeQueue, FakeSendApi, FakeStore, ManualClock};

const MINUTE: u64 = 60;

/// A message to each of so many people, each of which the Page's hold keeps back.
async fn on_hold(people: usize) -> FakeStore {
    let (store, queue, api) = (FakeStore::default(), FakeQueue::default(), FakeSendApi::default());
    for number in 0..people {
        let person = number.to_string();
        let id = conversation_of(&person);
        ingest(&store, &queue, &customer_says("Hi").numbered(&format!("m_{person}")).by(&person).build(), at(0)).await.unwrap();
        let draft = Draft { text: "Hello".into(), author: agent(), request: None };
        reply(&store, &queue, &id, &draft, at(1), 1).await.unwrap();
        api.refuse(SendError::Waits { on: WaitingFor::Page, reason: "The Page is on hold.".into() });
        drain(&store, &api, &ManualClock::new(at(2)), &id, None).await.unwrap();
    }
    refused(&store, &page(PAGE), HoldCause::Token, "The token is dead.", at(2)).await.unwrap();
    store
}

#[tokio::test]
async fn until_the_probe_the_sweep_wakes_nobody_and_then_one() {
    let store = on_hold(5).await;
    let queue = FakeQueue::default();
    assert!(store.due(at(1_000_000), 100).await.unwrap().is_empty(), "they are not due as others are");
    assert_eq!(attend(&store, &queue, at(2 + MINUTE - 1)).await.unwrap().woken, 0);
    assert_eq!(attend(&store, &queue, at(2 + MINUTE)).await.unwrap().woken, 1);
    assert_eq!(attend(&store, &queue, at(3 + MINUTE)).await.unwrap().woken, 1, "nobody knows yet what came of it");
    assert!(matches!(queue.jobs()[..], [OutboundJob::Wake { .. }]), "the queue takes one for the same probe");
}

#[tokio::test]
async fn what_waits_for_a_page_that_goes_on_is_woken_and_the_hold_is_gone() {
    let store = on_hold(5).await;
    let queue = FakeQueue::default();
    assert!(lift(&store, &page(PAGE)).await.unwrap());
    assert!(!lift(&store, &page(PAGE)).await.unwrap(), "once");
    assert_eq!(attend(&store, &queue, at(10)).await.unwrap().woken, 5);
    assert_eq!(queue.jobs().len(), 5);
    assert!(store.held(&page(PAGE), 10).await.unwrap().is_empty());
    assert_eq!(store.due(at(10 + 5 * MINUTE), 10).await.unwrap().len(), 5, "they are looked at again should the job be lost");
    assert_eq!(store.hold(&page(PAGE)).await.unwrap(), None);
    assert_eq!(attend(&store, &queue, at(11)).await.unwrap().woken, 0);
}

#[tokio::test]
async fn one_run_wakes_more_than_a_round() {
    let store = on_hold(250).await;
    lift(&store, &page(PAGE)).await.unwrap();
    assert_eq!(attend(&store, &FakeQueue::default(), at(10)).await.unwrap().woken, 250);
    assert!(store.held(&page(PAGE), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_queue_that_fails_leaves_what_waits_where_it_is() {
    let store = on_hold(2).await;
    let queue = FakeQueue::default();
    lift(&store, &page(PAGE)).await.unwrap();
    queue.fail(1);
    attend(&store, &queue, at(10)).await.unwrap_err();
    assert_eq!(store.held(&page(PAGE), 10).await.unwrap().len(), 2);
    assert_eq!(attend(&store, &queue, at(70)).await.unwrap().woken, 2);
}

#[tokio::test]
async fn workers_that_are_refused_at_once_count_as_one_and_a_refused_probe_doubles_the_pause() {
    let store = FakeStore::default();
    let hold = async |seconds| refused(&store, &page(PAGE), HoldCause::Restricted, "Restricted.", at(seconds)).await.unwrap();
    let first = hold(0).await;
    assert_eq!((first.refused, first.probe_at), (1, at(30 * MINUTE)));
    assert_eq!(hold(5).await.probe_at, at(30 * MINUTE));
    let second = hold(30 * MINUTE).await;
    assert_eq!((second.refused, second.since, second.probe_at), (2, at(0), at(90 * MINUTE)));
    lift(&store, &page(PAGE)).await.unwrap();
    let anew = hold(95 * MINUTE).await;
    assert_eq!((anew.refused, anew.since), (1, at(95 * MINUTE)));
}

#[tokio::test]
async fn a_hold_for_which_nothing_waits_is_forgotten_at_its_probe() {
    let store = on_hold(0).await;
    assert_eq!(attend(&store, &FakeQueue::default(), at(2 + MINUTE)).await.unwrap().woken, 0);
    assert_eq!(store.hold(&page(PAGE)).await.unwrap(), None);
}
