//! Orders: what is a purchase, whose it is, and what it cost to the minor unit.

use domain::order::{OrderFacts, PassedConsent};
use domain::shop::{ShopEventKind, Source};
use serde_json::{Value, json};

use crate::payloads::{changed, event, order, parse, read};

const SHOPIFY: &str = "shopify-orders_create";
const WOO: &str = "woocommerce-order_updated-processing";
const STRIPE: &str = "stripe-checkout_session_completed";

fn shopify(changes: &[(&str, Value)]) -> OrderFacts {
    order(Source::Shopify, "orders/create", changed(SHOPIFY, changes))
}

fn woo(changes: &[(&str, Value)]) -> OrderFacts {
    order(Source::Woocommerce, "order.updated", changed(WOO, changes))
}

fn stripe(changes: &[(&str, Value)]) -> OrderFacts {
    order(Source::Stripe, "", changed(STRIPE, changes))
}

fn kind(source: Source, topic: &str, body: String) -> &'static str {
    event(source, topic, body).kind.as_str()
}

#[test]
fn a_shopify_order_is_a_purchase_unless_its_payment_was_taken_back() {
    let of = |topic, status: Value| kind(Source::Shopify, topic, changed(SHOPIFY, &[("/financial_status", status)]));
    for status in ["paid", "pending", "authorized", "partially_paid"] {
        assert_eq!(of("orders/create", json!(status)), "order_placed", "{status}");
    }
    assert_eq!(of("orders/create", Value::Null), "order_placed");
    assert_eq!(of("orders/create", json!("voided")), "order_changed");
    assert_eq!(of("orders/paid", json!("paid")), "order_placed");
    assert_eq!(of("orders/updated", json!("paid")), "order_changed");
    let cancelled = changed(SHOPIFY, &[("/cancelled_at", json!("2026-11-21T11:00:00Z"))]);
    assert_eq!(kind(Source::Shopify, "orders/paid", cancelled), "order_changed");
}

#[test]
fn a_woocommerce_order_is_a_purchase_once_the_shop_works_on_it() {
    let of = |status: &str| kind(Source::Woocommerce, "order.created", changed(WOO, &[("/status", json!(status))]));
    for (status, kind) in [
        ("processing", "order_placed"),
        ("completed", "order_placed"),
        ("wc-completed", "order_placed"),
        ("pending", "order_changed"),
        ("on-hold", "order_changed"),
        ("failed", "order_changed"),
        ("checkout-draft", "order_changed"),
        ("refunded", "order_changed"),
        ("cancelled", "order_cancelled"),
        ("a-plugins-own", "order_changed"),
    ] {
        assert_eq!(of(status), kind, "{status}");
    }
}

#[test]
fn a_checkout_is_a_purchase_once_it_is_paid() {
    let of = |status: &str| kind(Source::Stripe, "", changed(STRIPE, &[("/data/object/payment_status", json!(status))]));
    assert_eq!(of("paid"), "order_placed");
    assert_eq!(of("no_payment_required"), "order_placed");
    assert_eq!(of("unpaid"), "order_changed");
    let setup = parse(Source::Stripe, "", changed(STRIPE, &[("/data/object/mode", json!("setup"))])).unwrap();
    assert_eq!((setup.events.len(), setup.ignored), (0, None), "a card was kept, and nothing bought");
}

#[test]
fn a_checkout_its_payment_and_its_refund_name_the_same_order() {
    let checkout = order(Source::Stripe, "", read(STRIPE)).names;
    let payment = order(Source::Stripe, "", read("stripe-payment_intent_succeeded")).names;
    let refund = order(Source::Stripe, "", read("stripe-refund_created")).names;
    assert_eq!(checkout, payment);
    assert_eq!((checkout.external_id, refund.number), (refund.external_id, None));
}

#[test]
fn the_number_of_a_checkout_is_the_shops_own_where_it_says_one() {
    let number = |metadata: Value, reference: Value| {
        stripe(&[("/data/object/metadata", metadata), ("/data/object/client_reference_id", reference)]).names.number.unwrap()
    };
    assert_eq!(number(json!({"order_number": "#7", "order_id": "8"}), json!("9")), "7");
    assert_eq!(number(json!({"order_id": "8"}), json!("9")), "8");
    assert_eq!(number(json!({}), json!("9")), "9");
    assert_eq!(number(json!({}), json!("sb1-abc")), "cs_test_a1b2c3", "one of our links is no number");
    assert_eq!(number(json!([]), Value::Null), "cs_test_a1b2c3");
    assert_eq!(
        stripe(&[("/data/object/metadata", json!({})), ("/data/object/client_reference_id", json!("sb1-abc"))]).buyer.reference.as_deref(),
        Some("sb1-abc")
    );
}

