//! One webhook delivery, read: every element of every entry, in the order in which they came.

use domain::id::PageId;
use domain::inbound::InboundEvent;
use domain::retry::{Retry, Retryable};
use domain::time::Timestamp;

use crate::envelope::{self, Entry, Envelope, Part};
use crate::json;
use crate::signature::VerifiedBody;
use crate::wire::{self, Surroundings};

/// What one HTTP call of Meta brought.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookDelivery {
    /// `page`, `instagram`, `whatsapp_business_account`, …
    pub object: String,
    pub items: Vec<Item>,
}

/// One element of a delivery.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every item is an event: a box each would cost more than it saves")]
pub enum Item {
    Event(InboundEvent),
    Broken(BrokenElement),
}

/// An element that ought to be readable and is not. To be parked, never dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenElement {
    pub page: Option<PageId>,
    /// The key that names its kind, or the array that it came in.
    pub kind: String,
    /// Where it cannot be read and what was expected there: `message.mid: expected an id, found nothing`. Never what a customer wrote.
    pub reason: String,
    /// The element as it came, JSON.
    pub raw: String,
}

/// The body as a whole is no delivery. The caller parks it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the body is not UTF-8: byte {at} starts no character")]
    NotUtf8 { at: usize },
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    #[error("the body is not a webhook envelope: expected an object, found {found}")]
    NotAnEnvelope { found: &'static str },
    #[error("the envelope has no entries: expected an array at `entry`, found {found}")]
    NoEntries { found: &'static str },
}

impl Retryable for ParseError {
    fn retry(&self) -> Retry {
        match self {
            // The bytes stay what they are.
            Self::NotUtf8 { .. } | Self::NotJson { .. } | Self::NotAnEnvelope { .. } | Self::NoEntries { .. } => Retry::Never,
        }
    }
}

/// Reads a delivery. `received_at` stands in for a time that neither an event nor its entry carries.
///
/// Each element becomes one item: an event, or the note that it could not be read. The depth of its nesting does not matter, and the time
/// that it takes grows with the length of the body only.
pub fn parse(body: VerifiedBody<'_>, received_at: Timestamp) -> Result<WebhookDelivery, ParseError> {
    let parts = envelope::open(body.as_bytes())?;
    let object = parts.iter().find_map(object).unwrap_or_default();
    let items = parts.iter().flat_map(|part| items(part, received_at)).collect();
    Ok(WebhookDelivery { object, items })
}

fn object(part: &Part<'_>) -> Option<String> {
    match part {
        Part::Envelope(envelope) => Some(envelope.object.clone()),
        Part::Unreadable(_) => None,
    }
}

fn items(part: &Part<'_>, received_at: Timestamp) -> Vec<Item> {
    match part {
        Part::Envelope(envelope) => envelope.entries.iter().flat_map(|entry| entry_items(envelope, entry, received_at)).collect(),
        Part::Unreadable(raw) => {
            let reason = format!("expected an envelope with entries, found {}", json::sort(raw));
            vec![Item::Broken(BrokenElement { page: None, kind: String::from("envelope"), reason, raw: raw.get().to_owned() })]
        }
    }
}

fn entry_items(envelope: &Envelope<'_>, entry: &Entry<'_>, received_at: Timestamp) -> Vec<Item> {
    let Some(elements) = &entry.elements else {
        let reason = format!("expected an entry with messaging, standby or changes, found {}", json::sort(entry.raw));
        let raw = entry.raw.get().to_owned();
        return vec![Item::Broken(BrokenElement { page: entry.id.clone(), kind: String::from("entry"), reason, raw })];
    };
    let around = Surroundings { object: &envelope.object, page: entry.id.as_ref(), time: entry.time, received_at };
    elements.iter().map(|element| wire::read(&around, element)).collect()
}
