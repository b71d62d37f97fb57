//! The events of the object `page`, in the order of keys that Meta writes.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages> and its
//! neighbours.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::store::messages::Content;

/// How much later than the event its webhook is stamped.
const STAMPED_AFTER_MS: i64 = 12;

/// One event between a person and a Page.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) page_id: String,
    pub(crate) psid: String,
    pub(crate) at_ms: i64,
    pub(crate) what: What,
}

/// What happened, under the key that names it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Message(Message),
    Postback(Postback),
    Delivery { mids: Vec<String>, watermark: i64 },
    Read { watermark: i64 },
    Reaction(Reaction),
    Referral(Value),
    PassThreadControl(Handover),
    TakeThreadControl(Handover),
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    mid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_echo: Option<bool>,
    // Meta's table says string, its samples show a number; numbers are more common on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quick_reply: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Postback {
    pub(crate) mid: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) referral: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reaction {
    pub(crate) action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", rename = "reaction")]
    pub(crate) name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emoji: Option<String>,
    pub(crate) mid: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Handover {
    pub(crate) previous_owner_app_id: Option<String>,
    pub(crate) new_owner_app_id: Option<String>,
    pub(crate) metadata: String,
}

impl Message {
    /// What a person wrote.
    pub(crate) fn from_customer(mid: &str, content: &Content) -> Self {
        Self {
            mid: mid.to_owned(),
            is_echo: None,
            app_id: None,
            metadata: None,
            text: content.text.clone(),
            quick_reply: content.quick_reply.as_ref().map(|payload| keyed("payload", Value::from(payload.as_str()))),
            reply_to: content.reply_to.as_deref().map(reply_to),
            attachments: content.attachments.clone(),
            referral: content.referral.clone(),
        }
    }

    /// What the Page wrote, by whichever app.
    pub(crate) fn echo(mid: &str, content: &Content, app_id: &str, metadata: Option<&str>) -> Self {
        Self {
            is_echo: Some(true),
            app_id: Some(app_id.parse::<u64>().map_or_else(|_| Value::from(app_id), Value::from)),
            metadata: metadata.map(ToOwned::to_owned),
            quick_reply: None,
            ..Self::from_customer(mid, content)
        }
    }
}

impl What {
    /// The field that an app subscribes to for this.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Message(message) if message.is_echo.is_some() => "message_echoes",
            Self::Message(_) => "messages",
            Self::Postback(_) => "messaging_postbacks",
            Self::Delivery { .. } => "message_deliveries",
            Self::Read { .. } => "message_reads",
            Self::Reaction(_) => "message_reactions",
            Self::Referral(_) => "messaging_referrals",
            Self::PassThreadControl(_) | Self::TakeThreadControl(_) => "messaging_handovers",
        }
    }

    /// Says whether the Page, and not the person, is the sender.
    fn is_from_page(&self) -> bool {
        matches!(self, Self::Message(message) if message.is_echo.is_some())
    }

    /// Says whether an app that does not hold the thread gets this under `standby`.
    fn goes_to_standby(&self) -> bool {
        match self {
            Self::Message(_) | Self::Postback(_) | Self::Delivery { .. } | Self::Read { .. } => true,
            Self::Reaction(_) | Self::Referral(_) | Self::PassThreadControl(_) | Self::TakeThreadControl(_) => false,
        }
    }

    /// What is left of it in `standby`: a postback loses its payload there.
    fn without_payload(self) -> Self {
        match self {
            Self::Postback(postback) => Self::Postback(Postback { payload: None, ..postback }),
            other @ (Self::Message(_)
            | Self::Delivery { .. }
            | Self::Read { .. }
            | Self::Reaction(_)
            | Self::Referral(_)
            | Self::PassThreadControl(_)
            | Self::TakeThreadControl(_)) => other,
        }
    }
}

#[derive(Serialize)]
struct Body {
    object: &'static str,
    entry: [Entry; 1],
}

#[derive(Serialize)]
struct Entry {
    id: String,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging: Option<[Element; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standby: Option<[Element; 1]>,
}

#[derive(Serialize)]
struct Element {
    sender: Party,
    recipient: Party,
    timestamp: i64,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
struct Party {
    id: String,
}

impl Event {
    /// Writes the event as a webhook's body. `held_elsewhere`: another app holds the thread.
    pub(crate) fn to_wire(&self, held_elsewhere: bool) -> Result<String, serde_json::Error> {
        let standby = held_elsewhere && self.what.goes_to_standby();
        let what = if standby { self.what.clone().without_payload() } else { self.what.clone() };
        let (person, page) = (Party { id: self.psid.clone() }, Party { id: self.page_id.clone() });
        let (sender, recipient) = if what.is_from_page() { (page, person) } else { (person, page) };
        let element = Element { sender, recipient, timestamp: self.at_ms, what };
        let (messaging, standby) = if standby { (None, Some([element])) } else { (Some([element]), None) };
        let time = self.at_ms.saturating_add(STAMPED_AFTER_MS);
        super::wire::to_wire(&Body { object: "page", entry: [Entry { id: self.page_id.clone(), time, messaging, standby }] })
    }
}

/// The name that Meta gives an emoji in `reaction.reaction`.
///
/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-reactions>
pub(crate) fn reaction_name(emoji: &str) -> &'static str {
    match emoji {
        "😆" | "😂" => "smile",
        "😠" | "😡" => "angry",
        "😢" => "sad",
        "😮" => "wow",
        "❤️" | "❤" | "😍" => "love",
        "👍" => "like",
        "👎" => "dislike",
        _ => "other",
    }
}

fn reply_to(mid: &str) -> Value {
    let mut map = Map::new();
    map.insert("mid".to_owned(), Value::from(mid));
    map.insert("is_self_reply".to_owned(), Value::from(false));
    Value::Object(map)
}

pub(crate) fn keyed(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}
