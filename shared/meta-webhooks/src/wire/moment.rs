//! When something happened.
//!
//! Meta's samples leave the time out (delivery, feedback), quote it (customer information, postbacks), or give it in seconds (lead ads,
//! every change). `Timestamp::from_platform` tells seconds from milliseconds. The entry's time is when Meta sent the notification, which
//! may differ when it is sent again: it comes second.

use domain::time::Timestamp;

use super::Surroundings;
use crate::json::Object;

/// Returns the time of an element or a change: its own where it tells when this happened, else the entry's, else any that it has.
///
/// `created_time` is when a post or comment was made: the time of the event when that is what happened, but not when it was edited, hidden
/// or removed later. <https://developers.facebook.com/docs/graph-api/webhooks/reference/page>
pub(super) fn of(around: &Surroundings<'_>, event: &Object<'_>) -> Timestamp {
    let verb = event.hint("verb");
    let created = event.moment("created_time");
    let own = event.moment("timestamp").or_else(|| match verb.as_deref() {
        None | Some("add") => created,
        Some("edit" | "edited") => event.moment("edited_time"),
        Some(_) => None,
    });
    own.or(around.time).or(created).unwrap_or(around.received_at)
}
