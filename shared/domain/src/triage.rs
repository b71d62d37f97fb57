//! What agents decide about a conversation: whether its case is closed, and who has it.

use crate::conversation::{Case, Conversation, Status};
use crate::id::ConversationId;
use crate::ports::{History, Recorded, Recording, StoreError};

/// How often a write is tried again after losing a race for the conversation.
const ATTEMPTS: u32 = 10;

/// A decision; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub status: Option<Status>,
    pub assignment: Option<Assignment>,
    /// Whether everything so far counts as read.
    pub read: bool,
}

/// Who has a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    To(String),
    Everybody,
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("there is no such conversation")]
    NoSuchConversation,
    #[error("the conversation could not be read or written")]
    Store(#[source] StoreError),
    #[error("the conversation changed {ATTEMPTS} times while the decision was written")]
    Busy,
}

/// Writes a decision and returns the conversation as it is then.
pub async fn decide(history: &impl History, id: &ConversationId, decision: &Decision) -> Result<Conversation, DecideError> {
    for _ in 0..ATTEMPTS {
        let current = history.conversation(id).await.map_err(DecideError::Store)?.ok_or(DecideError::NoSuchConversation)?;
        let mut next = current.clone();
        apply(&mut next, decision);
        if next == current {
            return Ok(current);
        }
        match history.record(&Recording { conversation: &next, entry: None }).await.map_err(DecideError::Store)? {
            Recorded::New | Recorded::Duplicate => return Ok(next),
            Recorded::Stale => {}
        }
    }
    Err(DecideError::Busy)
}

/// Resolving closes the case; reopening a resolved conversation by hand goes on with the same case.
fn apply(conversation: &mut Conversation, decision: &Decision) {
    if let Some(status) = decision.status {
        conversation.case = Case { status, ..conversation.case.clone() };
    }
    if decision.read || decision.status == Some(Status::Resolved) {
        conversation.unread_count = 0;
    }
    if decision.status == Some(Status::Resolved) {
        conversation.unanswered_since = None;
    }
    match &decision.assignment {
        Some(Assignment::To(assignee)) => conversation.assignee = Some(assignee.clone()),
        Some(Assignment::Everybody) => conversation.assignee = None,
        None => {}
    }
}

#[cfg(test)]
#[path = "triage_tests.rs"]
mod tests;
