//! Events as the platform tells them, in our words: what adapters make of a webhook delivery.

use serde::{Deserialize, Serialize};

use crate::id::{AppId, DedupeKey, PageId, PlatformMessageId, UserId};
use crate::time::Timestamp;

/// One thing that happened on a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundEvent {
    /// The Page it happened on.
    pub page: PageId,
    /// Whom it concerns; for an echo the person who was written to.
    pub party: Party,
    pub occurred_at: Timestamp,
    /// True when another app owns the thread and we only listen (`entry.standby`).
    pub standby: bool,
    pub kind: EventKind,
    /// The element as it came, JSON.
    pub raw: String,
}

/// Whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// A person with a page-scoped id: the event belongs to their conversation.
    Person(UserId),
    /// A person known only by the checkbox plugin's reference.
    Reference(String),
    /// Nobody in particular: the Page itself, or a post or comment on it.
    Page,
}

/// What happened. A kind that changes nothing but the timeline is [`EventKind::Noted`].
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    Message(CustomerMessage),
    Postback(Postback),
    /// A message that the Page sent: by us, by another app, or typed in the Page inbox.
    Echo(Echo),
    /// Everything that was sent at or before `up_to` has arrived.
    Delivered {
        up_to: Timestamp,
        platform_ids: Vec<PlatformMessageId>,
    },
    /// Everything that was sent at or before `up_to` has been read.
    Read {
        up_to: Timestamp,
    },
    Reaction {
        platform_id: PlatformMessageId,
        reaction: Option<Reaction>,
    },
    Edit {
        platform_id: PlatformMessageId,
        text: String,
        /// 1 for the first edit; the platform allows five.
        number: u32,
    },
    Unsend {
        platform_id: PlatformMessageId,
    },
    Referral(Referral),
    OptIn(OptIn),
    /// Control of the thread moved to `owner`, or was released when there is none.
    ThreadControl {
        owner: Option<AppId>,
    },
    /// Meta warned, blocked or unblocked the Page, or restricted a feature.
    Enforcement {
        action: String,
        reason: Option<String>,
    },
    /// Meta approved, rejected or paused a message template.
    TemplateStatus {
        name: Option<String>,
        language: Option<String>,
        status: String,
        reason: Option<String>,
    },
    Noted(NotedKind),
    /// A kind that we do not know, by the key that names it.
    Unknown(String),
}

/// Known kinds that are kept on the timeline and change nothing else yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotedKind {
    AccountLinking,
    AppRoles,
    BusinessIntegrity,
    Cart,
    CouponRevealed,
    CustomerInformation,
    Feed,
    Feedback,
    GroupPost,
    LeadForm,
    Leadgen,
    MarketingMessage,
    Mention,
    Rating,
    ResponseFeedback,
    ThreadControlRequest,
}

impl NotedKind {
    /// Returns the name under which the event stands in the timeline.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountLinking => "account_linking",
            Self::AppRoles => "app_roles",
            Self::BusinessIntegrity => "business_integrity",
            Self::Cart => "cart",
            Self::CouponRevealed => "coupon_revealed",
            Self::CustomerInformation => "customer_information",
            Self::Feed => "feed",
            Self::Feedback => "feedback",
            Self::GroupPost => "group_post",
            Self::LeadForm => "lead_form",
            Self::Leadgen => "leadgen",
            Self::MarketingMessage => "marketing_message",
            Self::Mention => "mention",
            Self::Rating => "rating",
            Self::ResponseFeedback => "response_feedback",
            Self::ThreadControlRequest => "thread_control_request",
        }
    }
}

/// What a customer wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerMessage {
    pub platform_id: PlatformMessageId,
    pub text: Option<String>,
    /// The payload of the quick reply that was tapped.
    pub quick_reply: Option<String>,
    pub reply_to: Option<PlatformMessageId>,
    pub attachments: Vec<Attachment>,
    pub referral: Option<Referral>,
}

/// A tap on a button: Get Started, a menu entry, an ice breaker, a template's button.
#[derive(Debug, Clone, PartialEq)]
pub struct Postback {
    /// Missing in some of Meta's shapes.
    pub platform_id: Option<PlatformMessageId>,
    pub title: Option<String>,
    /// Missing in standby, where the payload belongs to another app.
    pub payload: Option<String>,
    pub referral: Option<Referral>,
}

/// A message of the Page's side as the platform saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    pub platform_id: PlatformMessageId,
    pub app: Option<AppId>,
    /// What the sender put there; our message id when we sent it.
    pub metadata: Option<String>,
    pub text: Option<String>,
    pub reply_to: Option<PlatformMessageId>,
    pub attachments: Vec<Attachment>,
}

/// Something attached to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// `image`, `audio`, `video`, `file`, `sticker`, `fallback`, `location`, `template`, or what Meta adds next.
    #[serde(rename = "type")]
    pub kind: String,
    /// A signed link that expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The rest of what came, as it came. Stored as text: a table's maps nest only 32 levels deep.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_text")]
    pub details: Option<serde_json::Value>,
}

