//! Messages as JSON.

use domain::conversation::Marks;
use domain::inbound::{Attachment, Referral};
use domain::message::{Author, AuthorKind, Direction, Edited, Message, MessageKind, MessageState, Reacted, RequestKey};
use domain::reply::Draft;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conversation::LONGEST_NAME;
use crate::problem::Failure;

/// A message of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageDto {
    #[schema(example = "msg_01KAJ1X5T7N2B0C8H6J4ZKQ8V9")]
    pub(crate) id: String,
    conversation_id: String,
    /// `inbound` or `outbound`.
    #[schema(value_type = String)]
    direction: Direction,
    /// `text`, `attachment` or `postback`; for notices of ours `receipt` or `shipping`.
    #[schema(value_type = String)]
    kind: MessageKind,
    text: Option<String>,
    author: AuthorDto,
    /// `received` for a customer's message; for ours `queued`, `sending`, `sent`, `delivered`, `read`, `waiting`, `unconfirmed` or `failed`.
    #[schema(value_type = String)]
    state: MessageState,
    /// Why it is in this state and what to do, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason: Option<String>,
    /// Meta's ids: one for each part that was sent.
    platform_ids: Vec<String>,
    occurred_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentDto>,
    /// The payload of the button or quick reply that the customer tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// Meta's id of the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<ReferralDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<ReactionDto>,
    /// Earlier texts, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edits: Vec<EditDto>,
    /// When the customer took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsent_at: Option<String>,
    /// The app that sent it, when it was not this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
}

/// Who wrote a message. Policy depends on it: only a person's text may go out after the messaging window.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorDto {
    #[serde(rename = "type")]
    kind: AuthorType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuthorType {
    Customer,
    Agent,
    Bot,
    System,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttachmentDto {
    #[serde(rename = "type")]
    kind: String,
    /// A link of Meta's that expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReferralDto {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ad_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReactionDto {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<String>,
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct EditDto {
    text: Option<String>,
    replaced_at: String,
}

impl MessageDto {
    /// Shows a message, given how far its conversation was delivered and read.
    pub(crate) fn of(message: Message, marks: Marks) -> Self {
        Self {
            state: message.state(marks),
            state_reason: message.state_reason().map(str::to_owned),
            id: message.id.to_string(),
            conversation_id: message.conversation.to_string(),
            direction: message.direction,
            kind: message.kind,
            text: message.text,
            author: message.author.into(),
            platform_ids: message.platform_ids.iter().map(ToString::to_string).collect(),
            occurred_at: message.occurred_at.to_rfc3339(),
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            payload: message.payload,
            reply_to: message.reply_to.map(|id| id.to_string()),
            referral: message.referral.map(Into::into),
            reaction: message.reaction.and_then(shown_reaction),
            edits: message.edits.into_iter().map(Into::into).collect(),
            unsent_at: message.unsent_at.map(Timestamp::to_rfc3339),
            app_id: message.app.map(|app| app.to_string()),
        }
    }
}

fn shown_reaction(reacted: Reacted) -> Option<ReactionDto> {
    let at = reacted.at.to_rfc3339();
    reacted.reaction.map(|reaction| ReactionDto { name: reaction.name, emoji: reaction.emoji, at })
}

impl From<Author> for AuthorDto {
    fn from(author: Author) -> Self {
        let kind = match author.kind {
            AuthorKind::Customer => AuthorType::Customer,
            AuthorKind::Agent => AuthorType::Agent,
            AuthorKind::Bot => AuthorType::Bot,
            AuthorKind::System => AuthorType::System,
        };
        Self { kind, id: author.id, name: author.name }
    }
}

impl From<Attachment> for AttachmentDto {
    fn from(attachment: Attachment) -> Self {
        Self { kind: attachment.kind, url: attachment.url, title: attachment.title, details: attachment.details }
    }
}

impl From<Referral> for ReferralDto {
    fn from(referral: Referral) -> Self {
        Self {
            reference: referral.reference,
            source: referral.source,
            kind: referral.kind,
            ad_id: referral.ad_id,
            product_id: referral.product_id,
        }
    }
}

impl From<Edited> for EditDto {
    fn from(edit: Edited) -> Self {
        Self { text: edit.text, replaced_at: edit.at.to_rfc3339() }
    }
}

/// A reply.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplyDto {
    /// What is said; a long text leaves in several parts.
    #[schema(example = "It left our warehouse this morning.")]
    text: String,
    author: AuthorDto,
}

impl ReplyDto {
    /// Checks the reply. `request` is the key under which the caller sent it.
    pub(crate) fn draft(self, request: Option<RequestKey>) -> Result<Draft, Failure> {
        let kind = match self.author.kind {
            AuthorType::Agent => AuthorKind::Agent,
            AuthorType::Bot => AuthorKind::Bot,
            AuthorType::System => AuthorKind::System,
            AuthorType::Customer => return Err(Failure::invalid("#/author/type", "must be 'agent', 'bot' or 'system'")),
        };
        for (field, value) in [("#/author/id", &self.author.id), ("#/author/name", &self.author.name)] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty() || value.chars().count() > LONGEST_NAME) {
                return Err(Failure::invalid(field, format!("must have 1 to {LONGEST_NAME} characters")));
            }
        }
        Ok(Draft { text: self.text, author: Author { kind, id: self.author.id, name: self.author.name }, request })
    }

    /// What the reply says, for the fingerprint of its request: how it is spaced or ordered as JSON does not matter.
    pub(crate) fn content(&self) -> String {
        serde_json::json!([self.text, self.author]).to_string()
    }
}
