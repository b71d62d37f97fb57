//! Erasing one person: whatever happens at the same moment, no word of theirs stays and none of ours leaves any more.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use domain::deletion::{ConfirmationCode, DeletionRequest, delete};
use domain::deliver::drain;
use domain::erase::{Standing, erase};
use domain::id::ConversationId;
use domain::ingest::{Ingested, ingest};
use domain::ports::{History, Inbox, Order, Outbox};
use domain::reply::{Draft, reply};
use testkit::events::{customer_says, echo_of_ours};
use testkit::ids::{MIA, at, conversation_of, user};
use testkit::messages::agent;
use testkit::{Call, Crash, FakeQueue, FakeSendApi, FakeStore, ManualClock};

/// More steps than any of these runs makes.
const STEPS: usize = 60;

fn mia() -> ConversationId {
    conversation_of(MIA)
}

async fn says(store: &FakeStore, text: &str, second: u64) -> Ingested {
    ingest(store, &FakeQueue::default(), &customer_says(text).at(at(second)).build(), at(second)).await.unwrap()
}

async fn replies(store: &FakeStore, text: &str, second: u64) -> domain::id::MessageId {
    let draft = Draft { text: text.into(), author: agent(), request: None };
    reply(store, &FakeQueue::default(), &mia(), &draft, at(second), 1).await.unwrap().message.id
}

async fn texts(store: &FakeStore) -> Vec<Option<String>> {
    let messages = store.messages(&mia(), Order::OldestFirst, None, 100).await.unwrap();
    messages.into_iter().map(|message| message.text).collect()
}

#[tokio::test]
async fn an_erasure_that_dies_at_any_step_is_finished_by_the_next_and_spares_what_came_between() {
    let request = DeletionRequest { code: ConfirmationCode::parse("0123456789abcdef0123456789abcdef").unwrap(), user: user(MIA) };
    let mut died = 0;
    for steps in 0..STEPS {
        let crash = Crash::default();
        let store = FakeStore::that_crashes(&crash);
        for second in 0..5 {
            says(&store, &format!("word {second}"), second).await;
        }
        replies(&store, "Hello", 6).await;
        crash.after(steps);
        died += usize::from(crash.run(delete(&store, &request, at(10))).await.is_none());
        crash.never();
        let was_buried = store.conversation(&mia()).await.unwrap().is_none();
        if was_buried {
            says(&store, "Me again", 11).await;
        }
        let done = delete(&store, &request, at(20)).await.unwrap();
        assert_eq!((done.conversations, done.done_at.is_some()), (1, true), "after {steps} steps");
        let left = if was_buried { vec![Some(String::from("Me again"))] } else { Vec::new() };
        assert_eq!(texts(&store).await, left, "after {steps} steps");
        assert_eq!(says(&store, "word 0", 0).await, Ingested::Erased);
    }
    assert!(died >= 20, "{died} of {STEPS}");
}

#[tokio::test]
async fn of_a_message_that_is_being_sent_no_further_part_leaves() {
    let (store, api, clock) = (FakeStore::default(), FakeSendApi::default(), ManualClock::new(at(10)));
    says(&store, "Hi", 0).await;
    let id = replies(&store, &"word ".repeat(600), 5).await;
    replies(&store, "Anything else?", 6).await;
    // The first part was taken by the platform when the erasure comes.
    store.before(Call::Save, 1, |store| async move {
        erase(&store, &mia(), at(11), at(11)).await.unwrap();
    });
    assert!(drain(&store, &api, &clock, &mia(), None).await.is_err(), "its outcome has no row");
    clock.advance(std::time::Duration::from_mins(2));
    assert_eq!(drain(&store, &api, &clock, &mia(), None).await.unwrap().sent, []);
    assert_eq!(api.calls().len(), 1);
    // Its echo brings nothing back.
    let taken_as = api.calls().into_iter().find_map(|call| call.taken_as).unwrap();
    let echo = echo_of_ours(taken_as.as_str(), &id, 0, 2).at(at(12)).build();
    assert_eq!(ingest(&store, &FakeQueue::default(), &echo, at(12)).await.unwrap(), Ingested::Erased);
    assert!(matches!(store.standing(&mia()).await.unwrap(), Standing::Erased(_)));
    assert_eq!(store.open(&mia()).await.unwrap(), None);
}
