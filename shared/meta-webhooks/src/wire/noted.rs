//! Known kinds that are kept on the timeline and change nothing else yet. When one of them does, it moves to a file of its own.
//!
//! ```json
//! "account_linking": {"status": "linked", "authorization_code": "…"}
//! "order": {"products": [{"id": "…", "name": "…", "unit_price": 49.9, "currency": "EUR", "quantity": 1}]}
//! "template": {"type": "coupon", "payload": "…", "coupon_code": "…"}
//! "form_id": "1180442057713099"
//! {"field": "feed", "value": {"from": {…}, "item": "comment", "verb": "add", "message": "…"}}
//! ```

use domain::inbound::{EventKind, NotedKind};

use super::unknown;
use crate::json::{Misread, Node};

/// Notes what has at least the outer shape of its kind.
pub(super) fn object(content: &Node<'_>, kind: NotedKind) -> Result<EventKind, Misread> {
    content.object()?;
    Ok(EventKind::Noted(kind))
}

pub(super) fn account_linking(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::AccountLinking)
}

/// The cart that a customer sent.
pub(super) fn cart(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::Cart)
}

/// A customer revealed a coupon. Comes under `messages`, yet without a `message`. Other templates under this key are not documented.
pub(super) fn coupon(content: &Node<'_>) -> Result<EventKind, Misread> {
    match content.object()?.required_text("type")?.as_str() {
        "coupon" => Ok(EventKind::Noted(NotedKind::CouponRevealed)),
        other => Ok(unknown(&format!("template.{other}"))),
    }
}

/// A form of a lead ad, filled in within the thread. That the event is named by `form_id` is unconfirmed.
pub(super) fn lead_form(content: &Node<'_>) -> Result<EventKind, Misread> {
    content.text()?;
    Ok(EventKind::Noted(NotedKind::LeadForm))
}

/// Whether group posts still come after the end of the Groups API is unconfirmed.
pub(super) fn group_post(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::GroupPost)
}

pub(super) fn feed(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::Feed)
}

pub(super) fn leadgen(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::Leadgen)
}

/// The envelope of these is unconfirmed; as changes they are seen.
pub(super) fn marketing_message(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::MarketingMessage)
}

pub(super) fn mention(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::Mention)
}

pub(super) fn rating(content: &Node<'_>) -> Result<EventKind, Misread> {
    object(content, NotedKind::Rating)
}
