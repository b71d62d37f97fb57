//! Cuts a body that is too large for the queue into several that are not.

use std::ptr;

use domain::id::PageId;
use domain::time::Timestamp;
use serde_json::value::RawValue;

use crate::delivery::{Item, ParseError};
use crate::envelope::{self, Element, Entry, Envelope, Part};
use crate::json::Member;
use crate::signature::VerifiedBody;
use crate::wire::{self, Surroundings};

/// A body cut into pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Bodies of deliveries, in order: what they hold together is what the whole body held, without `too_large`.
    pub pieces: Vec<String>,
    /// Elements that fit into no piece, not even alone.
    pub too_large: Vec<TooLarge>,
}

/// An element that is too large by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    pub page: Option<PageId>,
    /// The length of the element as it came.
    pub bytes: usize,
}

/// Cuts the body by its entries, and an entry by its elements, into as few pieces as `fits` lets pass.
///
/// Each piece is a delivery of its own, with the same `object` and the entry's own `id`, `time` and the rest, and `fits` was asked about it.
/// `fits` is expected to let a part pass where it lets the whole pass.
pub fn split(body: &VerifiedBody<'_>, fits: impl Fn(&str) -> bool) -> Result<Split, ParseError> {
    let parts = envelope::open(body.as_bytes())?;
    let mut split = Split::default();
    for part in &parts {
        let units = units(part);
        let mut rest = units.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if let Some((count, piece)) = longest_piece(rest, &fits) {
                split.pieces.push(piece);
                rest = rest.get(count..).unwrap_or_default();
            } else {
                split.too_large.push(first.too_large());
                rest = others;
            }
        }
    }
    Ok(split)
}

/// What is never cut.
#[derive(Debug, Clone, Copy)]
enum Unit<'a> {
    /// An element of an entry; no element for an entry that cannot be read.
    InEntry {
        envelope: &'a Envelope<'a>,
        entry: &'a Entry<'a>,
        element: Option<&'a Element<'a>>,
    },
    UnreadableEnvelope(&'a RawValue),
}

impl Unit<'_> {
    fn too_large(&self) -> TooLarge {
        match self {
            Self::InEntry { envelope, entry, element: Some(element) } => {
                let page = entry.id.clone().or_else(|| page_of(envelope, entry, element));
                TooLarge { page, bytes: element.raw.len() }
            }
            Self::InEntry { entry, element: None, .. } => TooLarge { page: entry.id.clone(), bytes: entry.raw.get().len() },
            Self::UnreadableEnvelope(raw) => TooLarge { page: None, bytes: raw.get().len() },
        }
    }
}

/// Asks the element itself which Page it is about.
fn page_of(envelope: &Envelope<'_>, entry: &Entry<'_>, element: &Element<'_>) -> Option<PageId> {
    let around = Surroundings { object: &envelope.object, page: None, time: entry.time, received_at: Timestamp::default() };
    match wire::read(&around, element) {
        Item::Event(event) => Some(event.page),
        Item::Broken(broken) => broken.page,
    }
}

fn units<'a>(part: &'a Part<'a>) -> Vec<Unit<'a>> {
    let envelope = match part {
        Part::Envelope(envelope) => envelope,
        Part::Unreadable(raw) => return vec![Unit::UnreadableEnvelope(raw)],
    };
    let of_entry = |entry: &'a Entry<'a>| match &entry.elements {
        Some(elements) => elements.iter().map(|element| Unit::InEntry { envelope, entry, element: Some(element) }).collect(),
        None => vec![Unit::InEntry { envelope, entry, element: None }],
    };
    envelope.entries.iter().flat_map(of_entry).collect()
}

/// Returns the longest piece from the start of `units` that fits, and how many of them it holds.
///
/// Doubles the number until it no longer fits, then halves the gap, so that each piece is written a few times and not once an element.
fn longest_piece(units: &[Unit<'_>], fits: impl Fn(&str) -> bool) -> Option<(usize, String)> {
    let attempt = |count: usize| Some(write(units.get(..count)?)).filter(|piece| fits(piece)).map(|piece| (count, piece));
    let mut longest = attempt(1)?;
    let mut too_many = units.len() + 1;
    let mut count = units.len().min(2);
    while longest.0 + 1 < too_many {
        if let Some(piece) = attempt(count) {
            longest = piece;
        } else {
            too_many = count;
        }
        let doubled = longest.0 * 2;
        count = if doubled < too_many { doubled } else { longest.0.midpoint(too_many) };
    }
    Some(longest)
}

/// Writes a delivery that holds these units. They are of one envelope.
fn write(units: &[Unit<'_>]) -> String {
    let envelope = match units.first() {
        Some(Unit::InEntry { envelope, .. }) => envelope,
        Some(Unit::UnreadableEnvelope(raw)) => return format!("[{}]", raw.get()),
        None => return String::new(),
    };
    let named = envelope.head.iter().any(|member| member.key == "object");
    let object = if named { String::new() } else { format!("\"object\":{},", quoted(&envelope.object)) };
    let entries: Vec<_> = units.chunk_by(in_one_entry).map(write_entry).collect();
    format!("{{{object}{}\"entry\":[{}]}}", write_members(&envelope.head), entries.join(","))
}

/// Writes an entry with these of its elements.
fn write_entry(units: &[Unit<'_>]) -> String {
    let Some(Unit::InEntry { entry, element: Some(_), .. }) = units.first() else {
        return units.iter().map(raw).collect();
    };
    let lists: Vec<_> = units.chunk_by(in_one_list).map(write_list).collect();
    format!("{{{}{}}}", write_members(&entry.head), lists.join(","))
}

fn write_list(units: &[Unit<'_>]) -> String {
    let raws: Vec<_> = units.iter().map(raw).collect();
    format!("{}:[{}]", quoted(units.first().and_then(list).unwrap_or_default()), raws.join(","))
}

fn in_one_entry(left: &Unit<'_>, right: &Unit<'_>) -> bool {
    match (left, right) {
        (Unit::InEntry { entry: left, .. }, Unit::InEntry { entry: right, .. }) => ptr::eq(*left, *right),
        (Unit::UnreadableEnvelope(_), _) | (_, Unit::UnreadableEnvelope(_)) => false,
    }
}

fn in_one_list(left: &Unit<'_>, right: &Unit<'_>) -> bool {
    list(left) == list(right)
}

fn list<'a>(unit: &Unit<'a>) -> Option<&'a str> {
    match unit {
        Unit::InEntry { element, .. } => element.map(|element| element.list.as_ref()),
        Unit::UnreadableEnvelope(_) => None,
    }
}

fn raw<'a>(unit: &Unit<'a>) -> &'a str {
    match unit {
        Unit::InEntry { element: Some(element), .. } => &element.raw,
        Unit::InEntry { entry, element: None, .. } => entry.raw.get(),
        Unit::UnreadableEnvelope(raw) => raw.get(),
    }
}

/// Writes each member as it came, with a comma behind it.
fn write_members(members: &[Member<'_>]) -> String {
    members.iter().flat_map(|member| [member.raw_key, ":", member.value.get(), ","]).collect()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
