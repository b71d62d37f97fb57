use super::*;
use crate::email::EmailHash;
use crate::id::PageId;
use crate::money::{Currency, Money};
use crate::notice::{NoticeId, NoticeKind};
use crate::order::{Adjustment, Buyer, OrderFacts, OrderLine, OrderNames, Refund, ShipmentFacts, Totals};
use crate::parcel::ParcelStatus;
use crate::shop::{ShopEventKind, Source};
use crate::time::Timestamp;

fn page() -> PageId {
    PageId::new("108234567890123").unwrap()
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000 + minute * 60_000)
}

fn euros(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn facts(total: i64) -> OrderFacts {
    OrderFacts {
        names: OrderNames { number: Some("20418".into()), external_id: Some("555".into()) },
        totals: Some(Totals { total: euros(total), subtotal: None, shipping: None, tax: None }),
        lines: vec![OrderLine { title: "Brass lamp".into(), subtitle: None, quantity: 1, price: euros(total), image_url: None }],
        buyer: Buyer { name: Some("Mia Keller".into()), email: Some("Mia@Example.com ".into()), ..Buyer::default() },
        ..OrderFacts::default()
    }
}

fn event(source: Source, minute: i64, kind: ShopEventKind) -> ShopEvent {
    ShopEvent { source, shop: String::new(), page: None, occurred_at: at(minute), kind }
}

fn placed(total: i64) -> ShopEvent {
    event(Source::Shopify, 0, ShopEventKind::OrderPlaced(Box::new(facts(total))))
}

fn changed(source: Source, told: OrderFacts) -> ShopEvent {
    event(source, 1, ShopEventKind::OrderChanged(Box::new(told)))
}

fn shipped(source: Source, id: &str, number: Option<&str>, status: ParcelStatus, minute: i64) -> ShopEvent {
    let told = ShipmentFacts {
        order: OrderNames { number: Some("20418".into()), external_id: None },
        external_id: id.into(),
        tracking_number: number.map(Into::into),
        tracking_url: None,
        carrier: Some("DHL".into()),
        status,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    event(source, minute, ShopEventKind::ShipmentUpdated(Box::new(told)))
}

/// Takes an event as the use case does: what follows is noted with the order.
fn take(order: &mut Order, event: &ShopEvent, sent: Option<&str>) -> Vec<(NoticeKind, String)> {
    let change = order.apply(event, sent);
    for notice in &change.notices {
        order.notices.push(NoticeId::of(&order.id, &notice.event));
    }
    change.notices.into_iter().map(|notice| (notice.kind, notice.event)).collect()
}

fn order() -> Order {
    Order::begin(page(), "#20418", &placed(0))
}

#[test]
fn an_order_makes_one_receipt_however_often_it_is_told() {
    let mut order = order();
    assert_eq!(take(&mut order, &placed(9134), None), [(NoticeKind::Receipt, "receipt".into())]);
    let known = order.clone();
    assert_eq!(take(&mut order, &placed(9134), None), []);
    assert_eq!(order, known, "nothing is news");
    assert_eq!(order.receipt(1).unwrap().order_number, "20418");
}

#[test]
fn what_is_too_thin_for_a_receipt_says_so_and_waits_for_the_rest() {
    let mut order = order();
    let thin = OrderFacts { buyer: Buyer::default(), ..facts(9134) };
    assert_eq!(take(&mut order, &event(Source::Stripe, 0, ShopEventKind::OrderPlaced(Box::new(thin))), None), []);
    assert_eq!(order.missing_for_receipt(), ["the recipient's name"]);
    assert_eq!(order.receipt(1), None);
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(9134)), None).len(), 1, "another source fills the gap");
}

#[test]
fn an_order_that_nobody_placed_makes_no_receipt() {
    let mut order = order();
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(9134)), None), []);
    assert_eq!(take(&mut order, &placed(9134), None).len(), 1);
}

#[test]
fn a_receipt_that_left_is_corrected_under_another_number_and_one_that_waits_is_not() {
    let mut order = order();
    take(&mut order, &placed(9134), None);
    let shown = order.receipt_digest();
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(8000)), None), [], "nobody has seen it yet");
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(7000)), Some(&shown)), [(NoticeKind::Receipt, "receipt-2".into())]);
    assert_eq!(order.receipt(2).unwrap().order_number, "20418-2");
    let shown = order.receipt_digest();
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(7000)), Some(&shown)), [], "nothing that it shows has changed");
}

