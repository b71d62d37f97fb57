//! The port `History`.

use domain::erase::Standing;
use domain::history::{Entry, TimelineEvent};
use domain::id::{ConversationId, DedupeKey, MessageId, PlatformMessageId};
use domain::message::{Message, MessageChange, Outcome, WaitingFor};
use domain::ports::{History, Kept, Parked, Recorded, Recording, Saved, StoreError};
use domain::time::Timestamp;

use super::state::{Marker, Row, State, Turn};
use super::{Call, FakeStore};

/// The most changes that wait for one message.
const MOST_CHANGES: usize = 50;

impl History for FakeStore {
    async fn standing(&self, id: &ConversationId) -> Result<Standing, StoreError> {
        self.call(Call::Standing, |state| Ok(state.standing(id))).await
    }

    async fn record(&self, recording: &Recording<'_>) -> Result<Recorded, StoreError> {
        self.call(Call::Record, |state| Ok(state.record(recording))).await
    }

    async fn record_page_event(&self, event: &TimelineEvent, key: &DedupeKey) -> Result<Recorded, StoreError> {
        self.call(Call::RecordPageEvent, |state| {
            if state.markers.contains_key(key) {
                return Ok(Recorded::Duplicate);
            }
            state.markers.insert(key.clone(), Marker { row: Some(Row::Event), changes: Vec::new() });
            state.put_event(event);
            Ok(Recorded::New)
        })
        .await
    }

    async fn message(&self, conversation: &ConversationId, id: &MessageId) -> Result<Option<Message>, StoreError> {
        self.call(Call::Message, |state| Ok(state.message(&(conversation.clone(), id.clone())))).await
    }

    async fn message_by_key(&self, key: &DedupeKey) -> Result<Option<Message>, StoreError> {
        self.call(Call::MessageByKey, |state| match state.markers.get(key).and_then(|marker| marker.row.clone()) {
            None => Ok(None),
            Some(Row::Message(place)) => Ok(state.message(&place)),
            Some(Row::Event) => Err(StoreError::Corrupt { key: key.as_str().into(), reason: "no message".into() }),
        })
        .await
    }

    async fn save(&self, message: &Message, due_at: Option<Timestamp>) -> Result<Saved, StoreError> {
        self.call(Call::Save, |state| Ok(state.save(message, due_at))).await
    }

    async fn keep_change(&self, key: &DedupeKey, _platform_id: &PlatformMessageId, change: &MessageChange) -> Result<Kept, StoreError> {
        self.call(Call::KeepChange, |state| {
            let marker = state.markers.entry(key.clone()).or_default();
            if marker.row.is_some() {
                return Ok(Kept::MessageIsThere);
            }
            if marker.changes.len() >= MOST_CHANGES {
                return Err(StoreError::Refused { reason: format!("{MOST_CHANGES} changes wait for the same message already") });
            }
            marker.changes.push(change.clone());
            Ok(Kept::UntilMessageComes)
        })
        .await
    }

    async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        self.call(Call::Park, |state| {
            state.park(parked);
            Ok(())
        })
        .await
    }
}

impl State {
    fn record(&mut self, recording: &Recording<'_>) -> Recorded {
        let conversation = recording.conversation;
        if conversation.version == 0 {
            self.pages.insert(conversation.page.clone());
        }
        if let Some((entry, key)) = recording.entry {
            let marker = self.markers.get(key);
            let stands = match entry {
                Entry::Message(_) => marker.is_some_and(|marker| marker.row.is_some()),
                Entry::Event(_) => marker.is_some(),
            };
            if stands {
                return Recorded::Duplicate;
            }
        }
        if !self.is_current(conversation) {
            return Recorded::Stale;
        }
        match recording.entry {
            None => {}
            Some((Entry::Event(event), key)) => {
                self.markers.insert(key.clone(), Marker { row: Some(Row::Event), changes: Vec::new() });
                // The row stands where the conversation does, whatever the event says.
                self.put_event(&TimelineEvent { conversation: Some(conversation.id.clone()), ..event.clone() });
            }
            Some((Entry::Message(message), key)) => {
                let place = (message.conversation.clone(), message.id.clone());
                if self.messages.contains_key(&place) {
                    return Recorded::Stale;
                }
                let mut stored = Message { revision: 1, ..(**message).clone() };
                for change in self.markers.get(key).map_or(&[][..], |marker| &marker.changes) {
                    stored.apply(change);
                }
                self.markers.insert(key.clone(), Marker { row: Some(Row::Message(place.clone())), changes: Vec::new() });
                self.messages.insert(place, stored);
            }
        }
        self.put(conversation);
        Recorded::New
    }

    fn save(&mut self, message: &Message, due_at: Option<Timestamp>) -> Saved {
        let place = (message.conversation.clone(), message.id.clone());
        let Some(stored) = self.messages.get(&place).filter(|stored| stored.revision == message.revision) else { return Saved::Stale };
        // The raw event stands in attributes of its own: a change does not write it, an unsend removes it.
        let raw = stored.raw.clone();
        let mut next = Message { revision: message.revision + 1, ..message.clone() };
        if let Some(sending) = &message.sending {
            for platform_id in &message.platform_ids {
                let marker = self.markers.entry(DedupeKey::of_message(&message.page, platform_id)).or_default();
                marker.row = Some(Row::Message(place.clone()));
                for change in marker.changes.drain(..) {
                    next.apply(&change);
                }
            }
            if sending.outcome.may_be_decided() {
                self.located.insert(message.id.clone(), place.clone());
            }
            if sending.outcome.is_pending() {
                let on_hold = matches!(sending.outcome, Outcome::Waiting { on: WaitingFor::Page, .. });
                let due = due_at.map(|at| if on_hold { Turn::WithPage(message.page.clone(), at) } else { Turn::At(at) });
                self.pending.insert(place.clone(), due);
            } else {
                self.pending.remove(&place);
            }
        }
        let saved = Saved::Saved(Box::new(next.clone()));
        next.raw = raw.filter(|_| next.unsent_at.is_none());
        self.messages.insert(place, next);
        saved
    }
}
