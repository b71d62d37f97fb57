//! Conversations and messages of ours, as the use cases would make them.

use domain::conversation::Conversation;
use domain::id::{MessageId, PlatformMessageId};
use domain::message::{Author, AuthorKind, Direction, Message, MessageKind, Outcome, Part, Sending};
use domain::time::Timestamp;

use crate::ids::{MIA, PAGE, at, message_id, mid, page, user};

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
    let part = |text: &&str| Part { text: (*text).to_owned(), platform_id: None, echoed_at: None };
    Message {
        id: message_id(accepted_at, 7),
        conversation: conversation.id.clone(),
        page: conversation.page.clone(),
        user: conversation.user.clone(),
        direction: Direction::Outbound,
        kind: MessageKind::Text,
        author: agent(),
        occurred_at: accepted_at,
        text: Some(texts.join(" ")),
        attachments: Vec::new(),
        payload: None,
        reply_to: None,
        referral: None,
        platform_ids: Vec::new(),
        app: None,
        standby: false,
        reaction: None,
        edits: Vec::new(),
        unsent_at: None,
        request: None,
        sending: Some(Sending {
            outcome: Outcome::Queued { reason: None },
            attempts: 0,
            decided: None,
            parts: texts.iter().map(part).collect(),
        }),
        raw: None,
        revision: 0,
    }
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
