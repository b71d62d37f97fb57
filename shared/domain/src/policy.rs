//! Whether a message may leave now, and as what: one pure function, [`decide`].
//!
//! It is asked before a message is accepted, and again before each call: time passes in between. What it cannot say cannot be sent: the tags
//! that Meta retired on 2026-04-27 have no name here.
//! Sources: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy/>,
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>,
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>

use std::time::Duration;

use crate::conversation::Conversation;
use crate::message::{AuthorKind, Message};
use crate::time::Timestamp;

/// How long after the customer's last message a person may still answer.
const HUMAN_AGENT: Duration = Duration::from_hours(7 * 24);

/// As what a message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Inside the messaging window.
    Response,
    /// A text that a person wrote, after the window (tag `HUMAN_AGENT`). The app needs Meta's approval for it.
    HumanAgent,
    /// By an approved utility template: it knows no window, and needs no message of the person's before it.
    Utility,
}

/// What policy has to know of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub author: AuthorKind,
    /// Whether an approved utility template says it, too.
    pub has_utility: bool,
}

impl Subject {
    /// Returns what policy has to know of what is still to leave of a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let next = message.sending.as_ref().and_then(|sending| sending.next_part());
        Self { author: message.author.kind, has_utility: next.is_some_and(|(_, part)| part.has_utility()) }
    }
}

impl From<AuthorKind> for Subject {
    fn from(author: AuthorKind) -> Self {
        Self { author, has_utility: false }
    }
}

/// Why nothing may be written to the customer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The customer has not written to this Page yet.")]
    NeverWrote,
    /// What a program wrote may not leave; what a person writes may, until then.
    #[error("The messaging window closed at {}, and what a bot or a system writes may only leave inside it.", closed_at.in_words())]
    OnlyPersons { closed_at: Timestamp, until: Timestamp },
    #[error("The messaging window closed at {}, and more than seven days have passed since the customer last wrote.", closed_at.in_words())]
    Closed { closed_at: Timestamp },
}

/// What would let a message to the customer leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The customer writes: that opens the window.
    CustomerWrites,
    /// A person writes the message, until then.
    PersonWrites { until: Timestamp },
}

impl Refusal {
    /// Returns the ways that remain.
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::NeverWrote | Self::Closed { .. } => vec![Remedy::CustomerWrites],
            Self::OnlyPersons { until, .. } => vec![Remedy::CustomerWrites, Remedy::PersonWrites { until: *until }],
        }
    }
}

impl Remedy {
    /// Says it in plain words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::CustomerWrites => "It may leave once the customer writes.".into(),
            Self::PersonWrites { until } => format!("An agent may write to them until {}.", until.in_words()),
        }
    }
}

/// Decides whether `subject` may leave at `now`, and as what.
pub fn decide(conversation: &Conversation, subject: impl Into<Subject>, now: Timestamp) -> Result<Way, Refusal> {
    let Subject { author, has_utility } = subject.into();
    if conversation.window_ends_at.is_some_and(|closes_at| now < closes_at) {
        return Ok(Way::Response);
    }
    if has_utility {
        return Ok(Way::Utility);
    }
    let Some(closed_at) = conversation.window_ends_at else { return Err(Refusal::NeverWrote) };
    let until = conversation.last_inbound_at.map(|wrote| wrote.plus(HUMAN_AGENT)).filter(|until| now < *until);
    match (until, author) {
        (Some(_), AuthorKind::Agent) => Ok(Way::HumanAgent),
        (Some(until), AuthorKind::Customer | AuthorKind::Bot | AuthorKind::System) => Err(Refusal::OnlyPersons { closed_at, until }),
        (None, _) => Err(Refusal::Closed { closed_at }),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
