//! The golden payloads, and how the tests read bodies.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use commerce_webhooks::{ParseError, Parsed};
use domain::id::PageId;
use domain::order::{OrderFacts, ShipmentFacts};
use domain::shop::{ShopDelivery, ShopEvent, ShopEventKind, Source};
use domain::time::Timestamp;
use serde_json::Value;

/// The moment at which the vectors were signed.
pub(crate) const SIGNED_AT: Timestamp = Timestamp::from_millis(1_795_255_260_000);
/// Some days after what the golden payloads tell of.
pub(crate) const RECEIVED_AT: Timestamp = Timestamp::from_millis(1_795_600_000_000);

pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/payloads/commerce")
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    fs::read(directory().join(format!("{name}.json"))).unwrap()
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// Returns the name of every golden payload, in order.
pub(crate) fn names() -> Vec<String> {
    let files = fs::read_dir(directory()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = files.filter_map(|file| file.strip_suffix(".json").map(str::to_owned)).collect();
    names.retain(|name| name != "MANIFEST" && name != "signature-vectors");
    names.sort();
    names
}

/// The file of the vectors and their secrets.
pub(crate) fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| json("signature-vectors"))
}

/// The vector of a golden payload: its source and its headers.
pub(crate) fn vector(name: &str) -> (Source, Vec<(String, String)>) {
    let vector = &vectors()["vectors"][name];
    let headers = vector["headers"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    (Source::parse_webhook(vector["source"].as_str().unwrap()).unwrap(), headers.collect())
}

pub(crate) fn delivery(source: Source, topic: Option<&str>, body: impl AsRef<[u8]>) -> ShopDelivery {
    ShopDelivery {
        source,
        topic: topic.map(str::to_owned),
        shop: Some("lamp.example".into()),
        delivery_id: None,
        page: PageId::new("108234567890123"),
        received_at: RECEIVED_AT,
        request_id: String::new(),
        body: body.as_ref().to_vec(),
    }
}

/// Reads a body as a delivery of this topic; sources that write the topic into the body pay no heed to it.
pub(crate) fn parse(source: Source, topic: &str, body: impl AsRef<[u8]>) -> Result<Parsed, ParseError> {
    commerce_webhooks::parse(&delivery(source, Some(topic), body))
}

/// Reads a body that tells one thing.
#[track_caller]
pub(crate) fn event(source: Source, topic: &str, body: impl AsRef<[u8]>) -> ShopEvent {
    let mut events = parse(source, topic, body).unwrap().events;
    assert_eq!(events.len(), 1, "one event");
    events.remove(0)
}

#[track_caller]
pub(crate) fn order(source: Source, topic: &str, body: impl AsRef<[u8]>) -> OrderFacts {
    match event(source, topic, body).kind {
        ShopEventKind::OrderPlaced(facts) | ShopEventKind::OrderChanged(facts) => *facts,
        kind @ (ShopEventKind::OrderCancelled { .. } | ShopEventKind::ShipmentUpdated(_)) => unreachable!("{kind:?}"),
    }
}

#[track_caller]
pub(crate) fn parcel(source: Source, topic: &str, body: impl AsRef<[u8]>) -> ShipmentFacts {
    match event(source, topic, body).kind {
        ShopEventKind::ShipmentUpdated(facts) => *facts,
        kind @ (ShopEventKind::OrderPlaced(_) | ShopEventKind::OrderChanged(_) | ShopEventKind::OrderCancelled { .. }) => {
            unreachable!("{kind:?}")
        }
    }
}

/// A golden payload with some members otherwise, each by its pointer.
pub(crate) fn changed(name: &str, changes: &[(&str, Value)]) -> String {
    let mut body = json(name);
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[key] = value.clone();
    }
    body.to_string()
}
