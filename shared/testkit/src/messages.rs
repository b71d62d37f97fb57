//! Conversations and messages of ours, as the use cases would make them.

use domain::conversation::Conversation;
use domain::id::{MessageId, PlatformMessageId};
use domain::message::{Author, AuthorKind, Message, MessageKind, Outcome, Outgoing, Part};
use domain::time::Timestamp;

use crate::ids::{MIA, PAGE, at, mid, page, user};

/// Begins the conversation of [`MIA`] with [`PAGE`].
#[must_use]
pub fn conversation() -> Conversation {
    conversation_with(PAGE, MIA)
}

#[must_use]
pub fn conversation_with(page_id: &str, person: &str) -> Conversation {
    Conversation::begin(page(page_id), user(person), at(0))
}

#[must_use]
pub fn agent() -> Author {
    Author { kind: AuthorKind::Agent, id: Some("agt_1".into()), name: Some("Ada".into()) }
}

#[must_use]
pub fn bot() -> Author {
    Author { kind: AuthorKind::Bot, id: None, name: None }
}

/// Returns a message of ours that is queued with one part for each text.
#[must_use]
pub fn reply_in(conversation: &Conversation, accepted_at: Timestamp, texts: &[&str]) -> Message {
    let outgoing = Outgoing {
        kind: MessageKind::Text,
        author: agent(),
        text: texts.join(" "),
        parts: texts.iter().map(|text| Part::new(*text, None)).collect(),
        request: None,
        notice: None,
    };
    Message::outbound(conversation, outgoing, accepted_at, 7)
}

/// Returns the message as it is with another outcome.
#[must_use]
pub fn with_outcome(mut message: Message, outcome: Outcome) -> Message {
    if let Some(sending) = &mut message.sending {
        sending.outcome = outcome;
    }
    message
}

/// Returns the message as it is when the platform took every part of it at `at`.
#[must_use]
pub fn taken(mut message: Message, ids: &[&str], at: Timestamp) -> Message {
    for (index, id) in ids.iter().enumerate() {
        message.part_taken(index, &mid(id), at);
    }
    message
}

/// Returns the platform's ids as text.
#[must_use]
pub fn names(ids: &[PlatformMessageId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Returns the outcome of a message of ours.
#[must_use]
pub fn outcome(message: &Message) -> Option<&Outcome> {
    message.sending.as_ref().map(|sending| &sending.outcome)
}

/// Returns the ids of messages.
#[must_use]
pub fn ids(messages: &[Message]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id.clone()).collect()
}
