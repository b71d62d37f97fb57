//! One message: its words, what hangs on it, how far it came.

use maud::{Markup, html};
use serde_json::Value;

use super::{PREFIX, receipt, template, words};
use crate::ids::PAGE_INBOX_APP_ID;
use crate::store::customers::Customer;
use crate::store::messages::{Direction, MessageState, ThreadMessage};

/// What a customer may react with.
const REACTIONS: [&str; 4] = ["❤️", "👍", "😮", "😢"];

/// Draws a message. The one after it decides whether its state is worth a line.
pub(crate) fn message(customer: &Customer, message: &ThreadMessage, next: Option<&ThreadMessage>) -> Markup {
    let from_page = message.direction == Direction::FromPage;
    let state = state(message.state);
    let repeated = next.is_some_and(|next| next.direction == message.direction && next.state == message.state);
    let reactions = [&message.customer_reaction, &message.page_reaction];
    html! {
        li.message.theirs[from_page].mine[!from_page] data-testid="message" data-mid=(message.mid)
            data-direction=(if from_page { "page" } else { "customer" }) data-state=(state) {
            @if message.app_id.as_deref() == Some(PAGE_INBOX_APP_ID) { p.note { "from the Page’s inbox" } }
            @if let Some(name) = &message.content.utility { p.note { "utility template " (name) } }
            @if message.content.reply_to.is_some() { p.note { "↩ in reply" } }
            @if !message.text().is_empty() { p.text { (linked(message.text())) } }
            @for item in &message.content.attachments { (attachment(customer, item)) }
            @if reactions.iter().any(|reaction| reaction.is_some()) {
                p.reactions { @for reaction in reactions.into_iter().flatten() { (reaction) } }
            }
            @if !repeated { p.meta { (words::time(message.at_ms)) @if from_page { " · " span.state { (state) } } } }
            @if from_page { (react(customer, message)) }
        }
    }
}

fn state(state: MessageState) -> &'static str {
    match state {
        MessageState::Sent => "sent",
        MessageState::Delivered => "delivered",
        MessageState::Read => "read",
    }
}

fn react(customer: &Customer, message: &ThreadMessage) -> Markup {
    html! {
        details.react {
            summary aria-label="React" { "☺" }
            form method="post" action={ (PREFIX) "/c/" (customer.psid) "/react" } data-async {
                input type="hidden" name="mid" value=(message.mid);
                @for emoji in REACTIONS { button name="emoji" value=(emoji) type="submit" { (emoji) } }
                @if message.customer_reaction.is_some() { button name="emoji" value="" type="submit" aria-label="Take back" { "✕" } }
            }
        }
    }
}

/// Words with web addresses as links.
fn linked(text: &str) -> Markup {
    html! {
        @for part in text.split_inclusive(char::is_whitespace) {
            @if is_web(part) { (link(part.trim_end(), part)) } @else { (part) }
        }
    }
}

/// A link to somewhere else; anything but the web stays text.
pub(crate) fn link(url: &str, label: &str) -> Markup {
    html! {
        @if is_web(url) { a href=(url) target="_blank" rel="noopener noreferrer" { (label) } } @else { (label) }
    }
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn attachment(customer: &Customer, attachment: &Value) -> Markup {
    let text = |key: &str| attachment.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(payload) = attachment.get("payload") else { return html! { p.text { "(an attachment without content)" } } };
    let url = payload.get("url").and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "template" if payload["template_type"] == "receipt" => receipt::draw(payload),
        "template" => template::draw(customer, payload),
        "image" | "sticker" => picture(text("type"), url),
        "audio" => file("🎤", "Voice message", url),
        "video" => file("🎬", "Video", url),
        "location" => html! { p.file { "📍 " (payload["coordinates"]["lat"]) ", " (payload["coordinates"]["long"]) } },
        "fallback" => file("🔗", payload.get("title").and_then(Value::as_str).unwrap_or("Link"), url),
        _ => file("📄", "File", url),
    }
}

/// The desk's own pictures are shown; those of others only as links, for nothing is loaded from outside.
fn picture(kind: &str, url: &str) -> Markup {
    let name = url.split_once("/simulator/media/").map(|(_, name)| name).filter(|name| is_ours(name));
    html! {
        @if let Some(name) = name {
            img.picture.sticker[kind == "sticker"] src={ (PREFIX) "/media/" (name) } alt=(if kind == "sticker" { "Sticker" } else { "Photo" });
        } @else if kind == "sticker" { p.big { "👍" } } @else { (file("🖼️", "Image", url)) }
    }
}

fn is_ours(name: &str) -> bool {
    name == "photo.svg" || name == "thumbs-up.svg"
}

fn file(face: &str, name: &str, url: &str) -> Markup {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    html! { p.file { (face) " " b { (name) } " " (link(url, place)) } }
}