#[test]
fn the_sums_of_each_source_add_up_to_the_total() {
    for (source, topic, name) in [
        (Source::Shopify, "orders/create", SHOPIFY),
        (Source::Shopify, "orders/paid", "shopify-orders_paid-jpy"),
        (Source::Shopify, "orders/paid", "shopify-orders_paid-kwd"),
        (Source::Shopify, "orders/create", "shopify-orders_create-presentment"),
        (Source::Woocommerce, "order.updated", WOO),
        (Source::Woocommerce, "order.updated", "woocommerce-order_updated-jpy"),
        (Source::Woocommerce, "order.updated", "woocommerce-order_updated-kwd"),
        (Source::Stripe, "", STRIPE),
        (Source::Stripe, "", "stripe-checkout_session_completed-jpy_lines"),
        (Source::Stripe, "", "stripe-checkout_session_completed-kwd"),
    ] {
        let facts = order(source, topic, read(name));
        let totals = facts.totals.unwrap();
        let off: i64 = facts.adjustments.iter().map(|adjustment| adjustment.amount.amount).sum();
        let parts: i64 = [totals.subtotal, totals.shipping, totals.tax].into_iter().map(|part| part.unwrap().amount).sum();
        assert_eq!(parts - off, totals.total.amount, "{name}");
        let lines: i64 = facts.lines.iter().map(|line| line.price.amount * i64::from(line.quantity)).sum();
        assert!(facts.lines.is_empty() || lines == totals.subtotal.unwrap().amount, "{name}: {lines}");
        assert!(facts.lines.iter().all(|line| line.price.currency == totals.total.currency), "{name}");
    }
}

#[test]
fn amounts_are_exact_in_each_currency() {
    let total = |facts: OrderFacts| facts.totals.map(|totals| totals.total.to_string());
    let of = |currency: &str, amount: &str| {
        total(shopify(&[("/currency", json!(currency)), ("/presentment_currency", json!(currency)), ("/total_price", json!(amount))]))
    };
    assert_eq!(of("JPY", "1200").as_deref(), Some("1200 JPY"));
    assert_eq!(of("JPY", "1200.00").as_deref(), Some("1200 JPY"));
    assert_eq!(of("KWD", "12.345").as_deref(), Some("12.345 KWD"));
    assert_eq!(of("USD", "90071992547409.93").as_deref(), Some("90071992547409.93 USD"), "no float holds it");
    let of = |currency: &str, minor: i64| {
        total(stripe(&[("/data/object/currency", json!(currency)), ("/data/object/amount_total", json!(minor))]))
    };
    for (currency, minor, amount) in [
        ("eur", 9134, Some("91.34 EUR")),
        ("jpy", 1200, Some("1200 JPY")),
        ("kwd", 12_340, Some("12.340 KWD")),
        ("isk", 50_000, Some("500 ISK")),
        ("ugx", 50_000, Some("500 UGX")),
        ("ugx", 50_050, None),
        ("mga", 1500, Some("1500.00 MGA")),
        ("xxx", 1500, None),
    ] {
        assert_eq!(of(currency, minor).as_deref(), amount, "{currency} {minor}");
    }
}

#[test]
fn a_price_that_is_written_as_a_number_is_read_by_its_digits() {
    let body = changed(SHOPIFY, &[]).replace("\"39.50\"", "39.50");
    assert_eq!(order(Source::Shopify, "orders/create", body).lines[0].price.amount, 3950);
    let body = changed(WOO, &[]).replace("\"79.00\"", "79.000000");
    assert_eq!(order(Source::Woocommerce, "order.updated", body).lines[0].price.amount, 3950);
}

#[test]
fn a_sum_that_cannot_be_divided_by_the_pieces_stays_whole() {
    let line = woo(&[("/line_items/0/quantity", json!(3))]).lines.remove(0);
    assert_eq!((line.quantity, line.price.amount, line.subtitle.as_deref()), (1, 7900, Some("3 × Brass")));
}

#[test]
fn a_customers_currency_is_taken_for_all_amounts_or_for_none() {
    let name = "shopify-orders_create-presentment";
    let read = |changes: &[(&str, Value)]| order(Source::Shopify, "orders/create", changed(name, changes));
    let code = |facts: &OrderFacts| facts.totals.unwrap().total.currency.code();
    assert_eq!(code(&read(&[])), "EUR");
    let torn = read(&[("/line_items/1/price_set", Value::Null)]);
    assert_eq!((code(&torn), torn.lines[0].price.to_string()), ("USD", "43.00 USD".into()));
    let mixed = read(&[("/total_price_set/presentment_money/currency_code", json!("GBP"))]);
    assert_eq!(code(&mixed), "USD");
}

