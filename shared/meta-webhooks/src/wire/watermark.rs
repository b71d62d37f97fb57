//! What has arrived and what has been read.
//!
//! ```json
//! "delivery": {"mids": ["m_…"], "watermark": 1795255199910}
//! "read": {"watermark": 1795255199950}
//! ```
//!
//! The watermark is always there, the list is not: everything at or before it counts.
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-deliveries>, and
//! `…/message-reads` beside it.

use domain::id::PlatformMessageId;
use domain::inbound::EventKind;

use crate::json::{Misread, Node};

pub(super) fn read_delivery(content: &Node<'_>) -> Result<EventKind, Misread> {
    let delivery = content.object()?;
    let up_to = delivery.require("watermark", "a timestamp")?.moment()?;
    let mids = delivery.get("mids").map_or_else(Vec::new, |list| list.list());
    let platform_ids = mids.iter().filter_map(|mid| mid.id(PlatformMessageId::new).ok()).collect();
    Ok(EventKind::Delivered { up_to, platform_ids })
}

pub(super) fn read_read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let up_to = content.object()?.require("watermark", "a timestamp")?.moment()?;
    Ok(EventKind::Read { up_to })
}
