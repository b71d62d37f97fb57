//! What has no room of its own yet: Instagram, `WhatsApp`, and arrays of an entry that we do not know. Stored raw under a name.
//!
//! <https://developers.facebook.com/documentation/instagram-platform/webhooks/examples>,
//! <https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system>

use domain::inbound::Party;
use domain::time::Timestamp;
use serde_json::value::RawValue;

use super::{Reading, Surroundings, Unread, moment, unknown};
use crate::json::{Misread, Node, Object};

/// Names the element by its object and its field or array: `instagram.messaging`, `whatsapp_business_account.messages`.
pub(super) fn read(around: &Surroundings<'_>, list: &str, raw: &RawValue) -> Result<Reading, Unread> {
    let element = Node::root("", raw).object().ok();
    let field = element.as_ref().and_then(|element| element.hint("field"));
    stored(around, list, &format!("{}.{}", around.object, field.as_deref().unwrap_or(list)), element.as_ref())
}

/// Names an element of an array that we do not know: `entry.<array>`.
pub(super) fn unknown_list(around: &Surroundings<'_>, list: &str, raw: &RawValue) -> Result<Reading, Unread> {
    stored(around, list, &format!("entry.{list}"), Node::root("", raw).object().ok().as_ref())
}

fn stored(around: &Surroundings<'_>, list: &str, name: &str, element: Option<&Object<'_>>) -> Result<Reading, Unread> {
    let Some(page) = around.page.cloned() else {
        let why = Misread::new("entry.id", "an id", "nothing");
        return Err(Unread { page: None, kind: name.to_owned(), why });
    };
    let occurred_at = element.map_or(around.time.unwrap_or(around.received_at), |element| occurred_at(around, element));
    Ok(Reading { page, party: Party::Page, occurred_at, standby: list == "standby", kind: unknown(name), raw: None })
}

/// `WhatsApp`'s entries have no time; its messages and statuses have, so that the same delivery sent twice is the same event.
fn occurred_at(around: &Surroundings<'_>, element: &Object<'_>) -> Timestamp {
    let value = element.part("value");
    let first = |list: &str| -> Option<Timestamp> { value.as_ref()?.get(list)?.list().first()?.object().ok()?.moment("timestamp") };
    let of_whatsapp = first("messages").or_else(|| first("statuses"));
    of_whatsapp.unwrap_or_else(|| moment::of(around, value.as_ref().unwrap_or(element)))
}
