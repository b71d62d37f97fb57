//! What a send brings, as the Send API wants it.
//!
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/button>
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>
//!
//! What is longer than a template takes is cut, because a shortened notice is better than none.

use domain::content::{Content, LinkButton, UtilityMessage};
use domain::policy::Way;
use domain::ports::{SendRequest, Sendable};
use domain::text;
use serde_json::{Map, Value, json};

use crate::receipt;

/// The limits of a button template, in UTF-16 units where they are of text.
const BUTTON_TEXT: usize = 640;
const BUTTON_TITLE: usize = 20;
const MOST_BUTTONS: usize = 3;

/// Writes a call of the Send API. A tag stands only where policy wants one: with it, a message is refused even inside the window when the app
/// has no right to it.
pub(crate) fn body(request: &SendRequest<'_>) -> Value {
    let mut body = json!({ "recipient": { "id": request.user.as_str() }, "message": message(request) });
    let (kind, tag) = match request.way {
        Way::Response => ("RESPONSE", None),
        Way::HumanAgent => ("MESSAGE_TAG", Some("HUMAN_AGENT")),
        Way::Utility => ("UTILITY", None),
    };
    if let Some(body) = body.as_object_mut() {
        body.insert("messaging_type".into(), kind.into());
        body.extend(tag.map(|tag| (String::from("tag"), Value::from(tag))));
    }
    body
}

/// The metadata comes back in the echo and settles a send whose answer was lost: the Send API knows no idempotency key. That it may stand
/// beside a utility template is unconfirmed.
fn message(request: &SendRequest<'_>) -> Value {
    let (key, content) = match request.content {
        Sendable::Text(text) => ("text", json!(text)),
        Sendable::Content(Content::Text { text }) => ("text", json!(text)),
        Sendable::Content(Content::Buttons { text, buttons }) if buttons.is_empty() => ("text", json!(text)),
        Sendable::Content(Content::Buttons { text, buttons }) => ("attachment", button_template(text, buttons)),
        Sendable::Content(Content::Receipt(content)) => ("attachment", template(&receipt::payload(content))),
        Sendable::Utility(utility) => ("template", utility_template(utility)),
    };
    let mut message = Map::new();
    message.insert(key.into(), content);
    message.insert("metadata".into(), request.metadata.into());
    Value::Object(message)
}

fn template(payload: &Value) -> Value {
    json!({ "type": "template", "payload": payload })
}

fn button_template(text: &str, buttons: &[LinkButton]) -> Value {
    let button =
        |button: &LinkButton| json!({ "type": "web_url", "title": text::shortened(&button.title, BUTTON_TITLE), "url": button.url });
    let buttons: Vec<Value> = buttons.iter().take(MOST_BUTTONS).map(button).collect();
    template(&json!({ "template_type": "button", "text": text::shortened(text, BUTTON_TEXT), "buttons": buttons }))
}

/// Meta's page is not at one with itself about the place of `template`; this is what most of its samples show (unconfirmed).
fn utility_template(utility: &UtilityMessage) -> Value {
    let parameter = |(name, text): &(String, String)| json!({ "type": "text", "parameter_name": name, "text": text });
    let mut components = Vec::new();
    if !utility.parameters.is_empty() {
        components.push(json!({ "type": "body", "parameters": utility.parameters.iter().map(parameter).collect::<Vec<_>>() }));
    }
    if let Some(suffix) = &utility.url_suffix {
        components.push(json!({ "type": "buttons", "parameters": [{ "type": "URL", "url": suffix }] }));
    }
    json!({ "name": utility.template, "language": { "code": utility.language }, "components": components })
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
