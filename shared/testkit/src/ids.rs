//! Ids and moments, with the ones that tests use when they do not care.

use std::time::Duration;

use domain::id::{AppId, ConversationId, DedupeKey, MessageId, PageId, PlatformMessageId, UserId};
use domain::time::Timestamp;

/// 2026-11-21T10:00:00Z, the moment from which tests count.
const START_MS: i64 = 1_795_255_200_000;

/// The Page of a test that has one Page.
pub const PAGE: &str = "108234567890123";
/// The person of a test that has one person.
pub const MIA: &str = "7402918836412905";
/// Another person.
pub const JONAS: &str = "7402918836412906";

/// Returns the moment so many seconds after the one from which tests count.
#[must_use]
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(START_MS).plus(Duration::from_secs(seconds))
}

#[must_use]
#[expect(clippy::expect_used, reason = "a test that names a thing badly should stop there")]
pub fn page(id: &str) -> PageId {
    PageId::new(id).expect("a Page's id")
}

#[must_use]
#[expect(clippy::expect_used, reason = "a test that names a thing badly should stop there")]
pub fn user(id: &str) -> UserId {
    UserId::new(id).expect("a person's id")
}

#[must_use]
#[expect(clippy::expect_used, reason = "a test that names a thing badly should stop there")]
pub fn mid(id: &str) -> PlatformMessageId {
    PlatformMessageId::new(id).expect("a platform's message id")
}

#[must_use]
#[expect(clippy::expect_used, reason = "a test that names a thing badly should stop there")]
pub fn app(id: &str) -> AppId {
    AppId::new(id).expect("an app's id")
}

/// Returns the conversation of a person with [`PAGE`].
#[must_use]
pub fn conversation_of(person: &str) -> ConversationId {
    ConversationId::of(&page(PAGE), &user(person))
}

/// Returns an id of a message of ours, accepted at `at`.
#[must_use]
pub fn message_id(at: Timestamp, random: u128) -> MessageId {
    MessageId::new(at, random)
}

/// Returns the key of a message that [`PAGE`] has under a platform's id.
#[must_use]
pub fn key_of(id: &str) -> DedupeKey {
    DedupeKey::of_message(&page(PAGE), &mid(id))
}
