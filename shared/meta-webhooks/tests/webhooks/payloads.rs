//! The golden payloads, and how the tests read bodies.

use std::fs;
use std::path::PathBuf;

use domain::inbound::{EventKind, InboundEvent};
use domain::time::Timestamp;
use meta_webhooks::{BrokenElement, Item, ParseError, VerifiedBody, WebhookDelivery};

pub(crate) const PAGE: &str = "108234567890123";
pub(crate) const CUSTOMER: &str = "7402918836412905";
/// A minute after the golden payloads happened.
pub(crate) const RECEIVED_AT: Timestamp = Timestamp::from_millis(1_795_255_260_000);

pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/payloads/meta")
}

/// Returns the name and the bytes of every golden payload, in the order of their names.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<_> = fs::read_dir(directory())
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().into_string().unwrap().strip_suffix(".json").map(str::to_owned))
        .filter(|name| name != "MANIFEST" && name != "signature-vectors")
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    fs::read(directory().join(format!("{name}.json"))).unwrap()
}

pub(crate) fn try_parse(body: impl AsRef<[u8]>) -> Result<WebhookDelivery, ParseError> {
    meta_webhooks::parse(VerifiedBody::from_intake_queue(body.as_ref()), RECEIVED_AT)
}

pub(crate) fn parse(body: impl AsRef<[u8]>) -> WebhookDelivery {
    try_parse(body).unwrap()
}

/// Wraps one element of `messaging` as Meta does.
pub(crate) fn delivery_of(element: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1795255200412,"messaging":[{element}]}}]}}"#)
}

/// Wraps what stands under the key of a kind, in an element from the customer.
pub(crate) fn from_customer(content: &str) -> String {
    delivery_of(&format!(r#"{{"sender":{{"id":"{CUSTOMER}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1795255200000,{content}}}"#))
}

/// Wraps one element of `changes` as Meta does.
pub(crate) fn change(field: &str, value: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1795255200,"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#)
}

/// Reads a body that holds one item.
#[track_caller]
pub(crate) fn item(body: impl AsRef<[u8]>) -> Item {
    let mut items = parse(body).items;
    assert_eq!(items.len(), 1, "one item");
    items.remove(0)
}

#[track_caller]
pub(crate) fn event(body: impl AsRef<[u8]>) -> InboundEvent {
    match item(body) {
        Item::Event(event) => event,
        Item::Broken(broken) => unreachable!("broken: {broken:?}"),
    }
}

#[track_caller]
pub(crate) fn kind(body: impl AsRef<[u8]>) -> EventKind {
    event(body).kind
}

#[track_caller]
pub(crate) fn broken(body: impl AsRef<[u8]>) -> BrokenElement {
    match item(body) {
        Item::Broken(broken) => broken,
        Item::Event(event) => unreachable!("read: {event:?}"),
    }
}
