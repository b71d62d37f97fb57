//! What many cases do.

use std::error::Error;

use domain::conversation::Conversation;
use domain::history::{self, Entry};
use domain::id::{ConversationId, MessageId, UserId};
use domain::inbound::{InboundEvent, Party};
use domain::ingest::{Ingested, ingest};
use domain::message::Message;
use domain::ports::{Accepted, Claim, Recorded, Recording};
use domain::time::Timestamp;

use super::Store;
use crate::FakeQueue;
use crate::ids::{MIA, at, conversation_of};
use crate::messages::reply_in;

pub(super) type Tried<T> = Result<T, Box<dyn Error>>;

/// Takes an event as the product does.
pub(super) async fn take(store: &impl Store, event: &InboundEvent) -> Tried<Ingested> {
    Ok(ingest(store, &FakeQueue::default(), event, event.occurred_at).await?)
}

/// What one recording of an event writes, as computed from the conversation that was read.
pub(super) struct Prepared {
    pub(super) conversation: Conversation,
    pub(super) entry: Option<Entry>,
    key: domain::id::DedupeKey,
}

impl Prepared {
    pub(super) fn recording(&self) -> Recording<'_> {
        Recording { conversation: &self.conversation, entry: self.entry.as_ref().map(|entry| (entry, &self.key)) }
    }

    pub(super) async fn write(&self, store: &impl Store) -> Tried<Recorded> {
        Ok(store.record(&self.recording()).await?)
    }

    pub(super) fn message(&self) -> Tried<&Message> {
        match &self.entry {
            Some(Entry::Message(message)) => Ok(message),
            Some(Entry::Event(_)) | None => Err("the event makes no message".into()),
        }
    }
}

/// Reads the conversation and works out what recording `event` would write.
pub(super) async fn prepare(store: &impl Store, event: &InboundEvent) -> Tried<Prepared> {
    let user = person(event)?;
    let current = store.conversation(&ConversationId::of(&event.page, user)).await?;
    let change = history::apply(current.as_ref(), user, event).ok_or("the event changes nothing")?;
    Ok(Prepared { conversation: change.conversation, entry: change.entry, key: event.dedupe_key() })
}

fn person(event: &InboundEvent) -> Tried<&UserId> {
    match &event.party {
        Party::Person(user) => Ok(user),
        Party::Reference(_) | Party::Page => Err("the event is of no person".into()),
    }
}

/// Reads a conversation that must be there.
pub(super) async fn read(store: &impl Store, id: &ConversationId) -> Tried<Conversation> {
    Ok(store.conversation(id).await?.ok_or("the conversation is not there")?)
}

/// Reads a message that must be there.
pub(super) async fn read_message(store: &impl Store, message: &Message) -> Tried<Message> {
    Ok(store.message(&message.conversation, &message.id).await?.ok_or("the message is not there")?)
}

/// Begins a conversation by a word of its customer.
pub(super) async fn begun(store: &impl Store) -> Tried<Conversation> {
    take(store, &crate::events::customer_says("Hi").build()).await?;
    read(store, &conversation_of(MIA)).await
}

/// Accepts a message of ours with one part for each text, due two minutes after its moment.
pub(super) async fn accepted(store: &impl Store, id: &ConversationId, moment: Timestamp, texts: &[&str]) -> Tried<Message> {
    let mut conversation = read(store, id).await?;
    let message = reply_in(&conversation, moment, texts);
    conversation.page_wrote(true, moment);
    assert_eq!(store.accept(&message, &conversation, due_of(moment)).await?, Accepted::Accepted);
    Ok(message)
}

/// When a message that was accepted at `moment` is due.
pub(super) fn due_of(moment: Timestamp) -> Timestamp {
    moment.plus(std::time::Duration::from_mins(2))
}

/// Claims a message at `at(100)` until `at(160)`; it must be free.
pub(super) async fn claimed(store: &impl Store, message: &Message) -> Tried<Message> {
    match store.claim(&message.conversation, &message.id, at(100), at(160)).await? {
        Claim::Ours(message) => Ok(*message),
        other @ (Claim::HeldElsewhere(_) | Claim::Abandoned(_) | Claim::Unconfirmed(_) | Claim::Ended) => Err(format!("{other:?}").into()),
    }
}

pub(super) async fn pending(store: &impl Store, id: &ConversationId) -> Tried<Vec<MessageId>> {
    Ok(store.open(id).await?.ok_or("the conversation is not there")?.pending)
}
