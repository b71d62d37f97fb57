//! Erasing what is stored of one person: their conversation with one Page, and whatever points into it.
//!
//! ```text
//! bury: a tombstone takes the summary's place ─▶ remove: the rows, and before each what points to it, page by page ─▶ forget: the consents
//! ```
//!
//! From the tombstone on, nothing that is older is taken again ([`crate::ingest`]) and no worker begins to send: there is no conversation to
//! send in. A worker that had begun may claim a message until its row is removed, and its call may still arrive; its answer finds no row, no
//! further part leaves, and its echo is dropped.

use std::time::Duration;

use crate::consent::{self, Consents, Subject};
use crate::conversation::Conversation;
use crate::id::ConversationId;
use crate::orders::Orders;
use crate::ports::{Erasure, History, StoreError};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// How often a tombstone is written again after losing a race for the summary.
const ATTEMPTS: u32 = 10;

/// How far ahead of our clock a message of ours may have been accepted; see [`crate::reply`].
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// What stays of an erased conversation: no word, no name, no id of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// What is not younger is gone, and is not taken again.
    pub erased_at: Timestamp,
    /// Grows on from the summary's.
    pub version: u64,
}

/// What stands under a conversation's id.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    Nothing,
    Erased(Tombstone),
    Conversation(Box<Conversation>),
}

impl Standing {
    #[must_use]
    pub fn conversation(&self) -> Option<&Conversation> {
        match self {
            Self::Conversation(conversation) => Some(conversation),
            Self::Nothing | Self::Erased(_) => None,
        }
    }

    #[must_use]
    pub fn into_conversation(self) -> Option<Conversation> {
        match self {
            Self::Conversation(conversation) => Some(*conversation),
            Self::Nothing | Self::Erased(_) => None,
        }
    }

    /// Returns the moment of the last erasure.
    #[must_use]
    pub fn erased_at(&self) -> Option<Timestamp> {
        match self {
            Self::Nothing => None,
            Self::Erased(tombstone) => Some(tombstone.erased_at),
            Self::Conversation(conversation) => conversation.erased_at,
        }
    }

    /// Tells whether what happened at `at` was erased.
    #[must_use]
    pub fn is_erased(&self, at: Timestamp) -> bool {
        self.erased_at().is_some_and(|erased_at| at <= erased_at)
    }

    fn version(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Erased(tombstone) => tombstone.version,
            Self::Conversation(conversation) => conversation.version,
        }
    }
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// What is not younger is gone.
    pub erased_at: Timestamp,
    /// How many rows this run removed, the summary not counted.
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("the conversation could not be read or removed; erase it again to go on")]
    Store(#[source] StoreError),
    #[error("the conversation changed {ATTEMPTS} times while it was erased")]
    Busy,
}

impl Retryable for EraseError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// Erases a conversation, as was asked at `asked_at`. A run that was broken off goes on when it is asked again with the same moment: what the
/// customer wrote after the tombstone stays. Asked with a later moment, it is another erasure, of everything until now.
pub async fn erase<S: History + Erasure + Consents + Orders>(
    store: &S,
    id: &ConversationId,
    asked_at: Timestamp,
    now: Timestamp,
) -> Result<Erased, EraseError> {
    let erased_at = bury(store, id, asked_at, now).await?;
    let mut rows = 0;
    let mut after = None;
    loop {
        let removed = store.remove(id, erased_at, after.as_deref()).await.map_err(EraseError::Store)?;
        rows += removed.rows;
        after = removed.next;
        if after.is_none() {
            break;
        }
    }
    let subject = Subject::Conversation { conversation: id.clone() };
    rows += erase_orders(store, id, erased_at).await.map_err(EraseError::Store)?;
    rows += consent::forget(store, &subject, erased_at).await.map_err(EraseError::Store)?;
    Ok(Erased { erased_at, rows })
}

/// Removes the person's own orders with what they agreed to under the shop's names for them, and takes away those that they only named.
async fn erase_orders<S: Consents + Orders>(store: &S, id: &ConversationId, erased_at: Timestamp) -> Result<u64, StoreError> {
    let mut removed = 0;
    for tied in store.tied_orders(id).await? {
        let order = store.order(&tied.order).await?.filter(|order| order.conversation.as_ref() == Some(id));
        match order {
            Some(order) if order.created_at <= erased_at => {
                for subject in order.subjects() {
                    removed += consent::forget(store, &subject, erased_at).await?;
                }
                removed += 1 + order.notices.len() as u64;
                store.remove_order(&order).await?;
            }
            Some(_) => {}
            None => store.untie(id, &tied.order).await?,
        }
    }
    Ok(removed)
}

/// Puts a tombstone into the place of the summary, unless one was put since `asked_at`, and returns up to when everything goes.
async fn bury<S: History + Erasure>(store: &S, id: &ConversationId, asked_at: Timestamp, now: Timestamp) -> Result<Timestamp, EraseError> {
    for _ in 0..ATTEMPTS {
        let standing = store.standing(id).await.map_err(EraseError::Store)?;
        if let Some(erased_at) = standing.erased_at().filter(|erased_at| *erased_at >= asked_at) {
            return Ok(erased_at);
        }
        let erased_at = end_of(&standing, now);
        let tombstone = Tombstone { erased_at, version: standing.version() };
        if store.bury(id, &tombstone).await.map_err(EraseError::Store)? {
            return Ok(erased_at);
        }
    }
    Err(EraseError::Busy)
}

/// Returns now, or the moment of our last message when that was accepted a little ahead: it must not leave any more.
fn end_of(standing: &Standing, now: Timestamp) -> Timestamp {
    let ours = standing.conversation().and_then(|conversation| conversation.last_outbound_at);
    ours.filter(|at| *at <= now.plus(CLOCK_SKEW)).map_or(now, |at| at.max(now))
}
