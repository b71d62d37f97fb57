//! Taps on buttons: Get Started, a menu entry, an ice breaker, a template's button.
//!
//! ```json
//! "postback": {"mid": "m_…", "title": "Track", "payload": "TRACK_ORDER:20418", "referral": {…}}
//! ```
//!
//! The overview and the m.me pages show it without `mid`; in `standby` the payload is missing, because it belongs to the app that sent the
//! button. <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_postbacks>

use domain::id::PlatformMessageId;
use domain::inbound::{EventKind, Postback};

use super::referral;
use crate::json::{Misread, Node};

pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let postback = content.object()?;
    Ok(EventKind::Postback(Postback {
        platform_id: postback.hint("mid").and_then(PlatformMessageId::new),
        title: postback.hint("title"),
        payload: postback.text("payload")?,
        referral: postback.part("referral").map(|object| referral::of(&object)),
    }))
}
