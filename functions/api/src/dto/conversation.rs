//! Conversations as JSON.

use domain::conversation::{Case, Conversation, Status};
use domain::time::Timestamp;
use domain::triage::{Assignment, Decision};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::order::OrderDto;
use crate::problem::Failure;

/// A conversation: one per customer and Page, for ever.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationDto {
    #[schema(example = "cnv_4ZKQ8V9D6R3M1X5T7N2B0C8H6J")]
    id: String,
    /// `messenger`.
    channel: &'static str,
    page_id: String,
    identity: IdentityDto,
    /// `open` or `resolved`.
    status: &'static str,
    case: CaseDto,
    /// Who has the conversation.
    assignee: Option<String>,
    /// How many messages of the customer came since a person answered.
    unread_count: u32,
    last_activity_at: String,
    /// When the customer wrote the first message that nobody has answered yet; `null` when nobody waits for an answer.
    unanswered_since: Option<String>,
    /// Our estimate of the end of the messaging window; `null` when the customer never opened it.
    window_ends_at: Option<String>,
    /// What the oldest message that has not left waits for: `window`, `thread` or `page`.
    #[schema(value_type = Option<String>)]
    waiting_for: Option<domain::message::WaitingFor>,
    /// The app that holds the thread, when it is another one.
    thread_owner_app_id: Option<String>,
    created_at: String,
    /// The orders beside the conversation, those that changed last first; only where one conversation is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<Vec<OrderDto>>,
}

/// The customer as one Page knows them.
#[derive(Debug, Serialize, ToSchema)]
struct IdentityDto {
    /// The page-scoped id.
    id: String,
    /// `null` until Meta tells it, and when Meta does not.
    name: Option<String>,
}

/// A question from its opening to its resolution.
#[derive(Debug, Serialize, ToSchema)]
struct CaseDto {
    /// 1 for the first one of the conversation.
    number: u32,
    opened_at: String,
    /// What a person should see to, when it is not what the customer wrote: the last trouble with a parcel.
    reason: Option<String>,
}

impl From<Conversation> for ConversationDto {
    fn from(conversation: Conversation) -> Self {
        let Case { number, status, opened_at, reason } = conversation.case;
        Self {
            id: conversation.id.to_string(),
            channel: "messenger",
            page_id: conversation.page.to_string(),
            identity: IdentityDto { id: conversation.user.to_string(), name: conversation.name },
            status: status.as_str(),
            case: CaseDto { number, opened_at: opened_at.to_rfc3339(), reason },
            assignee: conversation.assignee,
            unread_count: conversation.unread_count,
            last_activity_at: conversation.last_activity_at.to_rfc3339(),
            unanswered_since: conversation.unanswered_since.map(Timestamp::to_rfc3339),
            window_ends_at: conversation.window_ends_at.map(Timestamp::to_rfc3339),
            waiting_for: conversation.waiting_for,
            thread_owner_app_id: conversation.thread_owner.map(|app| app.to_string()),
            created_at: conversation.created_at.to_rfc3339(),
            orders: None,
        }
    }
}

impl ConversationDto {
    pub(crate) fn with_orders(self, orders: Vec<OrderDto>) -> Self {
        Self { orders: Some(orders), ..self }
    }
}

/// What an agent decides about a conversation; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionDto {
    /// `open` or `resolved`. The customer's next message after a resolved case opens the next one.
    status: Option<String>,
    /// Who has the conversation; `null` gives it back to everybody.
    #[serde(default, deserialize_with = "assignment")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Assignment>,
    /// `0`: everything so far is read.
    unread_count: Option<u32>,
}

/// Tells `null`, which gives back to everybody, from absent, which changes nothing.
fn assignment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Assignment>, D::Error> {
    let assignee = Option::<String>::deserialize(deserializer)?;
    Ok(Some(assignee.map_or(Assignment::Everybody, Assignment::To)))
}

/// The longest name of an assignee or author, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

impl TryFrom<DecisionDto> for Decision {
    type Error = Failure;

    fn try_from(dto: DecisionDto) -> Result<Self, Failure> {
        let status = match dto.status.as_deref() {
            None => None,
            Some(value) => Some(Status::parse(value).ok_or_else(|| Failure::invalid("#/status", "must be 'open' or 'resolved'"))?),
        };
        if let Some(Assignment::To(assignee)) = &dto.assignee
            && (assignee.trim().is_empty() || assignee.chars().count() > LONGEST_NAME)
        {
            return Err(Failure::invalid("#/assignee", format!("must have 1 to {LONGEST_NAME} characters, or be null")));
        }
        if dto.unread_count.is_some_and(|count| count != 0) {
            return Err(Failure::invalid("#/unread_count", "can only be set to 0"));
        }
        Ok(Self { status, assignment: dto.assignee, read: dto.unread_count.is_some() })
    }
}
