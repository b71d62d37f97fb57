//! The ports `Erasure` and `Exporting`.

use domain::erase::Tombstone;
use domain::export::{Record, Records};
use domain::id::{ConversationId, DedupeKey, MessageId};
use domain::ports::{Erasure, Exporting, Removed, StoreError};
use domain::time::Timestamp;

use super::state::{Row, State};
use super::{Call, FakeStore};

/// How many rows one step takes.
const ROWS_A_STEP: usize = 2;

impl Erasure for FakeStore {
    async fn bury(&self, id: &ConversationId, tombstone: &Tombstone) -> Result<bool, StoreError> {
        self.call(Call::Bury, |state| {
            if state.version_of(id) != tombstone.version {
                return Ok(false);
            }
            state.conversations.remove(id);
            state.tombstones.insert(id.clone(), Tombstone { version: tombstone.version + 1, ..*tombstone });
            Ok(true)
        })
        .await
    }

    async fn remove(&self, id: &ConversationId, erased_at: Timestamp, after: Option<&str>) -> Result<Removed, StoreError> {
        self.call(Call::Remove, |state| {
            let begun_again = state.conversations.contains_key(id);
            let (step, next) = state.step(id, after);
            let gone: Vec<MessageId> = step.into_iter().filter(|row| !begun_again || row.moment() <= erased_at).collect();
            for row in &gone {
                state.remove(id, row);
            }
            Ok(Removed { rows: gone.len() as u64, next })
        })
        .await
    }
}

impl Exporting for FakeStore {
    async fn records(&self, id: &ConversationId, after: Option<&str>) -> Result<Records, StoreError> {
        self.call(Call::Records, |state| {
            let (step, next) = state.step(id, after);
            let mut records = Vec::new();
            if after.is_none() {
                records.extend(state.conversations.get(id).map(|conversation| Record::Conversation(Box::new(conversation.clone()))));
            }
            for row in step {
                records.extend(state.events_at(id, &row).map(|event| Record::Event(Box::new(event.clone()))));
                records.extend(state.messages.get(&(id.clone(), row)).map(|message| Record::Message(Box::new(message.clone()))));
            }
            Ok(Records { records, next })
        })
        .await
    }
}

impl State {
    /// Lists some rows of a conversation, and the place where the list goes on.
    fn step(&self, id: &ConversationId, after: Option<&str>) -> (Vec<MessageId>, Option<String>) {
        let messages = self.messages.keys().filter(|(of, _)| of == id).map(|(_, row)| row.clone());
        let events = self.events.keys().filter(|(of, _, _)| of.as_ref() == Some(id)).map(|(_, _, row)| row.clone());
        let mut rows: Vec<MessageId> = messages.chain(events).filter(|row| after.is_none_or(|after| row.as_str() > after)).collect();
        rows.sort();
        rows.dedup();
        let more = rows.len() > ROWS_A_STEP;
        rows.truncate(ROWS_A_STEP);
        let next = rows.last().filter(|_| more).map(MessageId::to_string);
        (rows, next)
    }

    fn events_at(&self, id: &ConversationId, row: &MessageId) -> impl Iterator<Item = &domain::history::TimelineEvent> {
        self.events.iter().filter(move |((of, _, at), _)| of.as_ref() == Some(id) && at == row).map(|(_, event)| event)
    }

    fn remove(&mut self, id: &ConversationId, row: &MessageId) {
        let place = (id.clone(), row.clone());
        self.pending.remove(&place);
        self.located.remove(row);
        self.messages.remove(&place);
        self.requests.retain(|_, (_, of)| *of != place);
        let derived = |key: &DedupeKey| MessageId::derived(row.moment(), key) == *row;
        self.markers.retain(|key, marker| match &marker.row {
            Some(Row::Message(of)) => *of != place,
            Some(Row::Event) => !derived(key),
            None => true,
        });
        self.events.retain(|(of, _, at), _| !(of.as_ref() == Some(id) && at == row));
    }
}
