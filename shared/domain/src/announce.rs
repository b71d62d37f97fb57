//! What the shop's own programs are told of: events for its endpoints, by [Standard Webhooks](https://www.standardwebhooks.com/).
//!
//! ```text
//! something happened ─▶ Announcement ─▶ EventJob::Announce ─▶ fan_out ─▶ EventJob::Deliver for each endpoint ─▶ deliver ─▶ one POST
//! ```
//!
//! An announcement carries ids and states, never words: what a customer wrote is read from the table when it is told, so that no queue and
//! no log of deliveries holds it, and nothing is told of what was erased.

mod address;
mod delivery;
mod endpoint;
mod endpoint_url;
mod plan;
mod work;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::conversation::Conversation;
use crate::id::{self, ConversationId, MessageId, PageId};
use crate::inbound::{EventKind, InboundEvent, Party};
use crate::message::Message;
use crate::notice::NoticeId;
use crate::time::Timestamp;

pub use address::is_global;
pub use delivery::{Attempt, Begun, Deliveries, Delivery, DeliveryState, KEPT};
pub use endpoint::{DisabledFor, Endpoint, EndpointId, EndpointState, Endpoints, MOST_ENDPOINTS, Put, SECRET_BYTES, SigningSecret};
pub use endpoint_url::{EndpointUrl, InsecureHosts, UrlError};
pub use plan::{MOST_TRIES, pause};
pub use work::{AnnounceError, Delivered, EventQueue, EventQueueError, Posted, Poster, deliver, fan_out, replay, replay_failed, test};

/// What is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AnnouncementKind {
    #[serde(rename = "notification.sent")]
    NotificationSent,
    #[serde(rename = "notification.delivered")]
    NotificationDelivered,
    #[serde(rename = "notification.read")]
    NotificationRead,
    #[serde(rename = "notification.failed")]
    NotificationFailed,
    #[serde(rename = "notification.waiting")]
    NotificationWaiting,
    #[serde(rename = "conversation.opened")]
    ConversationOpened,
    #[serde(rename = "message.received")]
    MessageReceived,
    /// Somebody tries an endpoint out.
    #[serde(rename = "webhook.test")]
    Test,
}

impl AnnouncementKind {
    /// Those that an endpoint may ask for.
    pub const ALL: [Self; 7] = [
        Self::NotificationSent,
        Self::NotificationDelivered,
        Self::NotificationRead,
        Self::NotificationFailed,
        Self::NotificationWaiting,
        Self::ConversationOpened,
        Self::MessageReceived,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotificationSent => "notification.sent",
            Self::NotificationDelivered => "notification.delivered",
            Self::NotificationRead => "notification.read",
            Self::NotificationFailed => "notification.failed",
            Self::NotificationWaiting => "notification.waiting",
            Self::ConversationOpened => "conversation.opened",
            Self::MessageReceived => "message.received",
            Self::Test => "webhook.test",
        }
    }

    /// Reads the name of a kind that an endpoint may ask for.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == value)
    }
}

/// An announcement's id, the `webhook-id` of its posts: `evt_` and a ULID of the moment and of what happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnnouncementId(String);

impl AnnouncementId {
    /// Derives the id from what happened, so that the same happening has one id, however often it is announced.
    #[must_use]
    pub fn of(kind: AnnouncementKind, at: Timestamp, subject: &[&str]) -> Self {
        let parts: Vec<&str> = ["announcement", kind.as_str()].into_iter().chain(subject.iter().copied()).collect();
        Self(id::tagged_at("evt_", at, &parts))
    }

    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        id::is_tagged_ulid("evt_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part that sorts by time.
    #[must_use]
    pub fn sort_key(&self) -> &str {
        self.0.strip_prefix("evt_").unwrap_or(&self.0)
    }
}

impl fmt::Display for AnnouncementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The message that an announcement is about: it is read, and shown under `data.message`, when the announcement is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    pub conversation: ConversationId,
    pub message: MessageId,
}

/// One thing that happened, for the shop's own programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    pub id: AnnouncementId,
    pub kind: AnnouncementKind,
    pub occurred_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageId>,
    /// Ids and states as an object, never words. Stored as text: what others put here may nest deeper than a table's maps.
    #[serde(with = "json_text")]
    pub data: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRef>,
}

/// Writes a JSON value as its text.
mod json_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_string().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(|_| serde::de::Error::custom("it is no JSON"))
    }
}