#[test]
fn what_is_older_than_what_is_known_fills_gaps_and_changes_nothing_else() {
    let mut order = order();
    take(&mut order, &placed(8000), None);
    let shown = order.receipt_digest();
    assert_eq!(take(&mut order, &changed(Source::Shopify, facts(10_000)), Some(&shown)).len(), 1);
    let shown = order.receipt_digest();
    for again in [placed(8000), changed(Source::Shopify, facts(10_000)), placed(8000)] {
        assert_eq!(take(&mut order, &again, Some(&shown)), []);
    }
    assert_eq!(order.facts.totals.unwrap().total, euros(10_000));
}

#[test]
fn a_discount_that_was_taken_back_is_on_no_corrected_receipt() {
    let discount = vec![Adjustment { name: "TEN".into(), amount: euros(1000) }];
    let mut order = order();
    let with_it = OrderFacts { adjustments: discount.clone(), ..facts(9000) };
    take(&mut order, &event(Source::Shopify, 0, ShopEventKind::OrderPlaced(Box::new(with_it))), None);
    let only_the_sum = OrderFacts { lines: Vec::new(), ..facts(9000) };
    take(&mut order, &changed(Source::Shopify, only_the_sum), None);
    assert_eq!(order.facts.adjustments, discount, "nothing was said of it");
    take(&mut order, &changed(Source::Shopify, facts(10_000)), None);
    assert_eq!(order.facts.adjustments, []);
}

#[test]
fn an_order_that_is_taken_back_after_it_was_cancelled_gets_its_receipt() {
    let mut order = order();
    let cancelled =
        ShopEventKind::OrderCancelled { order: facts(9134).names, reason: Some("Not paid in time".into()), refunds: Vec::new() };
    take(&mut order, &event(Source::Shopify, 1, cancelled), None);
    assert_eq!(take(&mut order, &placed(9134), None), [], "it came before");
    let paid = event(Source::Shopify, 2, ShopEventKind::OrderPlaced(Box::new(facts(9134))));
    assert_eq!(take(&mut order, &paid, None), [(NoticeKind::Receipt, "receipt".into())]);
    assert_eq!((order.cancelled_at, order.cancelled_because), (None, None));
}

#[test]
fn ids_of_customers_are_those_of_their_shop_and_telephone_numbers_have_their_country() {
    let names = |source: Source, shop: &str, buyer: Buyer| {
        let mut order = order();
        let told = OrderFacts { buyer, ..facts(1) };
        let placed = ShopEvent { shop: shop.into(), ..event(source, 0, ShopEventKind::OrderPlaced(Box::new(told))) };
        order.apply(&placed, None);
        order.customer_names()
    };
    let customer = || Buyer { customer_id: Some("5".into()), ..Buyer::default() };
    let [one, other, api] = [(Source::Woocommerce, "a.example"), (Source::Woocommerce, "b.example"), (Source::Api, "")]
        .map(|(source, shop)| names(source, shop, customer()).remove(1));
    assert!(one != other && one != api && other != api);
    assert_eq!(api, customer_name(&page(), "customer", "5"));
    assert_eq!(one, customer_name(&page(), "customer", "woocommerce/a.example/5"));
    let phone = |phone: &str| names(Source::Shopify, "", Buyer { phone: Some(phone.into()), ..Buyer::default() }).into_iter().nth(1);
    assert_eq!(phone("+49 170 555-1234"), phone("0049 170 5551234"));
    assert!(phone("+49 170 555-1234").is_some());
    for anybodys in ["0000000000", "000 000 0000", "0170 5551234", "+1", "+11111111111", ""] {
        assert_eq!(phone(anybodys), None, "{anybodys}");
    }
}

#[test]
fn a_corrected_tracking_number_is_a_parcel_of_its_own_and_told() {
    let mut order = order();
    take(&mut order, &shipped(Source::Shopify, "1", Some("AAA1"), ParcelStatus::InTransit, 1), None);
    let news = take(&mut order, &shipped(Source::Shopify, "1", Some("BBB2"), ParcelStatus::InTransit, 2), None);
    assert_eq!(news, [(NoticeKind::Shipped, "shipped:shopify:1:2".into())]);
    assert_eq!(take(&mut order, &shipped(Source::Shopify, "1", Some("BBB2"), ParcelStatus::InTransit, 3), None), []);
}

