//! Telling the shop's own programs what became of notices.

use serde_json::json;

use super::Ports;
use super::decide::DecideError;
use crate::announce::{Announcement, AnnouncementKind, Endpoints, EventJob, EventQueue};
use crate::conversation::Conversation;
use crate::notice::{Notice, NoticeState, Reached, Step};

/// Announces that a conversation's next case has begun, when somebody listens.
pub(super) async fn conversation_opened(world: &impl Ports, conversation: &Conversation) -> Result<(), DecideError> {
    if !is_wanted(world, AnnouncementKind::ConversationOpened).await? {
        return Ok(());
    }
    let announcement = Announcement::conversation_opened(conversation);
    world.events().enqueue(&EventJob::Announce { announcement }).await.map_err(DecideError::Announce)
}

async fn is_wanted(world: &impl Ports, kind: AnnouncementKind) -> Result<bool, DecideError> {
    let endpoints = world.store().endpoints().await.map_err(DecideError::Store)?;
    Ok(endpoints.iter().any(|endpoint| endpoint.wants(kind)))
}

/// Announces a step, when somebody listens.
pub(super) async fn announce(world: &impl Ports, notice: &Notice, reached: Reached) -> Result<(), DecideError> {
    let kind = kind(reached.step);
    if !is_wanted(world, kind).await? {
        return Ok(());
    }
    let (conversation, message) = match &notice.state {
        NoticeState::Message { conversation, message } => (Some(conversation), Some(message)),
        NoticeState::Undecided
        | NoticeState::Waiting { .. }
        | NoticeState::Mailing { .. }
        | NoticeState::Mailed { .. }
        | NoticeState::HeldOut
        | NoticeState::Dropped { .. }
        | NoticeState::Failed { .. } => (None, None),
    };
    let data = json!({
        "order_id": notice.order,
        "event": notice.kind,
        "way": notice.way(),
        "reason": notice.decisions.last().map(|decision| &decision.reason),
        "conversation_id": conversation,
        "message_id": message,
    });
    let announcement = Announcement::notification(kind, &notice.id, &notice.page, reached.at, data);
    world.events().enqueue(&EventJob::Announce { announcement }).await.map_err(DecideError::Announce)
}

const fn kind(step: Step) -> AnnouncementKind {
    match step {
        Step::Waiting => AnnouncementKind::NotificationWaiting,
        Step::Sent => AnnouncementKind::NotificationSent,
        Step::Delivered => AnnouncementKind::NotificationDelivered,
        Step::Read => AnnouncementKind::NotificationRead,
        Step::Failed => AnnouncementKind::NotificationFailed,
    }
}
