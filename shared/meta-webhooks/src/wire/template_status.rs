//! Meta's verdict on a message template.
//!
//! ```json
//! {"field": "message_template_status_update", "value":
//!     {"event": "APPROVED", "message_template_name": "…", "message_template_language": "en", "reason": "NONE"}}
//! ```
//!
//! One page of Meta's calls the field `message_template_status_update`, another `messenger_template_status_update`; both are read. The shape
//! of the value is not documented for Pages and taken from `WhatsApp`'s (unconfirmed), so shorter names are read too.
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>

use domain::inbound::EventKind;

use crate::json::{Misread, Node};

/// What stands for no reason.
const NO_REASON: &str = "NONE";

pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let update = content.object()?;
    let status = update.text("event")?.or(update.text("status")?).ok_or_else(|| update.lacks("event", "a text"))?;
    Ok(EventKind::TemplateStatus {
        name: update.hint("message_template_name").or_else(|| update.hint("name")),
        language: update.hint("message_template_language").or_else(|| update.hint("language")),
        status,
        reason: update.hint("reason").filter(|reason| reason != NO_REASON),
    })
}
