//! Templates as Messenger draws them: cards with buttons.

use maud::{Markup, html};
use serde_json::Value;

use super::PREFIX;
use super::bubble::link;
use crate::store::customers::Customer;

/// Draws a template that is not a receipt.
pub(crate) fn draw(customer: &Customer, payload: &Value) -> Markup {
    let kind = text(payload, "template_type");
    let elements = payload.get("elements").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    html! {
        @if elements.is_empty() {
            div.card data-testid={ "template-" (kind) } { (card(customer, payload)) (extras(payload, kind)) }
        } @else {
            div.cards data-testid={ "template-" (kind) } {
                @for element in elements { div.card { (card(customer, element)) } }
            }
        }
    }
}

fn card(customer: &Customer, fields: &Value) -> Markup {
    let image = text(fields, "image_url");
    let action = fields.get("default_action").map(|action| text(action, "url")).unwrap_or_default();
    html! {
        @if !image.is_empty() { p.image { "🖼️ " (link(image, "picture")) } }
        @for key in ["text", "title"] {
            @let words = text(fields, key);
            @if !words.is_empty() { p class=(key) { @if action.is_empty() { (words) } @else { (link(action, words)) } } }
        }
        @if !text(fields, "subtitle").is_empty() { p.subtitle { (text(fields, "subtitle")) } }
        @if let Some(product) = fields.get("id").and_then(Value::as_str) { p.subtitle { "Product " (product) } }
        @if let Some(media) = fields.get("media_type").and_then(Value::as_str) { p.subtitle { "A " (media) } }
        @for item in fields.get("buttons").and_then(Value::as_array).into_iter().flatten() { (button(customer, item)) }
    }
}

/// What feedback and coupon have besides words.
fn extras(payload: &Value, kind: &str) -> Markup {
    html! {
        @if kind == "customer_feedback" {
            p.stars aria-label="Rating" { "☆☆☆☆☆" }
            p.button { (payload.get("button_title").and_then(Value::as_str).unwrap_or("Rate")) }
        }
        @if kind == "coupon" && !text(payload, "coupon_code").is_empty() { p.button { "Code " (text(payload, "coupon_code")) } }
    }
}

/// Draws a button; only a postback does something here, an address opens in a new tab.
pub(crate) fn button(customer: &Customer, button: &Value) -> Markup {
    let (title, payload) = (text(button, "title"), text(button, "payload"));
    html! {
        @match text(button, "type") {
            "postback" => {
                form method="post" action={ (PREFIX) "/c/" (customer.psid) "/postback" } data-async {
                    input type="hidden" name="title" value=(title);
                    input type="hidden" name="payload" value=(payload);
                    button.button type="submit" data-testid="postback" { (title) }
                }
            }
            "web_url" => p.button { (link(text(button, "url"), title)) },
            "phone_number" => p.button { "📞 " (title) },
            _ => p.button { (title) },
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