impl Announcement {
    /// Tells what became of a notice at `at`, which must be the moment that is stored with the notice: it is part of the id. `data` is an
    /// object of ids and states, to which the notice's own id is added.
    #[must_use]
    pub fn notification(kind: AnnouncementKind, notice: &NoticeId, page: &PageId, at: Timestamp, mut data: Value) -> Self {
        if let Value::Object(fields) = &mut data {
            fields.insert(String::from("notification_id"), Value::from(notice.as_str()));
        }
        let id = AnnouncementId::of(kind, at, &[notice.as_str()]);
        Self { id, kind, occurred_at: at, page: Some(page.clone()), data, message: None }
    }

    /// Tells of what a customer wrote or tapped; nothing of another event.
    #[must_use]
    pub fn message_received(event: &InboundEvent) -> Option<Self> {
        let Party::Person(user) = &event.party else { return None };
        if !matches!(event.kind, EventKind::Message(_) | EventKind::Postback(_)) {
            return None;
        }
        let conversation = ConversationId::of(&event.page, user);
        let message = MessageId::derived(event.occurred_at, &event.dedupe_key());
        Some(Self::of_message(AnnouncementKind::MessageReceived, conversation, message, &event.page, event.occurred_at))
    }

    fn of_message(kind: AnnouncementKind, conversation: ConversationId, message: MessageId, page: &PageId, at: Timestamp) -> Self {
        // By the message's own moment: a repetition that is noticed later is the same announcement.
        let id = AnnouncementId::of(kind, message.moment(), &[conversation.as_str(), message.as_str()]);
        let data = json!({ "conversation_id": conversation, "message_id": message });
        Self { id, kind, occurred_at: at, page: Some(page.clone()), data, message: Some(MessageRef { conversation, message }) }
    }

    /// Tells that a conversation has begun, or that its next case has.
    #[must_use]
    pub fn conversation_opened(conversation: &Conversation) -> Self {
        let (kind, case) = (AnnouncementKind::ConversationOpened, &conversation.case);
        let id = AnnouncementId::of(kind, case.opened_at, &[conversation.id.as_str(), &case.number.to_string()]);
        let data = json!({ "conversation_id": conversation.id, "case_number": case.number, "page_id": conversation.page });
        Self { id, kind, occurred_at: case.opened_at, page: Some(conversation.page.clone()), data, message: None }
    }

    /// Tries an endpoint out. `random` makes it another one each time.
    #[must_use]
    pub fn test(endpoint: &EndpointId, random: u128, now: Timestamp) -> Self {
        let kind = AnnouncementKind::Test;
        let id = AnnouncementId::of(kind, now, &[endpoint.as_str(), &random.to_string()]);
        let data = json!({ "endpoint_id": endpoint.as_str() });
        Self { id, kind, occurred_at: now, page: None, data, message: None }
    }

    /// Writes what is posted: `{"type", "timestamp", "data"}`, with the message that it is about where that is still there.
    #[must_use]
    pub fn payload(&self, message: Option<&Message>) -> String {
        let mut data = self.data.clone();
        if let (Value::Object(fields), Some(message)) = (&mut data, message) {
            fields.insert(String::from("message"), shown(message));
        }
        json!({ "type": self.kind, "timestamp": self.occurred_at.to_rfc3339(), "data": data }).to_string()
    }
}

/// Shows a message as the API does, without what changes later: its state, reactions and edits.
fn shown(message: &Message) -> Value {
    json!({
        "id": message.id,
        "conversation_id": message.conversation,
        "direction": message.direction,
        "kind": message.kind,
        "text": message.text,
        "author": message.author,
        "platform_ids": message.platform_ids,
        "occurred_at": message.occurred_at.to_rfc3339(),
        "attachments": message.attachments.iter().map(|attachment| json!({
            "type": attachment.kind, "url": attachment.url, "title": attachment.title, "details": attachment.details,
        })).collect::<Vec<_>>(),
        "payload": message.payload,
        "reply_to": message.reply_to,
        "referral": message.referral,
    })
}

/// Work for `announce`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventJob {
    /// Make a delivery for each endpoint that wants it.
    Announce { announcement: Announcement },
    /// Post to one endpoint what its delivery says.
    Deliver { endpoint: EndpointId, announcement: AnnouncementId },
}

#[cfg(test)]
#[path = "announce_tests.rs"]
mod tests;
