//! The object `message` of a send, within its limits.
//!
//! <https://developers.facebook.com/docs/messenger-platform/reference/send-api>,
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/quick-replies>

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::answer::Failure;
use super::errors::{self, Refusal};
use super::send::Policy;
use super::shape::{Checked, Fields};
use super::{templates, utility};
use crate::store::graph_objects;
use crate::store::messages::{self, Content};

/// "Less than 2000 characters".
const TEXT: usize = 1_999;

/// "Less than 1000 characters".
const METADATA: usize = 999;

const QUICK_REPLIES: usize = 13;
const QUICK_REPLY_TITLE: usize = 20;
const QUICK_REPLY_PAYLOAD: usize = 1_000;

/// Several attachments in one message: pictures only.
const IMAGES: usize = 30;

/// A message that may go out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) content: Content,
    pub(crate) metadata: Option<String>,
    /// The order number of a receipt.
    pub(crate) order_number: Option<String>,
    /// An attachment to keep for later sends.
    pub(crate) reusable: Option<Value>,
    /// Whether it is audio or video, which have a rate of their own.
    pub(crate) is_media: bool,
}

/// Reads the message of a send.
pub(crate) fn read(tx: &Transaction<'_>, page_id: &str, fields: &Fields<'_>, policy: Policy) -> Result<Outgoing, Failure> {
    let message = fields.object("message")?;
    let mut outgoing = Outgoing {
        content: Content::default(),
        metadata: message.optional_text("metadata", METADATA)?.map(ToOwned::to_owned),
        order_number: None,
        reusable: None,
        is_media: false,
    };
    let kinds = ["text", "attachment", "attachments", "template", "sticker_id"];
    let mut present = kinds.into_iter().filter(|kind| message.has(kind));
    let (Some(kind), None) = (present.next(), present.next()) else {
        return Err(fields.wrong("message", "needs exactly one of text, attachment, attachments, template, sticker_id").into());
    };
    if (kind == "template") != (policy == Policy::Utility) {
        return Err(fields.wrong("messaging_type", "UTILITY and message.template go together").into());
    }
    match kind {
        "text" => outgoing.content.text = Some(message.text("text", TEXT)?.to_owned()),
        "attachment" => attachment(tx, page_id, &message.object("attachment")?, &mut outgoing)?,
        "attachments" => outgoing.content.attachments = images(&message)?,
        "template" => outgoing.content = utility::render(tx, page_id, &message.object("template")?)?,
        _ => outgoing.content.attachments = vec![sticker(&message)?],
    }
    outgoing.content.quick_replies = quick_replies(&message)?;
    outgoing.content.reply_to = reply_to(tx, fields)?;
    fields.id("persona_id")?;
    Ok(outgoing)
}

/// Reads the attachment of an upload; gives it as it is kept.
pub(crate) fn uploaded(fields: &Fields<'_>) -> Checked<Value> {
    let attachment = fields.object("message")?.object("attachment")?;
    let kind = attachment.word("type", &["image", "audio", "video", "file"])?;
    Ok(json!({"type": kind, "payload": {"url": fetchable(&attachment.object("payload")?)?}}))
}

fn attachment(tx: &Transaction<'_>, page_id: &str, fields: &Fields<'_>, outgoing: &mut Outgoing) -> Result<(), Failure> {
    let kind = fields.word("type", &["image", "audio", "video", "file", "template"])?;
    let payload = fields.object("payload")?;
    if kind == "template" {
        let template = templates::read(tx, page_id, &payload)?;
        outgoing.order_number = template.order_number;
        outgoing.content.attachments = vec![template.attachment];
        return Ok(());
    }
    outgoing.is_media = kind == "audio" || kind == "video";
    let attachment = match payload.id("attachment_id")? {
        Some(id) => saved(tx, page_id, &id, kind)?,
        None => json!({"type": kind, "payload": {"url": fetchable(&payload)?}}),
    };
    if payload.value("is_reusable").and_then(Value::as_bool) == Some(true) {
        outgoing.reusable = Some(attachment.clone());
    }
    outgoing.content.attachments = vec![attachment];
    Ok(())
}

/// Finds a saved attachment of the right kind.
pub(crate) fn saved(tx: &Transaction<'_>, page_id: &str, id: &str, kind: &str) -> Result<Value, Failure> {
    let found = graph_objects::attachment(tx, page_id, id)?.filter(|attachment| attachment["type"] == kind);
    Ok(found.ok_or_else(|| Refusal::of(errors::ATTACHMENT_UNKNOWN, format!("no saved {kind} has this attachment_id")))?)
}

/// A web address that Meta would fetch. The simulator fetches nothing.
fn fetchable<'a>(payload: &Fields<'a>) -> Checked<&'a str> {
    payload.text("url", usize::MAX)?;
    payload.url("url").map_err(|refusal| Refusal::of(errors::FETCH_FAILED, refusal.because))
}

fn images(message: &Fields<'_>) -> Checked<Vec<Value>> {
    let image = |fields: Fields<'_>| {
        fields.word("type", &["image"])?;
        Ok(json!({"type": "image", "payload": {"url": fetchable(&fields.object("payload")?)?}}))
    };
    message.objects("attachments", 1, IMAGES)?.into_iter().map(image).collect()
}

/// Only inside the window, like everything but utility messages; echoed as a sticker since June 2026.
fn sticker(message: &Fields<'_>) -> Checked<Value> {
    let id = message.id("sticker_id")?.and_then(|id| id.parse::<u64>().ok());
    let id = id.ok_or_else(|| message.wrong("sticker_id", "is no number"))?;
    Ok(json!({"type": "sticker", "payload": {"sticker_id": id}}))
}

fn quick_replies(message: &Fields<'_>) -> Checked<Vec<Value>> {
    let choices = message.objects("quick_replies", 0, QUICK_REPLIES)?;
    if message.has("quick_replies") && choices.is_empty() {
        return Err(message.wrong("quick_replies", "is empty"));
    }
    for choice in &choices {
        if choice.word("content_type", &["text", "user_phone_number", "user_email"])? == "text" {
            choice.text("title", QUICK_REPLY_TITLE)?;
            choice.text("payload", QUICK_REPLY_PAYLOAD)?;
        }
    }
    Ok(choices.iter().map(Fields::to_value).collect())
}

/// `reply_to.mid` stands beside `message` in requests.
fn reply_to(tx: &Transaction<'_>, fields: &Fields<'_>) -> Result<Option<String>, Failure> {
    let Some(reply_to) = fields.optional_object("reply_to")? else { return Ok(None) };
    let mid = reply_to.text("mid", usize::MAX)?;
    if messages::find(tx, mid, i64::MAX)?.is_none() {
        return Err(reply_to.wrong("mid", "names no message").into());
    }
    Ok(Some(mid.to_owned()))
}
