//! Parcels: the status map, and what is late.

use domain::parcel::ParcelStatus;
use domain::shop::{ShopEventKind, Source};
use serde_json::{Value, json};

use crate::payloads::{changed, json, parcel, parse, read};

fn easypost(changes: &[(&str, Value)]) -> domain::order::ShipmentFacts {
    parcel(Source::Easypost, "", changed("easypost-tracker_updated-in_transit", changes))
}

fn aftership(changes: &[(&str, Value)]) -> domain::order::ShipmentFacts {
    parcel(Source::Aftership, "", changed("aftership-tracking_update-in_transit", changes))
}

#[test]
fn each_status_of_easypost_is_one_of_ours() {
    for (status, detail, ours) in [
        ("unknown", "unknown", ParcelStatus::Unknown),
        ("pre_transit", "label_created", ParcelStatus::LabelCreated),
        ("in_transit", "delivery_exception", ParcelStatus::InTransit),
        ("out_for_delivery", "out_for_delivery", ParcelStatus::OutForDelivery),
        ("delivered", "arrived_at_destination", ParcelStatus::Delivered),
        ("available_for_pickup", "arrived_at_pickup_location", ParcelStatus::ReadyForPickup),
        ("return_to_sender", "return", ParcelStatus::Returned),
        ("cancelled", "cancelled", ParcelStatus::Cancelled),
        ("failure", "return", ParcelStatus::Returned),
        ("failure", "lost", ParcelStatus::Exception),
        ("failure", "refused", ParcelStatus::Exception),
        ("failure", "delivery_exception", ParcelStatus::AttemptFailed),
        ("error", "expired", ParcelStatus::Unknown),
        ("error", "unknown", ParcelStatus::Exception),
        ("a_new_one", "unknown", ParcelStatus::Unknown),
    ] {
        let facts = easypost(&[("/result/status", json!(status)), ("/result/status_detail", json!(detail))]);
        assert_eq!(facts.status, ours, "{status} {detail}");
    }
    let words = json!([{ "message": "Delivery Attempted - No Access to Delivery Location" }]);
    let attempt = [("/result/status", json!("failure")), ("/result/status_detail", json!("unknown")), ("/result/tracking_details", words)];
    assert_eq!(easypost(&attempt).status, ParcelStatus::AttemptFailed);
}

#[test]
fn a_carrier_of_aftership_is_called_by_its_name() {
    for (slug, name) in [("usps", "USPS"), ("dhl", "DHL"), ("dhl-germany", "DHL Germany"), ("china-post", "China Post"), ("fedex", "Fedex")]
    {
        assert_eq!(aftership(&[("/msg/slug", json!(slug))]).carrier.as_deref(), Some(name));
    }
}

#[test]
fn each_tag_of_aftership_is_one_of_ours() {
    for (tag, subtag, ours) in [
        ("Pending", "Pending_001", ParcelStatus::LabelCreated),
        ("InfoReceived", "InfoReceived_001", ParcelStatus::LabelCreated),
        ("InTransit", "InTransit_002", ParcelStatus::InTransit),
        ("OutForDelivery", "OutForDelivery_001", ParcelStatus::OutForDelivery),
        ("AttemptFail", "AttemptFail_001", ParcelStatus::AttemptFailed),
        ("Delivered", "Delivered_001", ParcelStatus::Delivered),
        ("AvailableForPickup", "AvailableForPickup_001", ParcelStatus::ReadyForPickup),
        ("Exception", "Exception_001", ParcelStatus::Exception),
        ("Exception", "Exception_010", ParcelStatus::Returned),
        ("Exception", "Exception_011", ParcelStatus::Returned),
        ("Exception", "Exception_013", ParcelStatus::Exception),
        ("Expired", "Expired_001", ParcelStatus::Unknown),
    ] {
        let facts = aftership(&[("/msg/tag", json!(tag)), ("/msg/subtag", json!(subtag))]);
        assert_eq!(facts.status, ours, "{tag} {subtag}");
    }
}

#[test]
fn a_parcel_that_is_late_is_still_on_its_way() {
    let weather = easypost(&[("/result/status_detail", json!("weather_delay"))]);
    assert!(weather.is_late && weather.status == ParcelStatus::InTransit);
    assert_eq!(weather.detail.as_deref(), Some("weather_delay"));
    assert!(!easypost(&[]).is_late);
    let later = parcel(Source::Easypost, "", read("easypost-tracker_updated-later"));
    assert!(later.is_late && later.expected_on.as_deref() == Some("2026-11-27"));
    let earlier = easypost(&[("/previous_attributes", json!({"est_delivery_date": "2026-11-30T00:00:00Z"}))]);
    assert!(!earlier.is_late);
    let customs = aftership(&[("/msg/tag", json!("Exception")), ("/msg/subtag", json!("Exception_004"))]);
    assert!(customs.is_late && customs.status == ParcelStatus::Exception);
    let revised = |day: &str| {
        let change = ("/msg/latest_estimated_delivery/datetime", json!(day));
        parcel(Source::Aftership, "", changed("aftership-edd_revise", &[change]))
    };
    assert!(revised("2026-11-26").is_late);
    assert!(!revised("2026-11-24").is_late && !revised("2026-11-23T23:00:00-05:00").is_late);
    assert_eq!(revised("nonsense").expected_on, None);
}

#[test]
fn a_fulfillment_without_a_tracking_number_is_not_on_its_way_yet() {
    let of = |name| parcel(Source::Shopify, "fulfillments/create", read(name)).status;
    assert_eq!(of("shopify-fulfillments_create"), ParcelStatus::InTransit);
    assert_eq!(of("shopify-fulfillments_create-untracked"), ParcelStatus::Unknown);
}

