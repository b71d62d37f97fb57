//! Messages, echoes, unsends and edits.
//!
//! ```json
//! "message": {"mid": "m_…", "text": "…", "quick_reply": {"payload": "…"}, "reply_to": {"mid": "m_…"}, "attachments": […], …}
//! "message": {"mid": "m_…", "is_echo": true, "app_id": 1834920057713346, "metadata": "…", "text": "…"}
//! "message": {"mid": "m_…", "is_deleted": true}
//! "message_edit": {"mid": "m_…", "text": "…", "num_edit": 1}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages>, and
//! `…/message-echoes`, `…/message-edits` beside it.

use domain::id::{AppId, PlatformMessageId};
use domain::inbound::{Attachment, CustomerMessage, Echo, EventKind};

use super::{attachment, referral};
use crate::json::{Misread, Node, Object};

/// Reads what a customer wrote, or took back. A message may have neither text nor attachments.
pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let message = content.object()?;
    let platform_id = message.id("mid", PlatformMessageId::new)?;
    if is_unsent(&message) {
        return Ok(EventKind::Unsend { platform_id });
    }
    Ok(EventKind::Message(CustomerMessage {
        platform_id,
        text: message.text("text")?,
        quick_reply: message.part("quick_reply").and_then(|reply| reply.hint("payload")),
        reply_to: reply_to(&message),
        attachments: attachments(&message),
        referral: message.part("referral").map(|object| referral::of(&object)),
    }))
}

/// Reads what the Page's side wrote: we, another app, or a person in the Page inbox.
pub(super) fn read_echo(content: &Node<'_>) -> Result<EventKind, Misread> {
    let message = content.object()?;
    let platform_id = message.id("mid", PlatformMessageId::new)?;
    if is_unsent(&message) {
        return Ok(EventKind::Unsend { platform_id });
    }
    Ok(EventKind::Echo(Echo {
        platform_id,
        // A number in Meta's samples, a string in its tables.
        app: message.hint("app_id").and_then(AppId::new),
        metadata: message.hint("metadata"),
        text: message.text("text")?,
        reply_to: reply_to(&message),
        attachments: attachments(&message),
    }))
}

pub(super) fn read_edit(content: &Node<'_>) -> Result<EventKind, Misread> {
    let edit = content.object()?;
    let platform_id = edit.id("mid", PlatformMessageId::new)?;
    let text = edit.required_text("text")?;
    // An integer by the table, quoted in the sample. Without one it is the only edit that we know of.
    let number = edit.get("num_edit").map_or(Ok(1), |number| number.count())?;
    Ok(EventKind::Edit { platform_id, text, number })
}

/// Tells whether the sender took the message back. Documented for Instagram; unconfirmed for Messenger.
fn is_unsent(message: &Object<'_>) -> bool {
    message.flag("is_deleted")
}

/// A reply to a story has no `mid`, and is a message like any other to us.
fn reply_to(message: &Object<'_>) -> Option<PlatformMessageId> {
    message.part("reply_to")?.hint("mid").and_then(PlatformMessageId::new)
}

fn attachments(message: &Object<'_>) -> Vec<Attachment> {
    message.get("attachments").map_or_else(Vec::new, |list| attachment::read_all(&list))
}
