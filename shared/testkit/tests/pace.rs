//! A send waits for its Page's pace before its message is claimed: a worker that dies while it waits leaves no message in doubt.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::sync::atomic::{AtomicU32, Ordering};

use domain::deliver::drain;
use domain::id::{MessageId, PageId, PlatformMessageId, UserId};
use domain::ingest::ingest;
use domain::message::Outcome;
use domain::ports::{History, ProfileError, SendApi, SendError, SendRequest, ThreadRecord, ThreadRecordApi};
use domain::reply::{Draft, reply};
use domain::time::Timestamp;
use testkit::events::customer_says;
use testkit::ids::{MIA, at, conversation_of};
use testkit::messages::{agent, outcome};
use testkit::{FakeQueue, FakeSendApi, FakeStore, ManualClock};

/// A platform whose pace looks at the message that is to be sent next.
struct Watched<'a> {
    store: &'a FakeStore,
    message: &'a MessageId,
    api: FakeSendApi,
    turns: AtomicU32,
}

impl SendApi for Watched<'_> {
    async fn ready(&self, _page: &PageId) {
        let message = self.store.message(&conversation_of(MIA), self.message).await.unwrap().unwrap();
        assert_eq!(outcome(&message), Some(&Outcome::Queued { reason: None }), "nobody holds it yet");
        assert!(self.api.calls().is_empty());
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        self.api.send(request).await
    }
}

impl ThreadRecordApi for Watched<'_> {
    async fn sent_since(&self, page: &PageId, user: &UserId, since: Timestamp) -> Result<ThreadRecord, ProfileError> {
        self.api.sent_since(page, user, since).await
    }
}

#[tokio::test]
async fn a_message_is_claimed_only_when_its_turn_has_come() {
    let (store, queue) = (FakeStore::default(), FakeQueue::default());
    ingest(&store, &queue, &customer_says("Hi").build(), at(0)).await.unwrap();
    let draft = Draft { text: "Hello".into(), author: agent(), request: None };
    let message = reply(&store, &queue, &conversation_of(MIA), &draft, at(10), 1).await.unwrap().message.id;
    let api = Watched { store: &store, message: &message, api: FakeSendApi::default(), turns: AtomicU32::new(0) };
    let drained = drain(&store, &api, &ManualClock::new(at(11)), &conversation_of(MIA), None).await.unwrap();
    assert_eq!(drained.sent, std::slice::from_ref(&message));
    assert_eq!(api.turns.load(Ordering::Relaxed), 1, "its turn was waited for");
}
