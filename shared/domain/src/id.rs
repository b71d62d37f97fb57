//! Identifiers as types, so that a page is never taken for a person.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::time::Timestamp;

/// An identifier that a platform gave: opaque text, up to [`LONGEST`] bytes.
macro_rules! platform_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns nothing when `value` is blank or longer than [`LONGEST`] bytes.
            #[must_use]
            pub fn new(value: impl Into<String>) -> Option<Self> {
                let value = value.into();
                (!value.trim().is_empty() && value.len() <= LONGEST).then_some(Self(value))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The most bytes that a platform's identifier may have; a partition key of the table takes 2048, with our prefix.
pub const LONGEST: usize = 1024;

platform_id! {
    /// A Facebook Page: the channel account that customers write to.
    PageId
}
platform_id! {
    /// A page-scoped user id (PSID): a person as one Page knows them.
    UserId
}
platform_id! {
    /// The platform's id of a message, `mid`. Can be longer than 128 characters.
    PlatformMessageId
}
platform_id! {
    /// A Meta app. Comes as a number in some events and as a string in others.
    AppId
}

/// A conversation: one per identity, for ever. `cnv_` and 26 characters, the same for the same Page and person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(String);

impl ConversationId {
    /// Derives the id from the identity, so that no look-up is needed to find the conversation of an event.
    #[must_use]
    pub fn of(page: &PageId, user: &UserId) -> Self {
        Self(format!("cnv_{}", digest_ulid(0, &["messenger", page.as_str(), user.as_str()])))
    }

    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        is_tagged_ulid("cnv_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message or another entry of a timeline: `msg_` and a ULID whose time is the moment of the entry, so that ids sort as time does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Makes the id of a new message of ours. `random` comes from the caller: this crate has no source of chance.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(format!("msg_{}", ulid(at, random)))
    }

    /// Derives the id of an entry from what makes it unique, so that recording it twice writes the same row.
    #[must_use]
    pub fn derived(at: Timestamp, key: &DedupeKey) -> Self {
        Self(format!("msg_{}", digest_ulid(at.as_millis(), &[key.as_str()])))
    }

    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        is_tagged_ulid("msg_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the moment of which it was made.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        let ms = Ulid::from_string(self.sort_key()).map_or(0, |ulid| ulid.timestamp_ms());
        Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
    }

    /// Returns the part that sorts by time.
    #[must_use]
    pub fn sort_key(&self) -> &str {
        self.0.strip_prefix("msg_").unwrap_or(&self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes an event the same event when it comes again: the `mid` where there is one, else a digest of what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupeKey(String);

impl DedupeKey {
    /// The key of a message that the platform numbered. Hashed: a `mid` may be too long for a key.
    #[must_use]
    pub fn of_message(page: &PageId, mid: &PlatformMessageId) -> Self {
        Self(format!("m{}", digest(&["mid", page.as_str(), mid.as_str()])))
    }

    /// The key of an event that has no number of its own.
    #[must_use]
    pub fn of_content(parts: &[&str]) -> Self {
        Self(format!("e{}", digest(parts)))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hashes `parts` with their lengths, so that `["ab", "c"]` and `["a", "bc"]` differ.
pub(crate) fn hash(parts: &[&str]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    sha.finalize().into()
}

fn digest(parts: &[&str]) -> String {
    let [head, tail] = halves(hash(parts));
    format!("{}{}", Ulid(head), Ulid(tail)).to_ascii_lowercase()
}

fn halves(hash: [u8; 32]) -> [u128; 2] {
    let mut head = [0; 16];
    let mut tail = [0; 16];
    head.copy_from_slice(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
    tail.copy_from_slice(hash.last_chunk::<16>().unwrap_or(&[0; 16]));
    [u128::from_be_bytes(head), u128::from_be_bytes(tail)]
}

fn digest_ulid(ms: i64, parts: &[&str]) -> Ulid {
    let [head, _] = halves(hash(parts));
    if ms == 0 { Ulid(head) } else { ulid(Timestamp::from_millis(ms), head) }
}

fn ulid(at: Timestamp, random: u128) -> Ulid {
    Ulid::from_parts(u64::try_from(at.as_millis()).unwrap_or(0), random)
}

/// Derives an id of `tag` and 26 characters from `parts`.
pub(crate) fn tagged(tag: &str, parts: &[&str]) -> String {
    format!("{tag}{}", digest_ulid(0, parts))
}

/// Derives an id of `tag` and 26 characters from `parts`, which sorts by `at`.
pub(crate) fn tagged_at(tag: &str, at: Timestamp, parts: &[&str]) -> String {
    format!("{tag}{}", digest_ulid(at.as_millis(), parts))
}

pub(crate) fn is_tagged_ulid(tag: &str, value: &str) -> bool {
    value.strip_prefix(tag).is_some_and(|rest| rest.len() == 26 && Ulid::from_string(rest).is_ok_and(|ulid| ulid.to_string() == rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_identity_has_one_conversation() {
        let page = PageId::new("108234567890123").unwrap();
        let mia = UserId::new("7402918836412905").unwrap();
        let jonas = UserId::new("7402918836412906").unwrap();
        assert_eq!(ConversationId::of(&page, &mia), ConversationId::of(&page, &mia));
        assert_ne!(ConversationId::of(&page, &mia), ConversationId::of(&page, &jonas));
        let id = ConversationId::of(&page, &mia);
        assert_eq!(ConversationId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn message_ids_sort_as_time_does() {
        let early = MessageId::new(Timestamp::from_millis(1_795_255_200_000), u128::MAX);
        let late = MessageId::new(Timestamp::from_millis(1_795_255_200_001), 0);
        assert!(early < late);
        assert!(early.sort_key() < late.sort_key());
    }

    #[test]
    fn ids_from_outside_are_read_only_when_they_are_ours() {
        for hostile in [
            "",
            "msg_",
            "msg_01K8Z6B6Y2QW",
            "cnv_01K8Z6B6Y2QW00000000000000x",
            "msg_../../../etc/passwd000000",
            "MSG_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        ] {
            assert_eq!(MessageId::parse(hostile), None, "{hostile}");
        }
        assert!(MessageId::parse("msg_01ARZ3NDEKTSV4RRFFQ69G5FAV").is_some());
        assert!(MessageId::parse("msg_01arz3ndektsv4rrffq69g5fav").is_none(), "one spelling only");
    }

    #[test]
    fn blank_and_endless_platform_ids_are_refused() {
        assert_eq!(PageId::new("  "), None);
        assert_eq!(UserId::new("1".repeat(LONGEST + 1)), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(DedupeKey::of_content(&["ab", "c"]), DedupeKey::of_content(&["a", "bc"]));
    }
}
