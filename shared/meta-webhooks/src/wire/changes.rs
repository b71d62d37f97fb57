//! Elements of `changes`: what happens to the Page itself, its posts and its templates.
//!
//! ```json
//! {"field": "feed", "value": {…}}
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/page>. They concern nobody's thread: the id of a commenter is not a
//! page-scoped id, and must not be taken for one.

use domain::id::PageId;
use domain::inbound::Party;

use super::{Reader, Reading, Surroundings, Unread, messaging, moment, noted, policy, template_status, unknown};
use crate::json::{Misread, Node, Object};

/// The fields that we know.
const FIELDS: &[(&str, Reader)] = &[
    ("business_integrity", policy::read_integrity),
    ("feed", noted::feed),
    ("group_feed", noted::group_post),
    ("leadgen", noted::leadgen),
    ("marketing_message_clicks", noted::marketing_message),
    ("marketing_message_deliveries", noted::marketing_message),
    ("marketing_message_delivery_failed", noted::marketing_message),
    ("marketing_message_echoes", noted::marketing_message),
    ("marketing_message_reads", noted::marketing_message),
    ("mention", noted::mention),
    ("message_template_status_update", template_status::read),
    ("messenger_template_status_update", template_status::read),
    ("ratings", noted::rating),
];

pub(super) fn read(around: &Surroundings<'_>, node: &Node<'_>) -> Result<Reading, Unread> {
    let broken = |kind: &str, why| Unread { page: None, kind: kind.to_owned(), why };
    let change = node.object().map_err(|why| broken("changes", why))?;
    let field = change.required_text("field").map_err(|why| broken("changes", why))?;
    let known = FIELDS.iter().find(|(name, _)| *name == field).map(|(_, reader)| reader);
    let value = change.part("value");
    if known.is_none() && value.as_ref().is_some_and(messaging::recognises) {
        return wrapped_element(around, &field, &change);
    }
    let page = page_of(around, value.as_ref(), &change).map_err(|why| broken(&field, why))?;
    let kind = match known {
        Some(reader) => change.require("value", "an object").and_then(|value| reader(&value)),
        None => Ok(unknown(&field)),
    };
    let kind = kind.map_err(|why| Unread { page: Some(page.clone()), ..broken(&field, why) })?;
    let occurred_at = moment::of(around, value.as_ref().unwrap_or(&change));
    Ok(Reading { page, party: Party::Page, occurred_at, standby: false, kind, raw: None })
}

/// An element of `messaging` in the clothes of a change, as the reference page of postbacks and the dashboard's test button show it.
/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_postbacks>
fn wrapped_element(around: &Surroundings<'_>, field: &str, change: &Object<'_>) -> Result<Reading, Unread> {
    let element = change.require("value", "an object").map_err(|why| Unread { page: None, kind: field.to_owned(), why })?;
    let reading = messaging::read(around, field == "standby", &element)?;
    // The element as it would have come in `messaging`, so that the same event in either shape is one event.
    Ok(Reading { raw: Some(element.raw().get().to_owned()), ..reading })
}

fn page_of(around: &Surroundings<'_>, value: Option<&Object<'_>>, change: &Object<'_>) -> Result<PageId, Misread> {
    let own = || value.and_then(|value| value.hint("page_id")).and_then(PageId::new);
    around.page.cloned().or_else(own).ok_or_else(|| change.lacks("value.page_id", "the id of a Page, here or in the entry"))
}
