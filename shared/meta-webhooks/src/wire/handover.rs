//! Which app holds the thread.
//!
//! ```json
//! "pass_thread_control": {"previous_owner_app_id": "…", "new_owner_app_id": "…", "metadata": "…"}
//! "take_thread_control": {"previous_owner_app_id": "…", "new_owner_app_id": "…", "metadata": "…"}
//! "request_thread_control": {"requested_owner_app_id": 926604418850217, "metadata": "…"}
//! "app_roles": {"<app>": ["primary_receiver"]}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_handovers>

use domain::id::AppId;
use domain::inbound::{EventKind, NotedKind};

use crate::json::{Misread, Node};

/// Control was given to an app, or to nobody in particular when there is no new owner.
pub(super) fn read_pass(content: &Node<'_>) -> Result<EventKind, Misread> {
    let owner = content.object()?.get("new_owner_app_id").map(|app| app.id(AppId::new)).transpose()?;
    Ok(EventKind::ThreadControl { owner })
}

/// Control was taken, so somebody has it.
pub(super) fn read_take(content: &Node<'_>) -> Result<EventKind, Misread> {
    let owner = content.object()?.id("new_owner_app_id", AppId::new)?;
    Ok(EventKind::ThreadControl { owner: Some(owner) })
}

/// Control was released. The Send API has the call; that an event of this name tells of it is unconfirmed.
pub(super) fn read_release(content: &Node<'_>) -> Result<EventKind, Misread> {
    content.object()?;
    Ok(EventKind::ThreadControl { owner: None })
}

pub(super) fn read_request(content: &Node<'_>) -> Result<EventKind, Misread> {
    content.object()?;
    Ok(EventKind::Noted(NotedKind::ThreadControlRequest))
}

pub(super) fn read_app_roles(content: &Node<'_>) -> Result<EventKind, Misread> {
    content.object()?;
    Ok(EventKind::Noted(NotedKind::AppRoles))
}
