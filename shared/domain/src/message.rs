//! A message of a conversation, of either direction, and what may happen to it.

use serde::{Deserialize, Serialize};

use crate::content::{Content, Forms, Receipt};
use crate::conversation::{Conversation, Marks};
use crate::id::{AppId, ConversationId, DedupeKey, MessageId, PageId, PlatformMessageId, UserId};
use crate::inbound::{Attachment, Reaction, Referral};
use crate::notice::NoticeId;
use crate::time::Timestamp;

/// The longest text that an edit leaves in a row, in bytes.
const LONGEST_EDIT: usize = 30_000;

/// One message as it is stored. What was not there is absent, never made up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub page: PageId,
    pub user: UserId,
    pub direction: Direction,
    pub kind: MessageKind,
    pub author: Author,
    /// For a customer's message the platform's moment, for ours the moment at which it was accepted.
    pub occurred_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The payload of the quick reply or button that the customer tapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<PlatformMessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// The platform's ids: one for a customer's message, one a part for ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platform_ids: Vec<PlatformMessageId>,
    /// The app that sent it, when it was not this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// True when another app owned the thread at the time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub standby: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reacted>,
    /// Earlier texts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edited>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsent_at: Option<Timestamp>,
    /// What became of it; only a message that leaves through us has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
    /// The request that it was accepted by, when the caller named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestKey>,
    /// The notice that it tells the customer, when it is no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
    /// The event as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Grows with every change of the row; a change names the revision that it saw.
    #[serde(default)]
    pub revision: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What makes a request the same request when it is sent again: the caller's `Idempotency-Key`, and what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    pub key: DedupeKey,
    /// A digest of the request: the same key with another one is a mistake of the caller.
    pub fingerprint: DedupeKey,
    /// Until when the key is kept.
    pub kept_until: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    /// Only attachments; a text with attachments is [`MessageKind::Text`].
    Attachment,
    /// A tap on a button; its title is the text.
    Postback,
    /// A notice of ours: the order's receipt.
    Receipt,
    /// A notice of ours about a parcel, or about money that went back.
    Shipping,
}

/// Who wrote a message. Policy depends on it: only a person's text may go out after the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    #[serde(rename = "type")]
    pub kind: AuthorKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    Customer,
    Agent,
    Bot,
    System,
}

impl AuthorKind {
    /// Tells whether what they write answers the customer. What a system sends is news of the shop's, not an answer.
    #[must_use]
    pub const fn answers(self) -> bool {
        match self {
            Self::Agent | Self::Bot => true,
            Self::Customer | Self::System => false,
        }
    }
}

/// The customer's reaction to a message, with its moment: the latest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Absent when it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
    pub at: Timestamp,
}

/// A text that an edit replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The number of the edit that replaced it.
    pub number: u32,
    pub text: Option<String>,
    pub at: Timestamp,
}

/// A message of ours on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    pub outcome: Outcome,
    /// How often it was claimed since it was accepted or last waited.
    #[serde(default)]
    pub attempts: u32,
    /// The request of the last decision that a person made about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<RequestKey>,
    /// What goes out as one call each, in order.
    pub parts: Vec<Part>,
}

/// A piece of a message that the platform takes in one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What the inbox shows, and what is sent when there are no forms.
    pub text: String,
    /// What is sent in the place of the text, by the way that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forms: Option<Box<Forms>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<PlatformMessageId>,
    /// The platform's moment, once the echo has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echoed_at: Option<Timestamp>,
}

impl Part {
    /// Makes a part that the platform has not taken.
    #[must_use]
    pub fn new(text: impl Into<String>, forms: Option<Box<Forms>>) -> Self {
        Self { text: text.into(), forms, platform_id: None, echoed_at: None }
    }

    /// Tells whether a utility template says it, too.
    #[must_use]
    pub fn has_utility(&self) -> bool {
        self.forms.as_ref().is_some_and(|forms| forms.outside.is_some())
    }
}

/// What a new message of ours says, and by which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub kind: MessageKind,
    pub author: Author,
    pub text: String,
    /// At least one.
    pub parts: Vec<Part>,
    pub request: Option<RequestKey>,
    pub notice: Option<NoticeId>,
}

