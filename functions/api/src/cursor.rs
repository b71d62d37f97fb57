//! Opaque cursors: where the next page starts, by key and not by number.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::announce::AnnouncementId;
use domain::consent::{Entry, EntryId};
use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::ports::InboxPosition;
use domain::time::Timestamp;

use crate::problem::Failure;

/// Marks the place after `conversation` in the inbox.
pub(crate) fn after_conversation(conversation: &Conversation) -> String {
    URL_SAFE_NO_PAD.encode(format!("c1.{}.{}", conversation.last_activity_at.as_millis(), conversation.id))
}

pub(crate) fn parse_conversation(cursor: &str) -> Result<InboxPosition, Failure> {
    let position = || {
        let text = decode(cursor)?;
        let (at, id) = text.strip_prefix("c1.")?.split_once('.')?;
        Some(InboxPosition { last_activity_at: Timestamp::from_millis(at.parse().ok()?), conversation: ConversationId::parse(id)? })
    };
    position().ok_or_else(invalid)
}

/// Marks the place after `message` in its conversation.
pub(crate) fn after_message(message: &MessageId) -> String {
    URL_SAFE_NO_PAD.encode(format!("m1.{message}"))
}

pub(crate) fn parse_message(cursor: &str) -> Result<MessageId, Failure> {
    decode(cursor).and_then(|text| MessageId::parse(text.strip_prefix("m1.")?)).ok_or_else(invalid)
}

/// Marks the place after an entry in its ledger.
pub(crate) fn after_consent(entry: &Entry) -> String {
    URL_SAFE_NO_PAD.encode(format!("n1.{}", entry.id()))
}

pub(crate) fn parse_consent(cursor: &str) -> Result<EntryId, Failure> {
    decode(cursor).and_then(|text| EntryId::parse(text.strip_prefix("n1.")?)).ok_or_else(invalid)
}

/// Marks the place after the delivery of `announcement` to its endpoint.
pub(crate) fn after_delivery(announcement: &AnnouncementId) -> String {
    URL_SAFE_NO_PAD.encode(format!("d1.{announcement}"))
}

pub(crate) fn parse_delivery(cursor: &str) -> Result<AnnouncementId, Failure> {
    decode(cursor).and_then(|text| AnnouncementId::parse(text.strip_prefix("d1.")?)).ok_or_else(invalid)
}

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

fn invalid() -> Failure {
    Failure::invalid("cursor", "is not one that this list returned; take 'next_cursor' as it came, or leave it out to start over")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{PageId, UserId};

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let at = Timestamp::from_millis(1_795_255_200_000);
        let conversation = Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), at);
        let position = parse_conversation(&after_conversation(&conversation)).unwrap();
        assert_eq!(position, InboxPosition { last_activity_at: at, conversation: conversation.id });
        let message = MessageId::new(at, 5);
        assert_eq!(parse_message(&after_message(&message)).unwrap(), message);
    }

    #[test]
    fn what_is_no_cursor_names_the_parameter() {
        for hostile in ["", "x", "YzEuLi4", "../..", "🙂", &"A".repeat(10_000)] {
            assert!(matches!(parse_conversation(hostile), Err(Failure::Invalid { field, .. }) if field == "cursor"));
            assert!(matches!(parse_message(hostile), Err(Failure::Invalid { field, .. }) if field == "cursor"));
            assert!(matches!(parse_consent(hostile), Err(Failure::Invalid { field, .. }) if field == "cursor"));
            assert!(matches!(parse_delivery(hostile), Err(Failure::Invalid { field, .. }) if field == "cursor"));
        }
    }
}
