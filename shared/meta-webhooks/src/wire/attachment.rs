//! Attachments of messages and echoes.
//!
//! ```json
//! {"type": "image", "payload": {"url": "https://…"}}
//! {"type": "sticker", "payload": {"url": "https://…", "sticker_id": 369239263222822}}
//! {"type": "location", "payload": {"coordinates": {"lat": 52.5208, "long": 13.4094}}}
//! {"type": "fallback", "title": "…", "url": "https://…", "payload": null}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages>. `location` stands
//! in older fixtures only: unconfirmed for 2026.

use std::collections::BTreeSet;

use domain::inbound::Attachment;
use serde_json::Value;

use crate::json::Node;

/// The type of an attachment that names none.
const UNNAMED: &str = "unknown";

/// Reads every attachment. One that has another shape than expected is kept as it came: the message it belongs to matters more.
pub(super) fn read_all(list: &Node<'_>) -> Vec<Attachment> {
    let attachments = list.list().into_iter().filter(|node| !node.is_null()).map(|node| read(&node)).collect();
    without_twins(attachments)
}

fn read(node: &Node<'_>) -> Attachment {
    let Ok(attachment) = node.object() else {
        return Attachment { kind: UNNAMED.to_owned(), url: None, title: None, details: Some(node.value()) };
    };
    let payload = attachment.part("payload");
    let hint = |key| payload.as_ref().and_then(|payload| payload.hint(key)).or_else(|| attachment.hint(key));
    let mut details = attachment.rest(&["type", "url", "title", "payload"]);
    match &payload {
        Some(payload) => details.extend(payload.rest(&["url", "title"])),
        None => details.extend(attachment.get("payload").map(|odd| (String::from("payload"), odd.value()))),
    }
    Attachment {
        kind: attachment.hint("type").unwrap_or_else(|| UNNAMED.to_owned()),
        url: hint("url"),
        title: hint("title"),
        details: (!details.is_empty()).then_some(Value::Object(details)),
    }
}

/// Leaves out the image that came beside a sticker and shows the same picture.
///
/// Since 2026-06-01 a sticker comes as `sticker`; until 2026-08-30 an `image` of it came in the same message, for readers that knew no other
/// way. Bodies of that time may still be replayed. An image that is another picture is kept.
/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/sticker-api>
fn without_twins(attachments: Vec<Attachment>) -> Vec<Attachment> {
    let stickers = || attachments.iter().filter(|attachment| attachment.kind == "sticker");
    let files: BTreeSet<String> = stickers().filter_map(file).map(str::to_owned).collect();
    let ids: BTreeSet<String> = stickers().filter_map(sticker_id).collect();
    let is_twin = |image: &Attachment| {
        image.kind == "image"
            && (file(image).is_some_and(|file| files.contains(file)) || sticker_id(image).is_some_and(|id| ids.contains(&id)))
    };
    attachments.into_iter().filter(|attachment| !is_twin(attachment)).collect()
}

/// The link without its signature, which differs each time.
fn file(attachment: &Attachment) -> Option<&str> {
    attachment.url.as_deref()?.split('?').next()
}

/// A number in one of Meta's pages, a string in another.
fn sticker_id(attachment: &Attachment) -> Option<String> {
    let id = attachment.details.as_ref()?.get("sticker_id")?;
    Some(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
}