/// Where a message of ours is. `delivered` and `read` follow from the conversation's marks, see [`Message::state`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Accepted, to be sent. `reason` says why the last attempt did not.
    Queued {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Claimed; the claim ends at `lease_until`.
    Sending { lease_until: Timestamp },
    /// The platform took it at `at`: its own moment when an echo told it, else that of the call.
    Sent { at: Timestamp },
    /// It will be tried again when what it waits for happens.
    Waiting { on: WaitingFor, reason: String },
    /// The call may or may not have reached the platform.
    Unconfirmed {
        since: Timestamp,
        reason: String,
        /// Nobody can tell any more: a person decides.
        #[serde(default, skip_serializing_if = "is_false")]
        for_a_person: bool,
    },
    /// It will never be sent.
    Failed {
        reason: String,
        #[serde(default)]
        end: End,
    },
}

/// How a message ended that will never be sent: what it told may go another way, or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It was refused as it is; in another form it may be taken.
    #[default]
    Refused,
    /// The person is out of reach: nothing is taken in whatever form.
    OutOfReach,
    /// A person of the shop decided so.
    GivenUp,
}

/// What a message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    /// The messaging window: the customer must write first.
    Window,
    /// The thread, which another app holds.
    Thread,
    /// The Page, on which nothing can be sent now.
    Page,
}

/// The state of a message as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    Received,
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Waiting,
    Unconfirmed,
    Failed,
}

impl MessageState {
    /// The state's name, as the API tells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Waiting => "waiting",
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
        }
    }
}

/// A later event that changes a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum MessageChange {
    Reaction(Reacted),
    Edit { number: u32, text: String, at: Timestamp },
    Unsend { at: Timestamp },
}

impl MessageChange {
    /// Returns when it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Reaction(reacted) => reacted.at,
            Self::Edit { at, .. } | Self::Unsend { at } => *at,
        }
    }
}

impl Message {
    /// Makes a message of ours that is accepted at `at`, to be sent.
    #[must_use]
    pub fn outbound(conversation: &Conversation, outgoing: Outgoing, at: Timestamp, random: u128) -> Self {
        let sending = Sending { outcome: Outcome::Queued { reason: None }, attempts: 0, decided: None, parts: outgoing.parts };
        Self {
            id: MessageId::new(at, random),
            conversation: conversation.id.clone(),
            page: conversation.page.clone(),
            user: conversation.user.clone(),
            direction: Direction::Outbound,
            kind: outgoing.kind,
            author: outgoing.author,
            occurred_at: at,
            text: Some(outgoing.text),
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
            sending: Some(sending),
            request: outgoing.request,
            notice: outgoing.notice,
            raw: None,
            revision: 0,
        }
    }

