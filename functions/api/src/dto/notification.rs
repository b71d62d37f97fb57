//! Notifications as JSON: what became of a piece of news.

use domain::id::PageId;
use domain::message::MessageState;
use domain::notice::{Notice, NoticeKind, NoticeState};
use domain::way_out::{Decision, WayOut};
use serde::Serialize;
use utoipa::ToSchema;

/// A piece of the shop's news for one customer, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationDto {
    /// `null` when what was told makes no news for the customer, such as a printed label.
    #[schema(example = "ntf_4ZKQ8V9D6R3M1X5T7N2B0C8H6J")]
    id: Option<String>,
    /// `receipt` or `shipping`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `receipt`, `shipped`, `out_for_delivery`, `delivered`, `ready_for_pickup`, `delayed`, `problem` or `refunded`.
    event: Option<&'static str>,
    /// As of a message: `queued`, `sending`, `sent`, `delivered`, `read`, `waiting`, `unconfirmed` or `failed`; and `held_out` in a rollout,
    /// `dropped` when it is not worth telling any more, `noted` when there is nothing to tell.
    state: String,
    /// Why it is in this state and what to do, in plain words.
    state_reason: Option<String>,
    /// `receipt_template`, `text_with_buttons`, `utility_template`, `email`, `wait_for_link`, `wait_for_window`, `hold_out`, `drop`, `give_up`;
    /// `null` while nothing is decided.
    #[schema(value_type = Option<String>)]
    way: Option<WayOut>,
    conversation_id: Option<String>,
    message_id: Option<String>,
    order_id: String,
    page_id: String,
    created_at: Option<String>,
    /// After this it is not told any more.
    expires_at: Option<String>,
    /// Every decision about it with its reason, oldest first.
    decisions: Vec<NoticeDecisionDto>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NoticeDecisionDto {
    at: String,
    #[schema(value_type = String)]
    way: WayOut,
    reason: String,
}

impl From<Decision> for NoticeDecisionDto {
    fn from(decision: Decision) -> Self {
        Self { at: decision.at.to_rfc3339(), way: decision.way, reason: decision.reason }
    }
}

impl NotificationDto {
    /// Shows a notice. `message` is the state of its message, and why, where it is one.
    pub(crate) fn of(notice: Notice, message: Option<(MessageState, Option<String>)>) -> Self {
        let way = notice.way();
        let (state, state_reason) = state(&notice, message);
        let (conversation_id, message_id) = match &notice.state {
            NoticeState::Message { conversation, message } => (Some(conversation.to_string()), Some(message.to_string())),
            NoticeState::Undecided
            | NoticeState::Waiting { .. }
            | NoticeState::Mailing { .. }
            | NoticeState::Mailed { .. }
            | NoticeState::HeldOut
            | NoticeState::Dropped { .. }
            | NoticeState::Failed { .. } => (None, None),
        };
        Self {
            id: Some(notice.id.to_string()),
            kind: kind(notice.kind),
            event: Some(notice.kind.as_str()),
            state,
            state_reason,
            way,
            conversation_id,
            message_id,
            order_id: notice.order.to_string(),
            page_id: notice.page.to_string(),
            created_at: Some(notice.created_at.to_rfc3339()),
            expires_at: Some(notice.expires_at.to_rfc3339()),
            decisions: notice.decisions.into_iter().map(NoticeDecisionDto::from).collect(),
        }
    }

    /// Says that what was told makes no news for the customer.
    pub(crate) fn noted(order_id: String, page: &PageId) -> Self {
        Self {
            id: None,
            kind: "shipping",
            event: None,
            state: "noted".into(),
            state_reason: Some("The order knows of it; it is no news for the customer.".into()),
            way: None,
            conversation_id: None,
            message_id: None,
            order_id,
            page_id: page.to_string(),
            created_at: None,
            expires_at: None,
            decisions: Vec::new(),
        }
    }
}

pub(crate) const fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Receipt => "receipt",
        NoticeKind::Shipped
        | NoticeKind::OutForDelivery
        | NoticeKind::Delivered
        | NoticeKind::ReadyForPickup
        | NoticeKind::Delayed
        | NoticeKind::Problem
        | NoticeKind::Refunded => "shipping",
    }
}

/// The state of a notice, and why.
fn state(notice: &Notice, message: Option<(MessageState, Option<String>)>) -> (String, Option<String>) {
    match &notice.state {
        NoticeState::Undecided => ("queued".into(), None),
        NoticeState::Waiting { reason, .. } => ("waiting".into(), Some(reason.clone())),
        NoticeState::Message { .. } => {
            let (state, reason) = message.unwrap_or((MessageState::Failed, Some("The message is not stored any more.".into())));
            (state.as_str().into(), reason)
        }
        NoticeState::Mailing { .. } => ("sending".into(), None),
        NoticeState::Mailed { .. } => ("sent".into(), None),
        NoticeState::HeldOut => ("held_out".into(), Some("The customer is in the rollout's hold-out.".into())),
        NoticeState::Dropped { reason } => ("dropped".into(), Some(reason.clone())),
        NoticeState::Failed { reason } => ("failed".into(), Some(reason.clone())),
    }
}