#[test]
fn each_state_of_a_fulfillment_is_one_of_ours() {
    for (status, shipment, ours) in [
        ("success", json!("label_printed"), ParcelStatus::LabelCreated),
        ("success", json!("confirmed"), ParcelStatus::LabelCreated),
        ("success", json!("in_transit"), ParcelStatus::InTransit),
        ("success", json!("delayed"), ParcelStatus::InTransit),
        ("success", json!("out_for_delivery"), ParcelStatus::OutForDelivery),
        ("success", json!("ready_for_pickup"), ParcelStatus::ReadyForPickup),
        ("success", json!("attempted_delivery"), ParcelStatus::AttemptFailed),
        ("success", json!("failure"), ParcelStatus::Exception),
        ("success", json!("delivered"), ParcelStatus::Delivered),
        ("cancelled", json!("in_transit"), ParcelStatus::Cancelled),
        ("pending", Value::Null, ParcelStatus::Unknown),
        ("success", json!("a_new_one"), ParcelStatus::Unknown),
    ] {
        let changes = [("/status", json!(status)), ("/shipment_status", shipment.clone())];
        let facts = parcel(Source::Shopify, "fulfillments/update", changed("shopify-fulfillments_create", &changes));
        assert_eq!(facts.status, ours, "{status} {shipment}");
        assert_eq!(facts.is_late, shipment == "delayed");
    }
}

#[test]
fn a_fulfillment_names_its_order_and_each_tracking_number_is_a_parcel() {
    let events = parse(Source::Shopify, "fulfillments/update", read("shopify-fulfillments_update")).unwrap().events;
    let parcels: Vec<_> = events
        .into_iter()
        .map(|event| match event.kind {
            ShopEventKind::ShipmentUpdated(facts) => *facts,
            kind @ (ShopEventKind::OrderPlaced(_) | ShopEventKind::OrderChanged(_) | ShopEventKind::OrderCancelled { .. }) => {
                unreachable!("{kind:?}")
            }
        })
        .collect();
    let ids: Vec<_> = parcels.iter().map(|parcel| parcel.external_id.as_str()).collect();
    assert_eq!(ids, ["255858047", "255858047.2"]);
    assert!(parcels.iter().all(|parcel| parcel.order.number.as_deref() == Some("1001")));
    assert_eq!(parcels[1].tracking_url, None, "http is not followed");
}

#[test]
fn the_name_of_a_fulfillment_is_its_orders_with_a_number_behind_it() {
    let named = |name: &str| {
        let order = parcel(Source::Shopify, "fulfillments/create", changed("shopify-fulfillments_create", &[("/name", json!(name))])).order;
        assert_eq!(order.external_id.as_deref(), Some("820982911946154508"), "{name}");
        order.number
    };
    for (name, number) in [
        ("#1001.12", "1001"),
        ("#1001-F1", "1001"),
        ("#1001-F12", "1001"),
        ("1001-F1", "1001"),
        ("EN-7.1", "EN-7"),
        ("EN-7-F2", "EN-7"),
        ("EN-F1-F2", "EN-F1"),
        ("#1001-F1.1", "1001-F1"),
        ("#1.2.3", "1.2"),
        ("#9999.1", "9999"),
        ("#1001", "1001"),
    ] {
        assert_eq!(named(name).as_deref(), Some(number), "{name}");
    }
    for name in ["#A.B", "#1001-f1", "#1001-F", "#1001-X1", "#1001 F1", "EN-7", "-F1", "#.1", "#", ""] {
        assert_eq!(named(name), None, "{name}: its order is found by its id");
    }
}

#[test]
fn the_number_of_an_order_is_read_out_of_what_people_write_around_it() {
    for (written, number) in [
        ("#1001", "1001"),
        (" 1001 ", "1001"),
        ("# 1001", "1001"),
        ("Order T3194821", "T3194821"),
        ("order #1001", "1001"),
        ("ORDER#1001", "1001"),
        ("Order No. 1001", "1001"),
        ("No.1001", "1001"),
        ("no. #EN-7", "EN-7"),
        ("ORDER-77", "ORDER-77"),
        ("Order1001", "Order1001"),
        ("Order of Ana 3", "Order of Ana 3"),
        ("Order ABC", "Order ABC"),
        ("order", "order"),
        ("№ 5", "№ 5"),
        ("T3194821", "T3194821"),
    ] {
        assert_eq!(aftership(&[("/msg/order_number", json!(written))]).order.number.as_deref(), Some(number), "{written}");
    }
    for none in [json!(""), json!("#"), json!("Order #0"), Value::Null, json!([])] {
        assert_eq!(aftership(&[("/msg/order_number", none.clone())]).order.number, None, "{none}");
    }
}

#[test]
fn a_plugins_parcels_come_beside_the_order() {
    let events = parse(Source::Woocommerce, "order.updated", read("woocommerce-order_updated-completed_tracked")).unwrap().events;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["order_placed", "shipment_updated", "shipment_updated"]);
    let name = "woocommerce-order_updated-completed_tracked";
    let items = json(name).pointer("/meta_data/5/value").cloned().unwrap();
    let parsed = |value: Value| parse(Source::Woocommerce, "order.updated", changed(name, &[("/meta_data/5/value", value)])).unwrap();
    assert_eq!(parsed(json!({ "1": items[0], "7": items[1] })).events, events, "PHP writes an array with a gap as an object");
    assert_eq!(parsed(json!({ "1": "x", "2": [], "3": null })).events.len(), 1);
}