    /// Returns the receipt that it shows, if it is one.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.sending.as_ref()?.parts.first()?.forms.as_ref()?.inside {
            Content::Receipt(receipt) => Some(receipt),
            Content::Text { .. } | Content::Buttons { .. } => None,
        }
    }

    /// Returns the state, given how far the conversation was delivered and read.
    #[must_use]
    pub fn state(&self, marks: Marks) -> MessageState {
        let Some(sending) = &self.sending else {
            return match self.direction {
                Direction::Inbound => MessageState::Received,
                Direction::Outbound => marks.state_of(self.occurred_at),
            };
        };
        match sending.outcome {
            Outcome::Queued { .. } => MessageState::Queued,
            Outcome::Sending { .. } => MessageState::Sending,
            Outcome::Sent { at } => marks.state_of(at),
            Outcome::Waiting { .. } => MessageState::Waiting,
            Outcome::Unconfirmed { .. } => MessageState::Unconfirmed,
            Outcome::Failed { .. } => MessageState::Failed,
        }
    }

    /// Returns the reason of the state, in plain words.
    #[must_use]
    pub fn state_reason(&self) -> Option<&str> {
        match &self.sending.as_ref()?.outcome {
            Outcome::Queued { reason } => reason.as_deref(),
            Outcome::Waiting { reason, .. } | Outcome::Unconfirmed { reason, .. } | Outcome::Failed { reason, .. } => Some(reason),
            Outcome::Sending { .. } | Outcome::Sent { .. } => None,
        }
    }

    /// Applies a change, and tells whether the message is another one now. Late and repeated changes do nothing.
    pub fn apply(&mut self, change: &MessageChange) -> bool {
        match change {
            MessageChange::Reaction(new) => self.react(new),
            MessageChange::Edit { number, text, at } => self.edit(*number, text, *at),
            MessageChange::Unsend { at } => self.unsend(*at),
        }
    }

    fn react(&mut self, new: &Reacted) -> bool {
        if self.reaction.as_ref().is_some_and(|known| known.at > new.at || known == new) {
            return false;
        }
        self.reaction = Some(new.clone());
        true
    }

    fn edit(&mut self, number: u32, text: &str, at: Timestamp) -> bool {
        let latest = self.edits.last().map_or(0, |edit| edit.number);
        if number <= latest || self.unsent_at.is_some() {
            return false;
        }
        let replaced = self.text.replace(crate::text::prefix(text, LONGEST_EDIT).to_owned());
        self.edits.push(Edited { number, text: replaced, at });
        true
    }

    fn unsend(&mut self, at: Timestamp) -> bool {
        if self.unsent_at.is_some() {
            return false;
        }
        self.unsent_at = Some(at);
        self.text = None;
        self.attachments.clear();
        self.edits.clear();
        self.raw = None;
        true
    }

    /// Notes that the platform took part `index` as `platform_id` in a call at `called_at`; the message is sent when every part is.
    /// Tells whether anything changed.
    pub fn part_taken(&mut self, index: usize, platform_id: &PlatformMessageId, called_at: Timestamp) -> bool {
        self.note_part(index, platform_id, None, called_at)
    }

    /// Notes the same as the platform's echo tells it. Its moment counts for more than that of the call, whichever comes first.
    pub fn part_echoed(&mut self, index: usize, platform_id: &PlatformMessageId, at: Timestamp) -> bool {
        self.note_part(index, platform_id, Some(at), at)
    }

    fn note_part(&mut self, index: usize, platform_id: &PlatformMessageId, echoed_at: Option<Timestamp>, at: Timestamp) -> bool {
        let Some(sending) = &mut self.sending else { return false };
        let before = sending.clone();
        let Some(part) = sending.parts.get_mut(index) else { return false };
        let fresh = part.platform_id.is_none();
        part.platform_id.get_or_insert_with(|| platform_id.clone());
        part.echoed_at = part.echoed_at.max(echoed_at);
        let unknown_id = !self.platform_ids.contains(platform_id);
        if unknown_id {
            self.platform_ids.push(platform_id.clone());
        }
        let told = sending.parts.iter().filter_map(|part| part.echoed_at).max();
        sending.outcome = match &sending.outcome {
            // The part that was in doubt has left: the rest may follow.
            Outcome::Unconfirmed { .. } if fresh && sending.next_part().is_some() => Outcome::Queued { reason: None },
            other if sending.next_part().is_some() => other.clone(),
            Outcome::Sent { at } => Outcome::Sent { at: told.unwrap_or(*at) },
            Outcome::Queued { .. }
            | Outcome::Sending { .. }
            | Outcome::Waiting { .. }
            | Outcome::Unconfirmed { .. }
            | Outcome::Failed { .. } => Outcome::Sent { at: told.unwrap_or(at) },
        };
        unknown_id || *sending != before
    }
}

impl Sending {
    /// Returns the first part that the platform has not taken.
    #[must_use]
    pub fn next_part(&self) -> Option<(usize, &Part)> {
        self.parts.iter().enumerate().find(|(_, part)| part.platform_id.is_none())
    }
}

/// Names a part in the metadata of a send, which the echo returns: the message id, and the part when there are several.
#[must_use]
pub fn part_metadata(message: &MessageId, index: usize, parts: usize) -> String {
    if parts == 1 { message.to_string() } else { format!("{message}/{index}") }
}

/// Reads [`part_metadata`] back; nothing when somebody else wrote it.
#[must_use]
pub fn parse_part_metadata(metadata: &str) -> Option<(MessageId, usize)> {
    match metadata.split_once('/') {
        None => MessageId::parse(metadata).map(|id| (id, 0)),
        Some((id, index)) => Some((MessageId::parse(id)?, index.parse().ok()?)),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
