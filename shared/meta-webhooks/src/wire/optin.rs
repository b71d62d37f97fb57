//! Opt-ins: a customer asks for messages of a kind, or stops them.
//!
//! ```json
//! "optin": {"type": "notification_messages", "payload": "…", "notification_messages_status": "STOP NOTIFICATIONS", …}
//! "optin": {"type": "one_time_notif_req", "payload": "…", "one_time_notif_token": "…"}
//! "optin": {"ref": "…", "user_ref": "…"}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_optins>. The second
//! and the third (checkbox plugin, without a sender) stand in older pages: unconfirmed for 2026.

use domain::inbound::{EventKind, OptIn};

use crate::json::{Misread, Node};

pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let optin = content.object()?;
    Ok(EventKind::OptIn(OptIn {
        kind: optin.hint("type"),
        reference: optin.text("ref")?,
        payload: optin.text("payload")?,
        // Whether the customer said stop is the one thing here that must not be overlooked.
        status: optin.text("notification_messages_status")?,
    }))
}
