//! The port `Outbox`.

use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::message::{Message, Outcome, WaitingFor};
use domain::ports::{Accepted, Claim, OpenConversation, Outbox, StoreError};
use domain::reply::MOST_PENDING;
use domain::time::Timestamp;

use super::state::State;
use super::{Call, FakeStore};

impl Outbox for FakeStore {
    async fn open(&self, id: &ConversationId) -> Result<Option<OpenConversation>, StoreError> {
        self.call(Call::Open, |state| {
            let Some(conversation) = state.conversations.get(id).cloned() else { return Ok(None) };
            let pending = state.pending.keys().filter(|(of, _)| of == id).map(|(_, message)| message.clone());
            Ok(Some(OpenConversation { conversation, pending: pending.take(MOST_PENDING).collect() }))
        })
        .await
    }

    async fn accept(&self, message: &Message, conversation: &Conversation, due_at: Timestamp) -> Result<Accepted, StoreError> {
        self.call(Call::Accept, |state| {
            let place = (message.conversation.clone(), message.id.clone());
            if let Some((fingerprint, first)) = message.request.as_ref().and_then(|request| state.requests.get(&request.key)) {
                let same = message.request.as_ref().is_some_and(|request| request.fingerprint == *fingerprint);
                let first = state.message(first).filter(|_| same);
                return Ok(first.map_or(Accepted::KeyOfAnother, |message| Accepted::Repeated(Box::new(message))));
            }
            if !state.is_current(conversation) || state.messages.contains_key(&place) {
                return Ok(Accepted::Stale);
            }
            state.put(conversation);
            state.messages.insert(place.clone(), Message { revision: 1, ..message.clone() });
            if let Some(request) = &message.request {
                state.requests.insert(request.key.clone(), (request.fingerprint.clone(), place.clone()));
            }
            state.pending.insert(place, Some(due_at));
            Ok(Accepted::Accepted)
        })
        .await
    }

    async fn claim(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.call(Call::Claim, |state| Ok(state.claim(&(conversation.clone(), message.clone()), now, lease_until))).await
    }

    async fn forget(&self, conversation: &ConversationId, message: &MessageId) -> Result<(), StoreError> {
        self.call(Call::Forget, |state| {
            state.pending.remove(&(conversation.clone(), message.clone()));
            Ok(())
        })
        .await
    }

    async fn set_waiting(&self, conversation: &ConversationId, on: Option<WaitingFor>) -> Result<Option<Conversation>, StoreError> {
        self.call(Call::SetWaiting, |state| {
            let Some(stored) = state.conversations.get_mut(conversation) else { return Ok(None) };
            stored.waiting_for = on;
            stored.version += 1;
            Ok(Some(stored.clone()))
        })
        .await
    }
}

impl State {
    fn claim(&mut self, place: &(ConversationId, MessageId), now: Timestamp, lease_until: Timestamp) -> Claim {
        let Some(message) = self.messages.get_mut(place) else { return Claim::Ended };
        let Some(sending) = &mut message.sending else { return Claim::Ended };
        match sending.outcome {
            Outcome::Queued { .. } | Outcome::Waiting { .. } => {
                sending.outcome = Outcome::Sending { lease_until };
                sending.attempts += 1;
                message.revision += 1;
                self.message(place).map_or(Claim::Ended, |message| Claim::Ours(Box::new(message)))
            }
            Outcome::Sending { lease_until } if lease_until > now => Claim::HeldElsewhere(lease_until),
            Outcome::Sending { .. } => self.message(place).map_or(Claim::Ended, |message| Claim::Abandoned(Box::new(message))),
            Outcome::Unconfirmed { since, .. } => Claim::Unconfirmed(since),
            Outcome::Sent { .. } | Outcome::Failed { .. } => Claim::Ended,
        }
    }
}