/// Writes an optional JSON value as its text.
mod json_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Value::to_string).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

/// How the customer feels about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// `smile`, `angry`, `sad`, `wow`, `love`, `like`, `dislike` or `other`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// What led a customer into the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The `ref` of an m.me link, a QR code or an ad.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `SHORTLINK`, `ADS`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    /// The product of a shop that the customer came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

impl Referral {
    /// Tells whether a click-to-Messenger ad led here.
    #[must_use]
    pub fn is_ad(&self) -> bool {
        self.source.as_deref() == Some("ADS")
    }
}

/// A customer asked for messages of a kind, or stopped them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptIn {
    /// `notification_messages`, `one_time_notif_req`, or nothing for the plugins.
    pub kind: Option<String>,
    pub reference: Option<String>,
    pub payload: Option<String>,
    /// `STOP NOTIFICATIONS` or `RESUME NOTIFICATIONS`.
    pub status: Option<String>,
}

impl InboundEvent {
    /// Returns the name of the kind, for the timeline, logs and counters.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        match &self.kind {
            EventKind::Message(_) => "message",
            EventKind::Postback(_) => "postback",
            EventKind::Echo(_) => "echo",
            EventKind::Delivered { .. } => "delivered",
            EventKind::Read { .. } => "read",
            EventKind::Reaction { .. } => "reaction",
            EventKind::Edit { .. } => "edit",
            EventKind::Unsend { .. } => "unsend",
            EventKind::Referral(_) => "referral",
            EventKind::OptIn(_) => "opt_in",
            EventKind::ThreadControl { .. } => "thread_control",
            EventKind::Enforcement { .. } => "enforcement",
            EventKind::TemplateStatus { .. } => "template_status",
            EventKind::Noted(kind) => kind.as_str(),
            EventKind::Unknown(_) => "unknown",
        }
    }

    /// Returns what makes this event the same when it comes again.
    #[must_use]
    pub fn dedupe_key(&self) -> DedupeKey {
        let numbered = match &self.kind {
            EventKind::Message(message) => Some(&message.platform_id),
            EventKind::Echo(echo) => Some(&echo.platform_id),
            EventKind::Postback(postback) => postback.platform_id.as_ref(),
            EventKind::Delivered { .. }
            | EventKind::Read { .. }
            | EventKind::Reaction { .. }
            | EventKind::Edit { .. }
            | EventKind::Unsend { .. }
            | EventKind::Referral(_)
            | EventKind::OptIn(_)
            | EventKind::ThreadControl { .. }
            | EventKind::Enforcement { .. }
            | EventKind::TemplateStatus { .. }
            | EventKind::Noted(_)
            | EventKind::Unknown(_) => None,
        };
        numbered.map_or_else(|| self.content_key(), |mid| DedupeKey::of_message(&self.page, mid))
    }

    /// A digest of page, party, second and content. Seconds, because the same event may come with either precision.
    fn content_key(&self) -> DedupeKey {
        let party = match &self.party {
            Party::Person(user) => user.as_str(),
            Party::Reference(reference) => reference,
            Party::Page => "",
        };
        let second = (self.occurred_at.as_millis() / 1000).to_string();
        DedupeKey::of_content(&[self.page.as_str(), party, &second, self.kind_name(), &self.content()])
    }

    /// What the element says beside its moment: its JSON without `timestamp`, keys in order.
    fn content(&self) -> String {
        match serde_json::from_str::<serde_json::Value>(&self.raw) {
            Ok(serde_json::Value::Object(mut fields)) => {
                fields.remove("timestamp");
                serde_json::Value::Object(fields).to_string()
            }
            Ok(_) | Err(_) => self.raw.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(ms: i64, raw: &str) -> InboundEvent {
        InboundEvent {
            page: PageId::new("1").unwrap(),
            party: Party::Person(UserId::new("2").unwrap()),
            occurred_at: Timestamp::from_platform(ms),
            standby: false,
            kind: EventKind::Postback(Postback { platform_id: None, title: None, payload: Some("GET_STARTED".into()), referral: None }),
            raw: raw.to_owned(),
        }
    }

    #[test]
    fn the_same_tap_in_seconds_and_milliseconds_is_one_event() {
        let milliseconds = event(1_795_255_200_412, r#"{"timestamp":1795255200412,"postback":{"payload":"GET_STARTED"}}"#);
        let seconds = event(1_795_255_200, r#"{"postback":{"payload":"GET_STARTED"},"timestamp":"1795255200"}"#);
        assert_eq!(milliseconds.dedupe_key(), seconds.dedupe_key());
    }

    #[test]
    fn two_taps_a_second_apart_are_two_events() {
        let raw = r#"{"postback":{"payload":"GET_STARTED"}}"#;
        assert_ne!(event(1_795_255_200_000, raw).dedupe_key(), event(1_795_255_201_000, raw).dedupe_key());
    }
}
