//! Every payload that was collected from Meta's pages and from production code, read into domain events.

use std::collections::BTreeSet;

use meta_webhooks::{Item, WebhookDelivery};
use serde_json::Value;

use crate::payloads;

/// Stands for the raw JSON in a snapshot when it is a part of the body, word for word.
const AS_IT_CAME: &str = "<as it came>";

#[test]
fn every_golden_payload_reads_as_its_snapshot_says() {
    for (name, body) in payloads::all() {
        let delivery = without_raw(payloads::parse(&body), std::str::from_utf8(&body).unwrap());
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_debug_snapshot!(name, delivery);
        });
    }
}

#[test]
fn no_golden_payload_is_broken_and_none_is_empty() {
    for (name, body) in payloads::all() {
        let items = payloads::parse(body).items;
        assert!(!items.is_empty(), "{name}");
        assert!(items.iter().all(|item| matches!(item, Item::Event(_))), "{name}: {items:?}");
    }
}

#[test]
fn every_golden_payload_of_a_page_is_of_a_known_kind() {
    for (name, body) in payloads::all().into_iter().filter(|(name, _)| name.starts_with("messenger-") || name.starts_with("page-")) {
        let unknown = |item: &Item| matches!(item, Item::Event(event) if event.kind_name() == "unknown");
        assert!(!payloads::parse(body).items.iter().any(unknown), "{name}");
    }
}

#[test]
fn the_manifest_names_every_payload_its_source_and_its_date() {
    let manifest: Value = serde_json::from_slice(&payloads::read("MANIFEST")).unwrap();
    let listed: BTreeSet<_> = manifest["files"].as_object().unwrap().keys().cloned().collect();
    let present: BTreeSet<_> = payloads::all().into_iter().map(|(name, _)| format!("{name}.json")).collect();
    assert_eq!(listed, present);
    for (name, facts) in manifest["files"].as_object().unwrap() {
        assert!(!facts["source"].as_str().unwrap().is_empty(), "{name}");
        assert!(matches!(facts["status"].as_str().unwrap(), "documented" | "unconfirmed"), "{name}");
        assert_eq!(facts["date"].as_str().unwrap().split('-').count(), 3, "{name}: a date as 2026-11-21");
    }
}

fn without_raw(mut delivery: WebhookDelivery, body: &str) -> WebhookDelivery {
    for item in &mut delivery.items {
        let raw = match item {
            Item::Event(event) => &mut event.raw,
            Item::Broken(broken) => &mut broken.raw,
        };
        if body.contains(raw.as_str()) {
            AS_IT_CAME.clone_into(raw);
        }
    }
    delivery
}
