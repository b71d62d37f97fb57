//! What agents decide about a conversation.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use domain::conversation::{Conversation, Status};
use domain::ingest::ingest;
use domain::ports::{History, Outbox, StoreError};
use domain::triage::{Assignment, DecideError, Decision, decide};
use testkit::events::customer_says;
use testkit::ids::{JONAS, MIA, at, conversation_of};
use testkit::{Call, FakeQueue, FakeStore};

async fn begun() -> FakeStore {
    let store = FakeStore::default();
    says(&store, "Hi", 0).await;
    store
}

async fn says(store: &FakeStore, text: &str, second: u64) {
    ingest(store, &FakeQueue::default(), &customer_says(text).at(at(second)).build(), at(second)).await.unwrap();
}

async fn decided(store: &FakeStore, decision: &Decision) -> Conversation {
    let decided = decide(store, &conversation_of(MIA), decision).await.unwrap();
    let stored = store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!(Conversation { version: stored.version, ..decided }, stored);
    stored
}

fn status(status: Status) -> Decision {
    Decision { status: Some(status), ..Decision::default() }
}

fn assign(to: Assignment) -> Decision {
    Decision { assignment: Some(to), ..Decision::default() }
}

#[tokio::test]
async fn resolving_closes_the_case_and_reads_it() {
    let store = begun().await;
    let resolved = decided(&store, &status(Status::Resolved)).await;
    assert_eq!((resolved.status(), resolved.unread_count, resolved.case.number), (Status::Resolved, 0, 1));
}

#[tokio::test]
async fn reopening_by_hand_goes_on_with_the_case_and_a_question_opens_the_next() {
    let store = begun().await;
    decided(&store, &status(Status::Resolved)).await;
    let reopened = decided(&store, &status(Status::Open)).await;
    assert_eq!((reopened.case.number, reopened.case.opened_at), (1, at(0)));
    decided(&store, &status(Status::Resolved)).await;
    says(&store, "One more thing", 9).await;
    let next = store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!((next.case.number, next.status(), next.case.opened_at), (2, Status::Open, at(9)));
}

#[tokio::test]
async fn a_conversation_is_given_to_somebody_and_back_to_everybody() {
    let store = begun().await;
    let theirs = decided(&store, &assign(Assignment::To("agt_1".into()))).await;
    assert_eq!((theirs.assignee.as_deref(), theirs.unread_count), (Some("agt_1"), 1));
    assert_eq!(decided(&store, &assign(Assignment::Everybody)).await.assignee, None);
}

#[tokio::test]
async fn reading_clears_what_is_unread_and_nothing_else() {
    let store = begun().await;
    let read = decided(&store, &Decision { read: true, ..Decision::default() }).await;
    assert_eq!((read.unread_count, read.status()), (0, Status::Open));
}

#[tokio::test]
async fn a_decision_that_changes_nothing_writes_nothing() {
    let store = begun().await;
    for nothing in [Decision::default(), status(Status::Open), assign(Assignment::Everybody)] {
        assert_eq!(decided(&store, &nothing).await.version, 1, "{nothing:?}");
    }
}

#[tokio::test]
async fn a_decision_while_the_customer_writes_keeps_both() {
    let store = begun().await;
    store.before(Call::Record, 1, |store| async move { says(&store, "Hello?", 5).await });
    let decided = decided(&store, &assign(Assignment::To("agt_1".into()))).await;
    assert_eq!((decided.assignee.as_deref(), decided.unread_count), (Some("agt_1"), 2));
}

#[tokio::test]
async fn what_cannot_be_decided_says_why() {
    let store = begun().await;
    let nobody = decide(&store, &conversation_of(JONAS), &status(Status::Resolved)).await;
    assert!(matches!(nobody, Err(DecideError::NoSuchConversation)));
    store.fail(Call::Record, 1, StoreError::Unavailable { reason: "throttled".into() });
    assert!(matches!(decide(&store, &conversation_of(MIA), &status(Status::Resolved)).await, Err(DecideError::Store(_))));
    for nth in 1..=10 {
        store.before(Call::Record, nth, |store| async move {
            store.set_waiting(&conversation_of(MIA), None).await.unwrap();
        });
    }
    assert!(matches!(decide(&store, &conversation_of(MIA), &status(Status::Resolved)).await, Err(DecideError::Busy)));
}
