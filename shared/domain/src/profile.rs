//! A person's name as the platform tells it: looked up once, refreshed now and then, never invented.

use std::time::Duration;

use crate::conversation::Conversation;
use crate::id::ConversationId;
use crate::ports::{History, ProfileApi, ProfileError, Recorded, Recording, StoreError};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// How long a name is taken for current.
const FRESH_FOR: Duration = Duration::from_hours(7 * 24);

/// How often a write is tried again after losing a race for the conversation.
const ATTEMPTS: u32 = 5;

/// Tells whether the name should be looked up.
#[must_use]
pub fn is_stale(conversation: &Conversation, now: Timestamp) -> bool {
    conversation.name_checked_at.is_none_or(|checked| now.since(checked) > FRESH_FOR)
}

/// What became of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookedUp {
    Named,
    /// The platform does not tell this person's name.
    Withheld,
    /// It is known well enough, or there is no such conversation.
    NotNeeded,
}

#[derive(Debug, thiserror::Error)]
pub enum LookUpError {
    #[error("the conversation could not be read or written")]
    Store(#[source] StoreError),
    #[error("the platform did not answer the profile request")]
    Profile(#[source] ProfileError),
    #[error("the conversation changed {ATTEMPTS} times while its name was written")]
    Busy,
}

impl Retryable for LookUpError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Profile(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// Asks the platform for the name of the conversation's person and keeps it.
pub async fn look_up(
    history: &impl History,
    profiles: &impl ProfileApi,
    id: &ConversationId,
    now: Timestamp,
) -> Result<LookedUp, LookUpError> {
    let Some(conversation) = history.conversation(id).await.map_err(LookUpError::Store)? else { return Ok(LookedUp::NotNeeded) };
    if !is_stale(&conversation, now) {
        return Ok(LookedUp::NotNeeded);
    }
    let name = profiles.name(&conversation.page, &conversation.user).await.map_err(LookUpError::Profile)?;
    let outcome = if name.is_some() { LookedUp::Named } else { LookedUp::Withheld };
    let mut current = Some(conversation);
    for _ in 0..ATTEMPTS {
        let Some(mut conversation) = current else { return Ok(LookedUp::NotNeeded) };
        conversation.name_checked_at = Some(now);
        // A name that was known stays when the platform stops telling it.
        conversation.name = name.clone().or(conversation.name);
        match history.record(&Recording { conversation: &conversation, entry: None }).await.map_err(LookUpError::Store)? {
            Recorded::New | Recorded::Duplicate => return Ok(outcome),
            Recorded::Stale => current = history.conversation(id).await.map_err(LookUpError::Store)?,
        }
    }
    Err(LookUpError::Busy)
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