#[test]
fn a_parcel_without_a_name_is_the_orders_only_one() {
    let mut order = order();
    assert_eq!(take(&mut order, &shipped(Source::Api, "20418/1", None, ParcelStatus::InTransit, 1), None).len(), 1);
    assert_eq!(take(&mut order, &shipped(Source::Api, "TN-1", Some("TN-1"), ParcelStatus::InTransit, 2), None), []);
    assert_eq!(order.parcels.len(), 1);
    assert_eq!(order.parcels[0].tracking_number.as_deref(), Some("TN-1"));
    assert_eq!(take(&mut order, &shipped(Source::Api, "20418/1", None, ParcelStatus::Delivered, 3), None).len(), 1);
    assert_eq!(order.parcels.len(), 1);
    take(&mut order, &shipped(Source::Api, "TN-2", Some("TN-2"), ParcelStatus::InTransit, 4), None);
    assert_eq!(order.parcels.len(), 2, "another number is another parcel");
}

#[test]
fn the_notice_about_late_news_is_the_one_that_says_so() {
    let mut order = order();
    take(&mut order, &shipped(Source::Api, "TN-1", Some("TN-1"), ParcelStatus::InTransit, 1), None);
    let mut late = shipped(Source::Api, "TN-1", Some("TN-1"), ParcelStatus::InTransit, 2);
    let about = |order: &Order, event: &ShopEvent| notice_about(order, event).unwrap();
    assert_eq!(about(&order, &late), NoticeId::of(&order.id, "shipped:api:TN-1"));
    if let ShopEventKind::ShipmentUpdated(told) = &mut late.kind {
        told.is_late = true;
    }
    take(&mut order, &late, None);
    assert_eq!(about(&order, &late), NoticeId::of(&order.id, "delayed:api:TN-1"));
}

#[test]
fn the_latest_estimate_of_a_day_counts() {
    let mut order = order();
    let estimate = |day: &str, minute: i64| {
        let mut told = shipped(Source::Easypost, "trk", Some("1Z"), ParcelStatus::InTransit, minute);
        if let ShopEventKind::ShipmentUpdated(facts) = &mut told.kind {
            facts.expected_on = Some(day.into());
        }
        told
    };
    for (day, minute, known) in [("2026-11-27", 1, "27"), ("2026-11-30", 3, "30"), ("2026-11-25", 2, "30")] {
        take(&mut order, &estimate(day, minute), None);
        assert_eq!(order.parcels[0].expected_on.as_deref(), Some(format!("2026-11-{known}").as_str()));
    }
}

#[test]
fn the_word_of_the_source_that_placed_the_order_counts() {
    let mut order = order();
    take(&mut order, &placed(9134), None);
    take(&mut order, &changed(Source::Stripe, facts(1)), None);
    assert_eq!(order.facts.totals.unwrap().total, euros(9134));
}

#[test]
fn a_shop_and_a_carrier_tell_of_one_parcel() {
    let mut order = order();
    assert_eq!(take(&mut order, &shipped(Source::Shopify, "1", Some("00 34-x"), ParcelStatus::InTransit, 1), None).len(), 1);
    assert_eq!(take(&mut order, &shipped(Source::Easypost, "trk_1", Some("0034X"), ParcelStatus::InTransit, 2), None), []);
    let news = take(&mut order, &shipped(Source::Easypost, "trk_1", Some("0034X"), ParcelStatus::Delivered, 9), None);
    assert_eq!(news, [(NoticeKind::Delivered, "delivered:shopify:1".into())]);
    assert_eq!(take(&mut order, &shipped(Source::Easypost, "trk_1", Some("0034X"), ParcelStatus::OutForDelivery, 5), None), []);
    assert_eq!(order.parcels.len(), 1);
}

#[test]
fn two_parcels_are_told_one_by_one() {
    let mut order = order();
    take(&mut order, &shipped(Source::Shopify, "1", Some("A1"), ParcelStatus::InTransit, 1), None);
    assert_eq!(take(&mut order, &shipped(Source::Shopify, "1", Some("A2"), ParcelStatus::InTransit, 1), None).len(), 1);
    assert_eq!(order.parcels.len(), 2);
}

#[test]
fn trouble_makes_a_notice_and_tells_a_person_what_it_is() {
    let mut order = order();
    let change = order.apply(&shipped(Source::Easypost, "trk_1", Some("A1"), ParcelStatus::Exception, 1), None);
    assert_eq!(change.notices.first().map(|notice| notice.kind), Some(NoticeKind::Problem));
    assert_eq!(order.parcels.first().map(Parcel::trouble_in_words).as_deref(), Some("The parcel A1 of DHL is in trouble."));
}