#[test]
fn a_checkout_passes_along_whose_thread_it_is_and_what_they_agreed_to() {
    let buyer = shopify(&[]).buyer;
    assert_eq!(buyer.reference.as_deref(), Some("sb1-Y2FydA_x="));
    assert_eq!(buyer.user.map(|user| user.to_string()).as_deref(), Some("7402918836412905"));
    assert_eq!(buyer.consent, Some(PassedConsent { messenger: Some(true), email: None, words: None }));
    let buyer = shopify(&[("/note_attributes", json!([]))]).buyer;
    assert_eq!((buyer.reference.as_deref(), buyer.consent), (Some("sb1-bGFuZGVk"), None), "the address has a reference and no consent");
    let buyer = shopify(&[("/note_attributes", json!({"shopbell_ref": "sb1-object", "shopbell_consent": "false"}))]).buyer;
    assert_eq!(buyer.reference.as_deref(), Some("sb1-object"));
    assert_eq!(buyer.consent.unwrap().messenger, Some(false));
    let landed = ("/landing_site", json!("https://lamp.example/?shopbell_consent=true&psid=7402918836412905"));
    let buyer = shopify(&[("/note_attributes", Value::Null), landed]).buyer;
    assert_eq!((buyer.consent, buyer.user.is_some()), (None, true));
}

#[test]
fn what_a_checkout_passes_along_is_nothing_where_it_is_not_what_it_should_be() {
    for value in [json!("a b"), json!("<script>"), json!("ä"), json!(""), json!("x".repeat(501)), json!({}), json!(null)] {
        let note = |name: &str| json!([{ "name": name, "value": value.clone() }]);
        let of = |name| shopify(&[("/note_attributes", note(name)), ("/landing_site", Value::Null)]).buyer;
        assert_eq!(of("shopbell_ref").reference, None, "{value}");
        assert_eq!(of("messenger_psid").user, None, "{value}");
        assert_eq!(of("shopbell_consent").consent, None, "{value}");
    }
}

#[test]
fn a_buyer_is_named_by_where_the_goods_go_else_by_who_pays() {
    assert_eq!(shopify(&[("/shipping_address", json!({"name": "Ben"}))]).buyer.name.as_deref(), Some("Ben"));
    assert_eq!(shopify(&[("/shipping_address", Value::Null)]).buyer.name.as_deref(), Some("Ana Keller"));
    let both = [("/shipping_address", Value::Null), ("/billing_address", Value::Null)];
    assert_eq!(shopify(&both).buyer.name.as_deref(), Some("Ana Keller"), "of the customer's own parts");
    assert_eq!(woo(&[("/customer_id", json!(0))]).buyer.customer_id, None, "zero is a guest");
}

#[test]
fn an_address_is_whole_or_absent() {
    assert_eq!(shopify(&[]).address.unwrap().country, "DE");
    for (pointer, value) in [
        ("/shipping_address/country_code", json!("DEU")),
        ("/shipping_address/country_code", Value::Null),
        ("/shipping_address/address1", json!("")),
        ("/shipping_address/city", json!({})),
        ("/shipping_address", json!([])),
    ] {
        assert_eq!(shopify(&[(pointer, value.clone())]).address, None, "{pointer} {value}");
    }
    let address = shopify(&[("/shipping_address/province_code", Value::Null), ("/shipping_address/province", Value::Null)]).address;
    assert_eq!(address.unwrap().state, "", "many countries have none");
}

#[test]
fn a_refund_is_money_that_went_back() {
    let of = |changes: &[(&str, Value)]| order(Source::Shopify, "refunds/create", changed("shopify-refunds_create", changes)).refunds;
    assert_eq!(of(&[])[0].amount.unwrap().amount, 3950);
    assert!(of(&[("/transactions", json!([]))]).is_empty(), "goods came back, money did not");
    assert!(of(&[("/transactions/0/status", json!("failure"))]).is_empty());
    assert_eq!(of(&[("/transactions", Value::Null)])[0].amount, None);
    let of = |status: &str| order_of_refund(status).map(|facts| facts.refunds.len());
    assert_eq!((of("succeeded"), of("pending"), of("failed"), of("canceled")), (Some(1), Some(1), None, None));
    let charge = order(Source::Stripe, "", read("stripe-charge_refunded")).refunds;
    assert_eq!((charge[0].id.as_str(), charge[0].amount.unwrap().amount), ("ch_3Q9x:3950", 2950), "what is more than before");
}

fn order_of_refund(status: &str) -> Option<OrderFacts> {
    let body = changed("stripe-refund_created", &[("/data/object/status", json!(status))]);
    parse(Source::Stripe, "", body).unwrap().events.pop().and_then(|event| match event.kind {
        ShopEventKind::OrderChanged(facts) => Some(*facts),
        ShopEventKind::OrderPlaced(_) | ShopEventKind::OrderCancelled { .. } | ShopEventKind::ShipmentUpdated(_) => None,
    })
}

#[test]
fn a_payment_is_named_as_its_customer_knows_it() {
    assert_eq!(shopify(&[]).payment_method.as_deref(), Some("Shopify Payments"));
    let card = json!({"credit_card_company": "Visa", "credit_card_number": "•••• •••• •••• 4242"});
    assert_eq!(shopify(&[("/payment_details", card)]).payment_method.as_deref(), Some("Visa 4242"));
    assert_eq!(stripe(&[]).payment_method.as_deref(), Some("Card"));
    assert_eq!(stripe(&[("/data/object/payment_method_types", json!(["card", "link"]))]).payment_method, None);
}
