//! A person's request, made through the platform, that what an app knows of them is deleted.
//!
//! Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback/>

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::consent::Consents;
use crate::erase::{EraseError, Standing, erase};
use crate::id::{ConversationId, UserId};
use crate::orders::Orders;
use crate::ports::{Deletions, Erasure, History};
use crate::time::Timestamp;

/// How a person asks after their request: 32 lower-case hexadecimal digits that nobody guesses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfirmationCode(String);

impl ConfirmationCode {
    /// Reads a code; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (value.len() == 32 && value.bytes().all(is_digit)).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConfirmationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionRequest {
    pub code: ConfirmationCode,
    /// The person as the app knows them. That is no page-scoped id, so it seldom finds a conversation.
    pub user: UserId,
}

/// What became of a request. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    pub code: ConfirmationCode,
    pub asked_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// How many conversations were erased.
    #[serde(default)]
    pub conversations: u32,
}

/// Carries a request out: erases the conversations that its id has with the Pages that we know. Done twice, it changes nothing.
pub async fn delete<S: Deletions + History + Erasure + Consents + Orders>(
    store: &S,
    request: &DeletionRequest,
    now: Timestamp,
) -> Result<Deletion, EraseError> {
    let known = store.deletion(&request.code).await.map_err(EraseError::Store)?;
    let mut deletion = match known {
        Some(known) if known.done_at.is_some() => return Ok(known),
        Some(known) => known,
        None => Deletion { code: request.code.clone(), asked_at: now, done_at: None, conversations: 0 },
    };
    store.put_deletion(&deletion).await.map_err(EraseError::Store)?;
    for page in store.known_pages().await.map_err(EraseError::Store)? {
        let id = ConversationId::of(&page, &request.user);
        if store.standing(&id).await.map_err(EraseError::Store)? != Standing::Nothing {
            erase(store, &id, deletion.asked_at, now).await?;
            deletion.conversations += 1;
        }
    }
    deletion.done_at = Some(now);
    store.put_deletion(&deletion).await.map_err(EraseError::Store)?;
    Ok(deletion)
}
