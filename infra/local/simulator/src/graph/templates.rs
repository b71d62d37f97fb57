//! Templates inside `message.attachment`, within their limits.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/button> and its
//! neighbours; buttons: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/buttons>

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::answer::Failure;
use super::errors::{self, Refusal};
use super::message::saved;
use super::shape::{Checked, Fields};
use super::{feedback, receipt};

const BUTTON_TEXT: usize = 640;
const BUTTONS: usize = 3;
const BUTTON_TITLE: usize = 20;
const BUTTON_PAYLOAD: usize = 1_000;
const ELEMENTS: usize = 10;
const TITLE: usize = 80;
const SUBTITLE: usize = 80;
const GRID_TITLE: usize = 45;

/// A template as it will be echoed and shown.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) attachment: Value,
    /// The order number of a receipt.
    pub(crate) order_number: Option<String>,
}

/// Checks a template by its type.
pub(crate) fn read(tx: &Transaction<'_>, page_id: &str, payload: &Fields<'_>) -> Result<Template, Failure> {
    let kind = payload.text("template_type", usize::MAX)?;
    let mut order_number = None;
    let title = match kind {
        "button" => button(payload)?,
        "generic" => generic(payload)?,
        "receipt" => {
            order_number = Some(receipt::check(payload)?);
            format!("Order {}", order_number.as_deref().unwrap_or_default())
        }
        "media" => media(tx, page_id, payload)?,
        "customer_feedback" => feedback::check_feedback(payload)?,
        "customer_information" => feedback::check_information(payload)?,
        "coupon" => coupon(payload)?,
        "image_grid" => image_grid(payload)?,
        "product" => product(payload)?,
        _ => return Err(payload.wrong("template_type", "is not known").into()),
    };
    Ok(Template { attachment: json!({"title": title, "type": "template", "payload": payload.to_value()}), order_number })
}

fn button(payload: &Fields<'_>) -> Checked<String> {
    let text = payload.text("text", BUTTON_TEXT)?;
    buttons(payload, 1)?;
    Ok(text.to_owned())
}

fn generic(payload: &Fields<'_>) -> Checked<String> {
    let elements = payload.objects("elements", 1, ELEMENTS)?;
    for element in &elements {
        element.text("title", TITLE)?;
        element.optional_text("subtitle", SUBTITLE)?;
        buttons(element, 0)?;
        if let Some(action) = element.optional_object("default_action")? {
            action.word("type", &["web_url"])?;
            action.url("url")?;
        }
        if !["subtitle", "image_url", "buttons", "default_action"].into_iter().any(|key| element.has(key)) {
            return Err(element.wrong("title", "needs at least one property besides it"));
        }
    }
    first_title(&elements)
}

/// Buttons of all kinds, also of a menu or a utility template.
fn buttons(fields: &Fields<'_>, least: usize) -> Checked<()> {
    for button in fields.objects("buttons", least, BUTTONS)? {
        let kinds = ["web_url", "postback", "phone_number", "account_link", "account_unlink", "game_play", "audio_call"];
        match button.word("type", &kinds)? {
            "web_url" => {
                button.text("title", BUTTON_TITLE)?;
                button.url("url")?;
            }
            "postback" | "phone_number" => {
                button.text("title", BUTTON_TITLE)?;
                button.text("payload", BUTTON_PAYLOAD)?;
            }
            "account_link" => _ = button.url("url")?,
            _ => {}
        }
    }
    Ok(())
}

/// Image or video by `attachment_id` or by a facebook.com address; others are refused.
fn media(tx: &Transaction<'_>, page_id: &str, payload: &Fields<'_>) -> Result<String, Failure> {
    for element in payload.objects("elements", 1, 1)? {
        let kind = element.word("media_type", &["image", "video"])?;
        // Unconfirmed: the number of buttons.
        buttons(&element, 0)?;
        if let Some(id) = element.id("attachment_id")? {
            saved(tx, page_id, &id, kind)?;
        } else if !is_facebook(element.url("url")?) {
            return Err(Refusal::of(errors::MEDIA_EXTERNAL, "media templates take facebook.com addresses only").into());
        }
    }
    Ok(String::new())
}

fn is_facebook(url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    host == "facebook.com" || host.ends_with(".facebook.com")
}

fn coupon(payload: &Fields<'_>) -> Checked<String> {
    let title = payload.text("title", TITLE)?;
    payload.optional_text("subtitle", SUBTITLE)?;
    let code = payload.optional_text("coupon_code", usize::MAX)?;
    if code.is_some_and(|code| code.contains(char::is_whitespace)) {
        return Err(payload.wrong("coupon_code", "contains spaces"));
    }
    Ok(title.to_owned())
}

fn image_grid(payload: &Fields<'_>) -> Checked<String> {
    let elements = payload.objects("elements", 1, 1)?;
    for element in &elements {
        element.optional_text("title", GRID_TITLE)?;
        element.optional_text("subtitle", SUBTITLE)?;
        buttons(element, 0)?;
        // Unconfirmed: the key of the pictures.
        element.objects("images", 2, 6)?;
    }
    Ok(String::new())
}

fn product(payload: &Fields<'_>) -> Checked<String> {
    for element in payload.objects("elements", 1, ELEMENTS)? {
        if element.id("id")?.is_none() {
            return Err(element.wrong("id", "is missing"));
        }
    }
    Ok(String::new())
}

fn first_title(elements: &[Fields<'_>]) -> Checked<String> {
    elements.first().map_or(Ok(String::new()), |element| element.text("title", TITLE).map(ToOwned::to_owned))
}
