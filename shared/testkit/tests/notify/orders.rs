//! Orders and their receipts.

use super::*;

#[tokio::test]
async fn the_same_order_fifty_times_at_once_makes_one_receipt() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))));
    join_all((0..50).map(|_| desk.take(&event))).await;
    desk.work().await;
    let messages = desk.messages().await;
    assert_eq!(messages.len(), 1);
    let forms = messages[0].sending.as_ref().unwrap().parts[0].forms.clone().unwrap();
    let Content::Receipt(receipt) = forms.inside else { panic!("it is no receipt") };
    assert_eq!((receipt.order_number.as_str(), receipt.totals.total), ("20418", euros(9134)));
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::ReceiptTemplate]);
    assert_eq!(desk.api.calls().len(), 1);
}

#[tokio::test]
async fn another_shop_with_the_same_number_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 7700, buyer()))));
    let other = ShopEvent { shop: "lamp-fr".into(), ..event };
    let err = take(&desk.store, &page(PAGE), &other, desk.clock.now()).await.unwrap_err();
    assert_eq!(err.retry(), Retry::Never);
    assert!(err.to_string().contains("20418") && err.to_string().contains("lamp"), "{err}");
    assert_eq!(desk.messages().await.len(), 1);
}

#[tokio::test]
async fn a_receipt_that_left_is_corrected_by_another_one() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.tell(ShopEventKind::OrderChanged(Box::new(facts("20418", 8000, known())))).await;
    desk.tell(ShopEventKind::OrderChanged(Box::new(facts("20418", 8000, known())))).await;
    let numbers: Vec<String> = desk.messages().await.iter().filter_map(receipt_number).collect();
    assert_eq!(numbers, ["20418", "20418-2"]);
}

#[tokio::test]
async fn what_comes_before_its_order_is_kept_and_taken_with_it() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let early = ShipmentFacts {
        order: OrderNames { number: None, external_id: Some("id-20418".into()) },
        external_id: "ship-1".into(),
        tracking_number: Some("0034".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::InTransit,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    desk.tell(ShopEventKind::ShipmentUpdated(Box::new(early))).await;
    assert!(desk.messages().await.is_empty());
    desk.placed("20418", 9134, known()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn what_was_kept_is_taken_also_when_whoever_named_its_order_ended_before() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.carrier_tells("trk_1", "0034", ParcelStatus::Delivered).await;
    let named = desk.event(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit));
    desk.store.fail(Call::KeptEvents, 1, StoreError::Unavailable { reason: "throttled".into() });
    take(&desk.store, &page(PAGE), &named, desk.clock.now()).await.unwrap_err();
    assert!(!desk.kinds().await.contains(&NoticeKind::Delivered));
    desk.take(&named).await;
    desk.work().await;
    assert!(desk.kinds().await.contains(&NoticeKind::Delivered));
}

#[tokio::test]
async fn a_change_that_comes_while_its_receipt_leaves_is_corrected() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.take(&desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))))).await;
    // Another worker read the order before the receipt was accepted, and writes it now: it owes nothing that it could see.
    let id = OrderId::of(&page(PAGE), "20418");
    let mut order = desk.store.order(&id).await.unwrap().unwrap();
    order.facts.totals = Some(Totals { total: euros(8000), subtotal: None, shipping: None, tax: None });
    let writing = domain::orders::Writing { order: &order, notices: &[], aliases: &[], names: &[] };
    desk.store.save_order(&writing).await.unwrap();
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Receipt]);
    desk.clock.advance(Duration::from_mins(1));
    desk.placed("20418", 8000, known()).await;
    assert_eq!(desk.kinds().await.len(), 2, "once");
}

#[tokio::test]
async fn a_receipt_whose_worker_ended_is_corrected_when_the_order_changed_meanwhile() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = |total| ShopEventKind::OrderPlaced(Box::new(facts("20418", total, known())));
    let taken = take(&desk.store, &page(PAGE), &desk.event(event(9134)), desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    // The message is accepted, and the notice does not know of it.
    desk.store.fail(Call::SaveNotice, 1, StoreError::Unavailable { reason: "gone".into() });
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.clock.advance(Duration::from_secs(1));
    desk.tell(event(8000)).await;
    let receipts: Vec<i64> = desk.messages().await.iter().map(|message| message.receipt().unwrap().totals.total.amount).collect();
    assert_eq!(receipts, [9134, 8000]);
}

#[tokio::test]
async fn an_order_that_stands_again_gets_the_receipt_that_was_dropped() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let names = OrderNames { number: Some("20418".into()), external_id: None };
    desk.clock.advance(Duration::from_mins(1));
    desk.tell(ShopEventKind::OrderCancelled { order: names, reason: None, refunds: Vec::new() }).await;
    desk.says("Hi").await;
    desk.taps(&target("20418")).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
    desk.clock.advance(Duration::from_mins(1));
    desk.placed("20418", 9134, buyer()).await;
    desk.placed("20418", 9134, buyer()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn two_purchases_under_one_number_are_two() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let purchase = |id: &str, total| {
        let names = OrderNames { number: Some("user_42".into()), external_id: Some(id.into()) };
        ShopEventKind::OrderPlaced(Box::new(OrderFacts { names, ..facts("user_42", total, known()) }))
    };
    for _ in 0..2 {
        desk.tell(purchase("pi_00000001", 10_000)).await;
        desk.tell(purchase("pi_00000002", 5_000)).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt; 2]);
    let second = desk.store.order(&OrderId::of(&page(PAGE), "user_42.00000002")).await.unwrap().unwrap();
    assert_eq!(second.facts.totals.unwrap().total, euros(5_000));
}

#[tokio::test]
async fn a_second_payment_after_one_that_failed_is_for_the_same_order() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let told = |id: &str| {
        let names = OrderNames { number: Some("20418".into()), external_id: Some(id.into()) };
        Box::new(OrderFacts { names, ..facts("20418", 9134, known()) })
    };
    desk.tell(ShopEventKind::OrderChanged(told("pi_1"))).await;
    desk.tell(ShopEventKind::OrderPlaced(told("pi_2"))).await;
    let messages = desk.messages().await;
    assert_eq!(messages.iter().map(|message| message.receipt().unwrap().order_number.as_str()).collect::<Vec<_>>(), ["20418"]);
}
