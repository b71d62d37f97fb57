//! What nobody should send: what can be read of it is, and nothing of it is repeated.

use commerce_webhooks::ParseError;
use domain::retry::{Retry, Retryable};
use domain::shop::{ShopDelivery, Source};
use domain::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::payloads::{RECEIVED_AT, changed, delivery, event, json, names, order, parcel, parse, read, vector};

/// A golden payload's delivery.
fn golden(name: &str) -> ShopDelivery {
    let (source, headers) = vector(name);
    let topic = headers.iter().find(|(name, _)| name.ends_with("-topic")).map(|(_, value)| value.clone());
    delivery(source, topic.as_deref(), read(name))
}

#[test]
fn topics_that_are_none_of_ours_are_named_and_are_no_errors() {
    for (source, topic, body) in [
        (Source::Shopify, "customers/redact", "not even JSON"),
        (Source::Shopify, "customers/data_request", "{}"),
        (Source::Shopify, "shop/redact", "{}"),
        (Source::Woocommerce, "order.deleted", r#"{"id":1}"#),
        (Source::Stripe, "invoice.paid", r#"{"type":"invoice.paid"}"#),
        (Source::Easypost, "batch.created", r#"{"description":"batch.created"}"#),
        (Source::Aftership, "tracking_pending_time", r#"{"event":"tracking_pending_time"}"#),
    ] {
        let parsed = parse(source, topic, body).unwrap();
        assert_eq!((parsed.events.len(), parsed.ignored.as_deref()), (0, Some(topic)));
    }
}

#[test]
fn what_is_ours_and_cannot_be_read_says_where_and_never_what() {
    for (source, topic, body, error) in [
        (Source::Shopify, "orders/create", "", ParseError::NoObject),
        (Source::Shopify, "orders/create", "[]", ParseError::NoObject),
        (Source::Shopify, "orders/create", "{}", ParseError::Lacks("id")),
        (Source::Shopify, "orders/create", r#"{"id":{},"name":null}"#, ParseError::Lacks("id")),
        (Source::Shopify, "refunds/create", r#"{"id":1}"#, ParseError::Lacks("order_id")),
        (Source::Shopify, "fulfillments/create", r#"{"id":1}"#, ParseError::Lacks("order_id")),
        (Source::Woocommerce, "order.updated", r#"{"id":1}"#, ParseError::Lacks("status")),
        (Source::Stripe, "", "{}", ParseError::NoTopic),
        (Source::Stripe, "", r#"{"type":"refund.created","data":[]}"#, ParseError::Lacks("data")),
        (Source::Easypost, "", r#"{"description":"tracker.updated"}"#, ParseError::Lacks("result")),
        (Source::Easypost, "", r#"{"description":"tracker.updated","result":{"status":"delivered"}}"#, ParseError::Lacks("result.id")),
        (Source::Aftership, "", r#"{"event":"tracking_update","msg":{"id":"1"}}"#, ParseError::Lacks("msg.tag")),
    ] {
        let refused = parse(source, topic, body).unwrap_err();
        assert_eq!((refused, refused.retry()), (error, Retry::Never), "{body}");
    }
    assert_eq!(commerce_webhooks::parse(&delivery(Source::Shopify, None, "{}")), Err(ParseError::NoTopic));
    assert_eq!(parse(Source::Api, "", "{}"), Err(ParseError::NoWebhooks));
}

#[test]
fn no_optional_member_of_another_sort_costs_the_event() {
    const REQUIRED: [&str; 10] = ["id", "name", "status", "type", "event", "description", "data", "result", "msg", "order_id"];
    const LISTS: [&str; 4] = ["fulfillments", "meta_data", "tracking_numbers", "tracking_number"];
    let hostile = [json!([]), json!({}), json!("x"), json!(-1e300), json!(true), json!([[[{}]]])];
    for name in names() {
        let (whole, body) = (golden(&name), json(&name));
        let events = commerce_webhooks::parse(&whole).unwrap().events.len();
        let members = body.as_object().unwrap().keys().filter(|key| !REQUIRED.contains(&key.as_str()));
        for (member, value) in members.flat_map(|member| hostile.iter().map(move |value| (member, value))) {
            let mut body = body.clone();
            body[member] = value.clone();
            let read = commerce_webhooks::parse(&ShopDelivery { body: body.to_string().into_bytes(), ..whole.clone() });
            let left = read.unwrap_or_else(|err| unreachable!("{name} {member} {value}: {err}")).events.len();
            assert!(left == events || LISTS.contains(&member.as_str()), "{name} {member} {value}: {left}");
        }
    }
}

#[test]
fn no_nesting_is_too_deep() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = changed("shopify-orders_create", &[]).replacen("{\"name\":\"gift\"", &format!("{{\"deep\":{deep},\"name\":\"gift\""), 1);
    assert!(body.len() > 200_000);
    assert_eq!(order(Source::Shopify, "orders/create", body).names.number.as_deref(), Some("1001"));
}

#[test]
fn texts_are_cut_and_cleaned_and_lists_are_bounded() {
    let line = |title: &str| json!({ "title": title, "quantity": 1, "price": "1.00" });
    let lines: Vec<Value> = (0..150).map(|_| line(&format!("\u{0}Lamp\n\u{7}{}", "x".repeat(5000)))).collect();
    let facts = order(Source::Shopify, "orders/create", changed("shopify-orders_create", &[("/line_items", json!(lines))]));
    assert_eq!(facts.lines.len(), 100);
    assert_eq!(facts.totals.unwrap().total.amount, 9134, "the sum is of all");
    assert!(facts.lines[0].title.starts_with("Lamp x") && facts.lines[0].title.chars().count() == 200);
    let fulfillment = |numbers: Value| changed("shopify-fulfillments_create", &[("/tracking_numbers", numbers)]);
    let numbers: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(parse(Source::Shopify, "fulfillments/create", fulfillment(json!(numbers))).unwrap().events.len(), 100);
}

#[test]
fn only_addresses_that_a_customer_may_be_sent_to_are_kept() {
    let url =
        |url: &str| order(Source::Shopify, "orders/create", changed("shopify-orders_create", &[("/order_status_url", json!(url))])).url;
    assert_eq!(url("HTTPS://lamp.example/1").as_deref(), Some("https://lamp.example/1"));
    let long = format!("https://lamp.example/{}", "x".repeat(2000));
    for wrong in
        ["http://lamp.example", "javascript:alert(1)", "//lamp.example", "https://", "https:///x", "https://lamp.example/a b", "", &long]
    {
        assert_eq!(url(wrong), None, "{wrong}");
    }
}

#[test]
fn a_moment_after_the_receipt_is_the_receipt() {
    let future = changed("easypost-tracker_updated-in_transit", &[("/result/updated_at", json!("2999-01-01T00:00:00Z"))]);
    assert_eq!(event(Source::Easypost, "", future).occurred_at, RECEIVED_AT);
    let none = changed("easypost-tracker_updated-in_transit", &[("/result/updated_at", json!("soon")), ("/created_at", json!(1))]);
    assert_eq!(event(Source::Easypost, "", none).occurred_at, RECEIVED_AT);
    let woo = event(Source::Woocommerce, "order.updated", read("woocommerce-order_updated-processing"));
    assert_eq!(Some(woo.occurred_at), Timestamp::from_rfc3339("2026-11-21T10:00:30Z"), "it is in UTC without saying so");
}

#[test]
fn a_lone_surrogate_costs_its_member_and_no_more() {
    let body = changed("aftership-tracking_update-in_transit", &[]).replace("\"Acceptance scan\"", "\"\\ud83d\"");
    assert_eq!(parcel(Source::Aftership, "", body).detail.as_deref(), Some("InTransit_002"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(which in 0_usize..5, body: Vec<u8>) {
        let source = Source::WEBHOOKS[which];
        drop(commerce_webhooks::parse(&delivery(source, Some("orders/create"), &body)));
    }

    #[test]
    fn a_golden_payload_with_any_edit_is_read_or_refused(which: prop::sample::Index, at: prop::sample::Index, edit: Vec<u8>) {
        let names = names();
        let mut changed = golden(which.get::<String>(&names));
        let place = at.index(changed.body.len());
        let end = (place + edit.len()).min(changed.body.len());
        changed.body.splice(place..end, edit);
        if let Ok(parsed) = commerce_webhooks::parse(&changed) {
            prop_assert!(parsed.events.len() <= 101);
        }
    }
}
