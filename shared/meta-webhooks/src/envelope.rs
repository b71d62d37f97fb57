//! The envelope of a delivery: which elements it holds, each still raw.
//!
//! ```json
//! {"object": "page", "entry": [{"id": "<page>", "time": 1795255200412, "messaging": [{…}], "standby": [{…}], "changes": [{…}]}]}
//! ```
//!
//! Meta's pages show four more shapes, and all of them come out of here as the one above: the whole body inside an array (`group_feed`,
//! Instagram), a bare `{field, value}` (the reference page of postbacks), and `field` and `value` in the entry itself (Instagram Login).

use std::borrow::Cow;

use domain::id::PageId;
use domain::time::Timestamp;
use serde_json::value::RawValue;

use crate::delivery::ParseError;
use crate::json::{self, Member};

/// One envelope, or the thing that stands where an envelope should.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Envelope(Envelope<'a>),
    Unreadable(&'a RawValue),
}

#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    /// `page`, `instagram`, `whatsapp_business_account`, …
    pub(crate) object: String,
    /// Everything beside `entry`.
    pub(crate) head: Vec<Member<'a>>,
    pub(crate) entries: Vec<Entry<'a>>,
}

#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) raw: &'a RawValue,
    /// Everything beside the elements: `id`, `time`, `hop_context`, and what Meta adds.
    pub(crate) head: Vec<Member<'a>>,
    pub(crate) id: Option<PageId>,
    pub(crate) time: Option<Timestamp>,
    /// Nothing when the entry cannot be read.
    pub(crate) elements: Option<Vec<Element<'a>>>,
}

/// One event, raw, and the name of the array that it came in.
#[derive(Debug, Clone)]
pub(crate) struct Element<'a> {
    /// `messaging`, `standby`, `changes`, or an array that we do not know.
    pub(crate) list: Cow<'a, str>,
    pub(crate) raw: Cow<'a, str>,
}

/// Takes a body apart. Reads the whole of it once to see that it is JSON, so that a body cut short is never half taken.
pub(crate) fn open(body: &[u8]) -> Result<Vec<Part<'_>>, ParseError> {
    let text = std::str::from_utf8(body).map_err(|err| ParseError::NotUtf8 { at: err.valid_up_to() })?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|err| ParseError::NotJson { line: err.line(), column: err.column() })?;
    match json::elements(raw) {
        Some(envelopes) if envelopes.is_empty() => Err(ParseError::NotAnEnvelope { found: "an empty array" }),
        Some(envelopes) => Ok(envelopes.into_iter().map(|raw| envelope(raw).map_or(Part::Unreadable(raw), Part::Envelope)).collect()),
        None => Ok(vec![Part::Envelope(envelope(raw)?)]),
    }
}

fn envelope(raw: &RawValue) -> Result<Envelope<'_>, ParseError> {
    let members = json::members(raw).ok_or_else(|| ParseError::NotAnEnvelope { found: json::sort(raw) })?;
    let object = find(&members, "object").and_then(json::text).unwrap_or_else(|| String::from("page"));
    let (lists, head): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.key == "entry");
    if lists.is_empty() {
        return bare(raw, &head);
    }
    let mut entries = Vec::new();
    for list in lists {
        match json::elements(list.value) {
            Some(raws) => entries.extend(raws.into_iter().map(entry)),
            None if json::sort(list.value) == "an object" => entries.push(entry(list.value)),
            None => return Err(ParseError::NoEntries { found: json::sort(list.value) }),
        }
    }
    Ok(Envelope { object, head, entries })
}

/// The shape of the postback reference page, and of the dashboard's test button: one change without its envelope.
fn bare<'a>(raw: &'a RawValue, members: &[Member<'a>]) -> Result<Envelope<'a>, ParseError> {
    if find(members, "field").is_none() || find(members, "value").is_none() {
        return Err(ParseError::NoEntries { found: "nothing" });
    }
    let change = Element { list: Cow::Borrowed("changes"), raw: Cow::Borrowed(raw.get()) };
    let entry = Entry { raw, head: Vec::new(), id: None, time: None, elements: Some(vec![change]) };
    Ok(Envelope { object: String::from("page"), head: Vec::new(), entries: vec![entry] })
}

fn entry(raw: &RawValue) -> Entry<'_> {
    let Some(members) = json::members(raw) else {
        return Entry { raw, head: Vec::new(), id: None, time: None, elements: None };
    };
    let id = find(&members, "id").and_then(json::text).and_then(PageId::new);
    let time = find(&members, "time").and_then(json::moment);
    let (lists, mut head): (Vec<_>, Vec<_>) = members.into_iter().partition(is_list);
    let mut elements: Vec<_> = lists.iter().flat_map(list_elements).collect();
    let flat = flat_change(&mut head);
    let readable = flat.is_some() || !lists.is_empty();
    elements.extend(flat);
    Entry { raw, head, id, time, elements: readable.then_some(elements) }
}

/// Tells the arrays of elements from the rest of an entry. An array with a name that we do not know is one too, so that nothing in it is
/// lost; only `hop_context`, which handed-over threads carry, is not.
fn is_list(member: &Member<'_>) -> bool {
    matches!(member.key.as_ref(), "messaging" | "standby" | "changes")
        || (json::sort(member.value) == "an array" && !matches!(member.key.as_ref(), "hop_context" | "id" | "time" | "field" | "value"))
}

fn list_elements<'a>(list: &Member<'a>) -> Vec<Element<'a>> {
    let raws = match json::elements(list.value) {
        Some(raws) => raws,
        None if json::sort(list.value) == "null" => Vec::new(),
        // One element without its array.
        None => vec![list.value],
    };
    raws.into_iter().map(|raw| Element { list: list.key.clone(), raw: Cow::Borrowed(raw.get()) }).collect()
}

/// Takes `field` and `value` out of the entry and makes of them the change that they are. Apps with Instagram Login get comments so:
/// <https://developers.facebook.com/documentation/instagram-platform/webhooks/examples>
fn flat_change<'a>(head: &mut Vec<Member<'a>>) -> Option<Element<'a>> {
    let field = find(head, "field")?;
    let value = find(head, "value").map_or("null", RawValue::get);
    let raw = format!(r#"{{"field":{},"value":{value}}}"#, field.get());
    head.retain(|member| !matches!(member.key.as_ref(), "field" | "value"));
    Some(Element { list: Cow::Borrowed("changes"), raw: Cow::Owned(raw) })
}

fn find<'a>(members: &[Member<'a>], key: &str) -> Option<&'a RawValue> {
    members.iter().rev().find(|member| member.key == key).map(|member| member.value)
}
