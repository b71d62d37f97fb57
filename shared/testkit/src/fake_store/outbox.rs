//! The port `Outbox`.

use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::message::{Message, Outcome, RequestKey, WaitingFor};
use domain::ports::{Accepted, Claim, OpenConversation, Outbox, StoreError};
use domain::reply::MOST_PENDING;
use domain::time::Timestamp;

use super::state::{State, Turn};
use super::{Call, FakeStore};

impl Outbox for FakeStore {
    async fn find(&self, message: &MessageId) -> Result<Option<Message>, StoreError> {
        self.call(Call::Find, |state| Ok(state.located.get(message).and_then(|place| state.message(place)))).await
    }

    async fn accepted(&self, request: &RequestKey) -> Result<Option<Accepted>, StoreError> {
        self.call(Call::Accepted, |state| Ok(state.accepted(request))).await
    }

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
            if let Some(accepted) = message.request.as_ref().and_then(|request| state.accepted(request)) {
                return Ok(accepted);
            }
            if !state.is_current(conversation) || state.messages.contains_key(&place) {
                return Ok(Accepted::Stale);
            }
            state.put(conversation);
            state.messages.insert(place.clone(), Message { revision: 1, ..message.clone() });
            if let Some(request) = &message.request {
                state.requests.insert(request.key.clone(), (request.fingerprint.clone(), place.clone()));
            }
            state.pending.insert(place, Some(Turn::At(due_at)));
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

    async fn close_window(
        &self,
        conversation: &ConversationId,
        estimate: Timestamp,
        closed_at: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        self.call(Call::CloseWindow, |state| {
            let Some(stored) = state.conversations.get_mut(conversation) else { return Ok(None) };
            if stored.window_ends_at == Some(estimate) {
                stored.window_ends_at = Some(closed_at);
                stored.version += 1;
            }
            Ok(Some(stored.clone()))
        })
        .await
    }
}

impl State {
    fn accepted(&self, request: &RequestKey) -> Option<Accepted> {
        let (fingerprint, first) = self.requests.get(&request.key)?;
        let first = self.message(first).filter(|_| request.fingerprint == *fingerprint);
        Some(first.map_or(Accepted::KeyOfAnother, |message| Accepted::Repeated(Box::new(message))))
    }

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
