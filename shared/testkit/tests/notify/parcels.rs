//! News of parcels.

use super::*;

#[tokio::test]
async fn a_parcel_is_told_once_a_step_and_never_backwards() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    for status in [
        ParcelStatus::LabelCreated,
        ParcelStatus::InTransit,
        ParcelStatus::InTransit,
        ParcelStatus::Delivered,
        ParcelStatus::OutForDelivery,
        ParcelStatus::InTransit,
    ] {
        desk.clock.advance(Duration::from_mins(1));
        desk.parcel("20418", status).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::Delivered]);
}

#[tokio::test]
async fn the_same_trouble_of_a_parcel_is_told_each_time_that_it_happens() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    for status in [ParcelStatus::OutForDelivery, ParcelStatus::AttemptFailed, ParcelStatus::OutForDelivery, ParcelStatus::AttemptFailed] {
        desk.clock.advance(Duration::from_mins(1));
        desk.parcel("20418", status).await;
        desk.parcel("20418", status).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::OutForDelivery, NoticeKind::Problem, NoticeKind::Problem]);
}

#[tokio::test]
async fn a_carrier_that_writes_the_number_otherwise_means_the_parcel_that_it_names() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let tracker = ShipmentFacts {
        order: OrderNames { number: Some("Order 20418".into()), external_id: None },
        external_id: "trk_1".into(),
        tracking_number: Some("0034".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::OutForDelivery,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    desk.clock.advance(Duration::from_secs(5));
    let event = ShopEvent { source: Source::Aftership, ..desk.event(ShopEventKind::ShipmentUpdated(Box::new(tracker))) };
    desk.take(&event).await;
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::OutForDelivery]);
}

#[tokio::test]
async fn a_parcels_news_that_is_worked_first_does_not_overtake_the_receipt() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, buyer()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    assert!(desk.messages().await.is_empty(), "nobody knows whose order it is");
    let name = customer_name(&page(PAGE), "order", OrderId::of(&page(PAGE), "20418").as_str());
    desk.store.acquaint(&name, &mia()).await.unwrap();
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    for notice in order.notices.iter().rev() {
        desk.decide(notice).await;
    }
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn a_carriers_tracker_joins_the_order_by_its_tracking_number() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let tracker = ShipmentFacts {
        order: OrderNames::default(),
        external_id: "trk_1".into(),
        tracking_number: Some("00 34".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::Delivered,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    let event = ShopEvent { source: Source::Easypost, ..desk.event(ShopEventKind::ShipmentUpdated(Box::new(tracker))) };
    desk.clock.advance(Duration::from_secs(5));
    desk.take(&ShopEvent { occurred_at: desk.clock.now(), ..event }).await;
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::Delivered]);
}

#[tokio::test]
async fn trouble_with_a_parcel_opens_a_case_with_its_reason() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &conversation.id, &decision).await.unwrap();
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    assert_eq!((conversation.case.number, conversation.status()), (2, domain::conversation::Status::Open));
    assert!(conversation.case.reason.unwrap().contains("could not be handed over"));
    let events = desk.store.events();
    let told: Vec<&str> = events.iter().filter(|event| event.kind == "parcel_problem").map(|event| event.raw.as_str()).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("could not be handed over"), "{}", told[0]);
}

#[tokio::test]
async fn a_case_whose_announcement_failed_is_announced_when_the_job_comes_again() {
    let desk = Desk::new();
    desk.store.put_endpoint(&testkit::announcements::endpoint_at("https://shop.example/", 1)).await.unwrap();
    desk.says("Hi").await;
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &mia(), &decision).await.unwrap();
    desk.placed("20418", 9134, known()).await;
    desk.clock.advance(Duration::from_secs(1));
    desk.events.refuse();
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    assert_eq!(desk.announced().iter().filter(|kind| **kind == AnnouncementKind::ConversationOpened).count(), 1);
}

#[tokio::test]
async fn trouble_of_a_parcel_that_has_arrived_opens_no_case() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &mia(), &decision).await.unwrap();
    desk.placed("20418", 9134, buyer()).await;
    desk.parcel("20418", ParcelStatus::Exception).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.parcel("20418", ParcelStatus::Delivered).await;
    desk.taps(&target("20418")).await;
    assert!(desk.store.conversation(&mia()).await.unwrap().unwrap().case.reason.is_none());
}

#[tokio::test]
async fn a_receipt_comes_before_the_news_of_a_parcel_that_was_told_first() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    desk.placed("20418", 9134, known()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn a_parcel_with_the_goods_of_two_orders_stands_in_the_way_of_neither() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let shipped = |number: Option<&str>, id: &str| {
        let ShopEventKind::ShipmentUpdated(told) = parcel_of(number, &format!("ship-{id}"), "0034", ParcelStatus::InTransit) else {
            panic!("it is a parcel")
        };
        let order = OrderNames { external_id: Some(id.into()), ..told.order.clone() };
        desk.event(ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts { order, ..*told })))
    };
    desk.take(&shipped(None, "id-20419")).await;
    desk.placed("20418", 9134, known()).await;
    desk.take(&shipped(Some("20418"), "id-20418")).await;
    desk.placed("20419", 9134, known()).await;
    for number in ["20418", "20419"] {
        let order = desk.store.order(&OrderId::of(&page(PAGE), number)).await.unwrap().unwrap();
        assert_eq!(order.parcels.len(), 1, "{number}");
    }
}

#[tokio::test]
async fn parcels_without_numbers_that_come_before_their_order_are_all_taken() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let parcel = |id: &str, status| {
        let ShopEventKind::ShipmentUpdated(told) = parcel_of(None, id, "", status) else { panic!("it is a parcel") };
        let order = OrderNames { number: None, external_id: Some("id-20418".into()) };
        desk.event(ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts { order, tracking_number: None, ..*told })))
    };
    desk.take(&parcel("ship-1", ParcelStatus::Delivered)).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.take(&parcel("ship-2", ParcelStatus::InTransit)).await;
    desk.placed("20418", 9134, known()).await;
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    assert_eq!(order.parcels.len(), 2);
}

#[tokio::test]
async fn a_tracking_number_that_a_carrier_uses_again_is_of_the_new_parcel() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.tell(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit)).await;
    desk.carrier_tells("trk_1", "0034", ParcelStatus::Delivered).await;
    desk.clock.advance(DAY);
    desk.placed("20419", 5000, known()).await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::LabelCreated).await;
    // The old order is told of once more before the new one names the number.
    desk.tell(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit)).await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::OutForDelivery).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.tell(parcel_of(Some("20419"), "ship-2", "0034", ParcelStatus::InTransit)).await;
    desk.notice("20419", "out_for_delivery:shopify:ship-2").await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::Delivered).await;
    let of = |order: &str| OrderId::of(&page(PAGE), order);
    let parcels = desk.store.order(&of("20419")).await.unwrap().unwrap().parcels;
    assert_eq!(parcels.iter().map(|parcel| parcel.progress.status()).collect::<Vec<_>>(), [ParcelStatus::Delivered]);
    assert_eq!(desk.store.order(&of("20418")).await.unwrap().unwrap().parcels.len(), 1);
}
