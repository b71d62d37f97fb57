//! The wire format: one room per family of events.
//!
//! | what comes | where it is read |
//! | --- | --- |
//! | elements of `messaging` and `standby`: who, when, on which Page, and the table of their kinds | `messaging.rs` |
//! | elements of `changes`, and the table of their fields | `changes.rs` |
//! | objects other than `page`: Instagram, `WhatsApp` | `foreign.rs` |
//!
//! The other files read one family each, from the content under its key to [`EventKind`].

mod attachment;
mod changes;
mod feedback;
mod foreign;
mod handover;
mod message;
mod messaging;
mod moment;
mod noted;
mod optin;
mod policy;
mod postback;
mod reaction;
mod referral;
mod template_status;
mod watermark;

use domain::id::PageId;
use domain::inbound::{EventKind, InboundEvent, Party};
use domain::time::Timestamp;
use serde_json::value::RawValue;

use crate::delivery::{BrokenElement, Item};
use crate::envelope::Element;
use crate::json::{Misread, Node};
use crate::surrogates;

/// Reads the content under the key of a kind.
type Reader = fn(&Node<'_>) -> Result<EventKind, Misread>;

/// What an element does not say itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) object: &'a str,
    /// `entry.id`.
    pub(crate) page: Option<&'a PageId>,
    /// `entry.time`.
    pub(crate) time: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
}

/// What an element turned out to say.
#[derive(Debug)]
struct Reading {
    page: PageId,
    party: Party,
    occurred_at: Timestamp,
    standby: bool,
    kind: EventKind,
    /// The element, where it is not the whole of what stood in the array.
    raw: Option<String>,
}

/// An element that cannot be read.
#[derive(Debug)]
struct Unread {
    page: Option<PageId>,
    kind: String,
    why: Misread,
}

/// Reads one element, whatever it is.
pub(crate) fn read(around: &Surroundings<'_>, element: &Element<'_>) -> Item {
    let repaired = surrogates::repair(&element.raw);
    let outcome = match serde_json::from_str::<&RawValue>(&repaired) {
        Ok(raw) if around.object == "page" => page_element(around, &element.list, raw),
        Ok(raw) => foreign::read(around, &element.list, raw),
        // Not reached: the envelope was JSON, and repairing keeps it so.
        Err(_) => Err(Unread {
            page: around.page.cloned(),
            kind: element.list.to_string(),
            why: Misread::new("element", "JSON", "something else"),
        }),
    };
    match outcome {
        Ok(reading) => Item::Event(InboundEvent {
            page: reading.page,
            party: reading.party,
            occurred_at: reading.occurred_at,
            standby: reading.standby,
            kind: reading.kind,
            raw: reading.raw.unwrap_or_else(|| element.raw.to_string()),
        }),
        Err(unread) => Item::Broken(BrokenElement {
            page: unread.page.or_else(|| around.page.cloned()),
            kind: short(&unread.kind),
            reason: unread.why.to_string(),
            raw: element.raw.to_string(),
        }),
    }
}

fn page_element(around: &Surroundings<'_>, list: &str, raw: &RawValue) -> Result<Reading, Unread> {
    match list {
        "messaging" | "standby" => messaging::read(around, list == "standby", &Node::root("", raw)),
        "changes" => changes::read(around, &Node::root("", raw)),
        unknown => foreign::unknown_list(around, unknown, raw),
    }
}

/// Names a kind that we do not know.
fn unknown(name: &str) -> EventKind {
    EventKind::Unknown(short(name))
}

/// Cuts the name of a kind short: it goes into keys, counters and logs.
fn short(name: &str) -> String {
    const LONGEST_NAME: usize = 100;
    name.chars().take(LONGEST_NAME).collect()
}
