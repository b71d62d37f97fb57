//! What the API reads of its callers, without a call: for tests that make up what callers send.

use domain::id::MessageId;
use domain::ports::InboxPosition;
use domain::reply::Draft;
use domain::triage::Decision;

use crate::dto::conversation::DecisionDto;
use crate::dto::message::ReplyDto;
use crate::{cursor, extract};

/// Reads a cursor of the list of conversations.
#[must_use]
pub fn conversation_cursor(text: &str) -> Option<InboxPosition> {
    cursor::parse_conversation(text).ok()
}

/// Reads a cursor of a list of messages.
#[must_use]
pub fn message_cursor(text: &str) -> Option<MessageId> {
    cursor::parse_message(text).ok()
}

/// Writes the cursor after a message.
#[must_use]
pub fn write_message_cursor(message: &MessageId) -> String {
    cursor::after_message(message)
}

/// Reads the body of a reply.
#[must_use]
pub fn reply(body: &[u8]) -> Option<Draft> {
    extract::parse::<ReplyDto>(body).ok()?.draft(None).ok()
}

/// Reads the body of a decision about a conversation.
#[must_use]
pub fn decision(body: &[u8]) -> Option<Decision> {
    extract::parse::<DecisionDto>(body).ok()?.try_into().ok()
}
