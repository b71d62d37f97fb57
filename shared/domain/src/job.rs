//! Work that waits in queues. What waits in the outbound queue carries ids, never words: what is to be sent stands in the table.

use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, DedupeKey, MessageId};
use crate::notice::NoticeId;
use crate::time::Timestamp;

/// Work for `deliver`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutboundJob {
    /// Send what the conversation accepted, up to and including `message`.
    Deliver { conversation: ConversationId, message: MessageId },
    /// Something changed: send whatever is pending and can go now.
    Wake { conversation: ConversationId },
    /// Ask the platform for the name of the conversation's person.
    LookUpName { conversation: ConversationId },
}

/// Why a job is enqueued. The same job for the same occasion is one job, however often it is enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// The message was accepted.
    Accepted,
    /// An event may let pending messages go.
    Event(DedupeKey),
    /// The sweep found a message still pending at the moment at which it was due.
    Relayed(Timestamp),
    /// A person decided about a message, at the given moment.
    Decided(Timestamp),
    /// An operator brought the job back at the given moment, after it was set aside.
    Replayed(Timestamp),
    /// A name was found to be stale at the given moment.
    Stale(Timestamp),
}

impl OutboundJob {
    #[must_use]
    pub const fn conversation(&self) -> &ConversationId {
        match self {
            Self::Deliver { conversation, .. } | Self::Wake { conversation } | Self::LookUpName { conversation } => conversation,
        }
    }

    /// Returns the group within which jobs keep their order. A look-up has one of its own: it must not hold messages up.
    #[must_use]
    pub fn group(&self) -> String {
        match self {
            Self::Deliver { conversation, .. } | Self::Wake { conversation } => conversation.to_string(),
            Self::LookUpName { conversation } => format!("name-{conversation}"),
        }
    }

    /// Returns the id by which the queue drops repetitions for five minutes; at most 128 characters.
    #[must_use]
    pub fn deduplication_id(&self, occasion: &Occasion) -> String {
        let subject = match self {
            Self::Deliver { message, .. } => message.as_str(),
            Self::Wake { conversation } | Self::LookUpName { conversation } => conversation.as_str(),
        };
        match occasion {
            Occasion::Accepted => subject.to_owned(),
            Occasion::Event(key) => format!("{subject}-{}", key.as_str()),
            Occasion::Relayed(at) => format!("{subject}-due-{}", at.as_millis()),
            Occasion::Decided(at) => format!("{subject}-decided-{}", at.as_millis()),
            Occasion::Replayed(at) => format!("{subject}-replayed-{}", at.as_millis()),
            Occasion::Stale(at) => format!("{subject}-stale-{}", at.as_millis() / 60_000),
        }
    }
}

/// Work for `notify`: what happened to orders, and what notices have to be decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrdersJob {
    /// Decide how a notice goes on.
    Decide { notice: NoticeId },
    /// A customer did something that may let their notices go, or tie them to an order.
    CustomerActed(Act),
    /// The conversation's messages were delivered or read further.
    Marks { conversation: ConversationId },
}

/// What a customer did, as far as notices care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub conversation: ConversationId,
    pub at: Timestamp,
    /// The message that they wrote, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The reference of the link by which they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What in their words may be the number of an order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
}

impl OrdersJob {
    /// Returns the name of the kind, for logs and counters.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Decide { .. } => "decide",
            Self::CustomerActed(_) => "customer_acted",
            Self::Marks { .. } => "marks",
        }
    }
}
