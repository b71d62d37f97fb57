//! Every payload that was made after the vendors' pages, proven and read into domain events.

use std::collections::BTreeSet;

use commerce_webhooks::{Headers, verify};
use domain::secret::Secret;
use serde_json::json;

use crate::payloads::{self, RECEIVED_AT, SIGNED_AT, names, read, vector, vectors};

/// Proves a golden payload, and reads it as it would come out of the queue.
fn told(name: &str) -> serde_json::Value {
    let (source, headers) = vector(name);
    let secret = Secret::new(vectors()["secrets"][source.as_str()].as_str().unwrap()).unwrap();
    let headers: Headers<'_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let body = read(name);
    let job = verify(source, &[secret], &headers, &body, SIGNED_AT).unwrap().into_job(None, RECEIVED_AT, String::new());
    let label = json!({ "topic": job.topic, "shop": job.shop, "delivery_id": job.delivery_id });
    let parsed = commerce_webhooks::parse(&job).unwrap();
    json!({ "delivery": label, "events": parsed.events, "ignored": parsed.ignored })
}

#[test]
fn every_golden_payload_reads_as_its_snapshot_says() {
    for name in names() {
        let told = told(&name);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(name, told);
        });
    }
}

#[test]
fn the_manifest_names_every_payload_its_source_and_its_date() {
    let manifest = payloads::json("MANIFEST");
    let listed: BTreeSet<_> = manifest["files"].as_object().unwrap().keys().cloned().collect();
    let present: BTreeSet<_> = names().into_iter().map(|name| format!("{name}.json")).collect();
    assert_eq!(listed, present);
    for (name, facts) in manifest["files"].as_object().unwrap() {
        assert!(facts["source"].as_str().unwrap().starts_with("https://"), "{name}");
        assert!(matches!(facts["status"].as_str().unwrap(), "documented" | "unconfirmed"), "{name}");
        assert_eq!(facts["date"].as_str().unwrap().split('-').count(), 3, "{name}: a date as 2026-11-21");
    }
}

#[test]
fn every_delivery_has_its_own_id_and_says_its_topic() {
    let mut ids = BTreeSet::new();
    for name in names() {
        let label = &told(&name)["delivery"];
        assert!(label["topic"].is_string() && ids.insert(label["delivery_id"].as_str().unwrap().to_owned()), "{name}");
    }
}