#[test]
fn money_that_went_back_is_told_once_a_refund() {
    let mut order = order();
    take(&mut order, &placed(9134), None);
    let refund = |id: &str| OrderFacts { refunds: vec![Refund { id: id.into(), amount: Some(euros(100)) }], ..OrderFacts::default() };
    assert_eq!(take(&mut order, &changed(Source::Shopify, refund("r1")), None), [(NoticeKind::Refunded, "refunded:r1".into())]);
    assert_eq!(take(&mut order, &changed(Source::Shopify, refund("r1")), None), []);
    assert_eq!(take(&mut order, &changed(Source::Shopify, refund("r2")), None).len(), 1);
}

#[test]
fn a_shipping_notice_after_delivery_is_not_worth_telling() {
    let mut order = order();
    take(&mut order, &shipped(Source::Shopify, "1", Some("A1"), ParcelStatus::InTransit, 1), None);
    assert_eq!(order.not_worth(NoticeKind::Shipped, Some(0)), None);
    take(&mut order, &shipped(Source::Shopify, "1", Some("A1"), ParcelStatus::Delivered, 2), None);
    for kind in [NoticeKind::Shipped, NoticeKind::OutForDelivery, NoticeKind::ReadyForPickup, NoticeKind::Delayed, NoticeKind::Problem] {
        assert!(order.not_worth(kind, Some(0)).is_some(), "{kind:?}");
    }
    assert_eq!(order.not_worth(NoticeKind::Delivered, Some(0)), None);
}

#[test]
fn a_customer_has_the_same_name_however_the_shop_writes_the_address() {
    let mut order = order();
    take(&mut order, &placed(9134), None);
    assert!(order.customer_names().contains(&customer_name(&page(), "email", EmailHash::of("mia@example.com").unwrap().as_str())));
}

#[test]
fn the_number_makes_the_order_with_and_without_its_sign() {
    assert_eq!(OrderId::of(&page(), "#20418"), OrderId::of(&page(), " 20418"));
    assert_ne!(OrderId::of(&page(), "20418"), OrderId::of(&page(), "20419"));
}

#[test]
fn the_later_of_an_order_and_its_cancellation_counts_whatever_comes_first() {
    let at_minute = |minute, kind| event(Source::Shopify, minute, kind);
    let placed = |minute| at_minute(minute, ShopEventKind::OrderPlaced(Box::new(facts(9134))));
    let cancelled = |minute| {
        let names = facts(9134).names;
        at_minute(minute, ShopEventKind::OrderCancelled { order: names, reason: None, refunds: Vec::new() })
    };
    for (told, is_cancelled) in [
        (vec![placed(1), cancelled(2), placed(3)], false),
        (vec![placed(1), placed(3), cancelled(2)], false),
        (vec![placed(1), cancelled(2), placed(3), cancelled(2)], false),
        (vec![cancelled(2), placed(1)], true),
        (vec![placed(1), cancelled(2), cancelled(4), placed(3)], true),
    ] {
        let mut order = order();
        for event in &told {
            take(&mut order, event, None);
        }
        assert_eq!(order.cancelled_at.is_some(), is_cancelled, "{told:?}");
    }
}

#[test]
fn a_payment_waits_for_the_checkout_that_says_what_was_bought() {
    let thin = OrderFacts { lines: Vec::new(), ..facts(9134) };
    let paid = event(Source::Stripe, 0, ShopEventKind::OrderPlaced(Box::new(thin)));
    let mut order = Order::begin(page(), "20418", &paid);
    assert!(take(&mut order, &paid, None).is_empty());
    assert_eq!(order.missing_for_receipt(), ["the goods"]);
    let whole = event(Source::Stripe, 1, ShopEventKind::OrderPlaced(Box::new(facts(9134))));
    assert_eq!(take(&mut order, &whole, None).len(), 1);
}

#[test]
fn a_customer_is_counted_under_one_name_whatever_becomes_known() {
    let guest = placed(9134);
    let mut order = order();
    take(&mut order, &guest, None);
    let of_a_guest = order.customer_key();
    order.facts.buyer.customer_id = Some("shopify//7".into());
    assert_eq!(order.customer_key(), of_a_guest, "a guest and their account have the address in common");
    order.counted_as = order.personal_key();
    order.facts.buyer.email = Some("other@example.com".into());
    assert_eq!(order.customer_key(), of_a_guest);
}
