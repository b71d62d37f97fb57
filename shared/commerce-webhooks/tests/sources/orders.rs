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
    let test = changed(SHOPIFY, &[("/test", json!(true))]);
    assert_eq!(kind(Source::Shopify, "orders/create", test), "order_placed", "a test order is taken like any");
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
fn a_part_of_a_piece_is_one_piece_that_says_so() {
    let line = |quantity: Value| woo(&[("/line_items/0/quantity", quantity)]).lines.remove(0);
    for (quantity, subtitle) in [(json!(2.5), "2.5 × Brass"), (json!("2.50"), "2.5 × Brass"), (json!("0.75"), "0.75 × Brass")] {
        let line = line(quantity);
        assert_eq!((line.quantity, line.price.amount, line.subtitle.as_deref()), (1, 7900, Some(subtitle)));
    }
    let facts = woo(&[("/line_items/1/quantity", json!(2.5))]);
    assert_eq!(facts.lines[1].subtitle.as_deref(), Some("2.5 ×"));
    let lines: i64 = facts.lines.iter().map(|line| line.price.amount * i64::from(line.quantity)).sum();
    assert_eq!(Some(lines), facts.totals.unwrap().subtotal.map(|subtotal| subtotal.amount));
    for whole in [json!(2.0), json!("2"), json!("02.000")] {
        assert_eq!((line(whole.clone()).quantity, line(whole).price.amount), (2, 3950));
    }
    for none in [json!(0), json!("0.0"), json!("-1"), json!("2,5"), json!("2."), json!(".5"), json!("1e3"), json!("1".repeat(50))] {
        let lines = woo(&[("/line_items/0/quantity", none.clone())]).lines;
        assert_eq!(lines.len(), 1, "{none}");
    }
}

#[test]
fn what_woocommerce_writes_as_html_is_read_as_text() {
    let title = |name: &str| woo(&[("/line_items/0/name", json!(name))]).lines.remove(0).title;
    assert_eq!(title("Tom &amp; Jerry&#8217;s <b>Mug</b>"), "Tom & Jerry’s Mug");
    assert_eq!(title("Lamp&nbsp;2 < 3 &lt;b&gt;"), "Lamp 2 < 3 <b>");
    assert_eq!(title(&"&amp;".repeat(100_000)).chars().count(), 200);
    assert_eq!(woo(&[("/line_items/0/name", json!("<b></b>"))]).lines.len(), 1, "nothing is left of it");
    let facts = woo(&[
        ("/payment_method_title", json!("PayPal &amp; Card")),
        ("/fee_lines/0/name", json!("Wrap &#038; <i>bow</i>")),
        ("/line_items/0/meta_data/0/display_value", json!("Black &amp; white")),
    ]);
    assert_eq!(facts.payment_method.as_deref(), Some("PayPal & Card"));
    assert_eq!(facts.adjustments[1].name, "Wrap & bow");
    assert_eq!(facts.lines[0].subtitle.as_deref(), Some("Black & white"));
}

/// The order of the golden payload after its light bulb was taken out.
fn edited() -> Vec<(&'static str, Value)> {
    let removal = json!({ "line_item_id": 518_995_019, "quantity": 1, "restock_type": "no_restock", "subtotal": "0.00" });
    vec![
        ("/line_items/1/current_quantity", json!(0)),
        ("/current_total_price", json!("80.78")),
        ("/current_subtotal_price", json!("71.10")),
        ("/current_total_tax", json!("4.73")),
        ("/current_total_discounts", json!("7.90")),
        ("/refunds", json!([{ "id": 5, "transactions": [], "refund_line_items": [removal] }])),
    ]
}

fn with(mut changes: Vec<(&'static str, Value)>, more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    changes.extend_from_slice(more);
    changes
}

fn updated(changes: &[(&str, Value)]) -> OrderFacts {
    order(Source::Shopify, "orders/updated", changed(SHOPIFY, changes))
}

fn sums(facts: &OrderFacts) -> [Option<i64>; 4] {
    let totals = facts.totals.unwrap();
    [Some(totals.total), totals.subtotal, totals.shipping, totals.tax].map(|sum| sum.map(|sum| sum.amount))
}

#[test]
fn what_an_edit_took_out_of_an_order_is_off_its_receipt() {
    let facts = updated(&edited());
    assert_eq!(sums(&facts), [Some(8078), Some(7900), Some(495), Some(473)]);
    let lines: Vec<_> = facts.lines.iter().map(|line| (line.title.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("Desk lamp", 2)]);
    let off: Vec<_> = facts.adjustments.iter().map(|off| (off.name.as_str(), off.amount.amount)).collect();
    assert_eq!(off, [("WELCOME10", 790)]);
    assert!(facts.refunds.is_empty(), "no money went back");
    let silent = updated(&with(edited(), &[("/refunds", json!([]))]));
    assert_eq!((silent.totals, silent.lines), (facts.totals, facts.lines), "with and without a refund of nothing");
    let fewer = updated(&with(edited(), &[("/line_items/0/current_quantity", json!(1)), ("/line_items/1/current_quantity", json!(1))]));
    assert_eq!(fewer.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [1, 1]);
    let undiscounted =
        updated(&with(edited(), &[("/current_total_discounts", json!("0.00")), ("/current_subtotal_price", json!("79.00"))]));
    assert_eq!((undiscounted.adjustments.len(), undiscounted.totals.unwrap().subtotal.unwrap().amount), (0, 7900));
    let shipping = json!({ "shop_money": { "amount": "2.95", "currency_code": "EUR" } });
    assert_eq!(sums(&updated(&with(edited(), &[("/current_shipping_price_set", shipping)])))[2], Some(295));
}

#[test]
fn an_order_whose_money_goes_back_is_told_as_it_was_bought() {
    let bought = updated(&[]);
    for (status, amount) in [("success", "11.00"), ("pending", "11.00"), ("failure", "11.00"), ("success", "nonsense")] {
        let repayment = json!({ "kind": "refund", "status": status, "amount": amount, "currency": "EUR" });
        let goods = json!({ "line_item_id": 518_995_019, "quantity": 1 });
        let refund = json!([{ "id": 5, "transactions": [repayment], "refund_line_items": [goods] }]);
        let facts = updated(&with(edited(), &[("/refunds", refund)]));
        assert_eq!((facts.totals, facts.lines, facts.adjustments), (bought.totals, bought.lines.clone(), bought.adjustments.clone()));
    }
    let untold = updated(&with(edited(), &[("/current_total_price", Value::Null)]));
    assert_eq!((untold.totals, untold.lines), (bought.totals, bought.lines), "what an order is now is not told");
}

#[test]
fn an_order_that_was_edited_and_refunded_or_called_off_stays_as_it_is_known() {
    let removal = json!({ "id": 5, "transactions": [], "refund_line_items": [{ "line_item_id": 518_995_019, "quantity": 1 }] });
    let repayment = json!({ "id": 6, "transactions": [{ "kind": "refund", "status": "success", "amount": "10.56", "currency": "EUR" }] });
    for (what, more) in [
        ("the money of what was taken out went back", ("/refunds", json!([removal, repayment]))),
        ("it was cancelled", ("/cancelled_at", json!("2026-11-22T08:00:00Z"))),
        ("nothing is left of it", ("/line_items/0/current_quantity", json!(0))),
    ] {
        let facts = updated(&with(edited(), &[more]));
        assert_eq!((facts.totals, facts.lines.len(), facts.adjustments.len()), (None, 0, 0), "{what}");
        assert_eq!(facts.names.number.as_deref(), Some("1001"), "{what}");
    }
    assert_eq!(updated(&with(edited(), &[("/refunds", json!([repayment]))])).refunds.len(), 1);
}

#[test]
fn an_edited_order_is_told_in_its_customers_currency() {
    let name = "shopify-orders_create-presentment";
    let set = |shop: &str, customer: &str| {
        let money = |amount: &str, code: &str| json!({ "amount": amount, "currency_code": code });
        json!({ "shop_money": money(shop, "USD"), "presentment_money": money(customer, "EUR") })
    };
    let edits = [
        ("/line_items/1/current_quantity", json!(0)),
        ("/current_total_price", json!("88.00")),
        ("/current_total_price_set", set("88.00", "80.78")),
        ("/current_subtotal_price_set", set("77.40", "71.10")),
        ("/current_total_tax_set", set("5.15", "4.73")),
        ("/current_total_discounts_set", set("8.60", "7.90")),
    ];
    let facts = order(Source::Shopify, "orders/updated", changed(name, &edits));
    assert_eq!(facts.totals.unwrap().total.currency.code(), "EUR");
    assert_eq!(sums(&facts), [Some(8078), Some(7900), Some(495), Some(473)]);
    assert_eq!((facts.lines.len(), facts.adjustments[0].amount.to_string().as_str()), (1, "7.90 EUR"));
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
    assert!(of(&[("/transactions/0/amount", json!("0.00"))]).is_empty(), "nothing went back");
    assert_eq!(of(&[("/transactions", Value::Null)])[0].amount, None);
    let of = |total: &str| woo(&[("/refunds", json!([{ "id": 9, "total": total }]))]).refunds;
    assert_eq!((of("-5.00")[0].amount.unwrap().amount, of("0.00").len()), (500, 0));
    let charge = order(Source::Stripe, "", read("stripe-charge_refunded")).refunds;
    assert_eq!((charge[0].id.as_str(), charge[0].amount.unwrap().amount), ("ch_3Q9x:3950", 2950), "what is more than before");
}

#[test]
fn a_refund_of_stripe_is_told_once_it_succeeded() {
    let told = |name: &str, changes: &[(&str, Value)]| {
        let parsed = parse(Source::Stripe, "", changed(name, changes)).unwrap();
        assert_eq!(parsed.ignored, None);
        parsed.events.into_iter().flat_map(|event| refunds(event.kind)).collect::<Vec<_>>()
    };
    for topic in ["refund.created", "refund.updated", "refund.failed"] {
        let of = |status: Value| told("stripe-refund_created", &[("/type", json!(topic)), ("/data/object/status", status)]).len();
        assert_eq!((of(json!("succeeded")), of(Value::Null)), (1, 1), "{topic}");
        for status in ["pending", "requires_action", "failed", "canceled", "a_new_one"] {
            assert_eq!(of(json!(status)), 0, "{topic} {status}");
        }
    }
    let listed = |statuses: &[&str]| {
        let refund =
            |(place, status): (usize, &&str)| json!({ "id": format!("re_{place}"), "amount": 500, "currency": "eur", "status": status });
        let list: Vec<Value> = statuses.iter().enumerate().map(refund).collect();
        told("stripe-charge_refunded", &[("/data/object/refunds", json!({ "data": list }))])
    };
    assert_eq!(listed(&["succeeded", "pending"]), ["re_0"]);
    assert!(listed(&["pending", "failed"]).is_empty(), "the sum of the charge counts what is on its way");
}

fn refunds(kind: ShopEventKind) -> Vec<String> {
    match kind {
        ShopEventKind::OrderChanged(facts) => facts.refunds.into_iter().map(|refund| refund.id).collect(),
        kind @ (ShopEventKind::OrderPlaced(_) | ShopEventKind::OrderCancelled { .. } | ShopEventKind::ShipmentUpdated(_)) => {
            unreachable!("{kind:?}")
        }
    }
}

#[test]
fn a_payment_is_named_as_its_customer_knows_it() {
    assert_eq!(shopify(&[]).payment_method.as_deref(), Some("Shopify Payments"));
    let gateways = |names: Value| shopify(&[("/payment_gateway_names", names)]).payment_method;
    assert_eq!(gateways(json!(["gift_card", "shopify_payments"])).as_deref(), Some("Gift Card, Shopify Payments"));
    assert_eq!(gateways(json!(["paypal", "paypal", "", 7, null])).as_deref(), Some("Paypal, 7"));
    let many: Vec<String> = (0..500).map(|number| format!("gateway_{number}")).collect();
    assert!(gateways(json!(many)).unwrap().chars().count() <= 200);
    assert_eq!(gateways(json!([])), None);
    let card = json!({"credit_card_company": "Visa", "credit_card_number": "•••• •••• •••• 4242"});
    assert_eq!(shopify(&[("/payment_details", card)]).payment_method.as_deref(), Some("Visa 4242"));
    assert_eq!(stripe(&[]).payment_method.as_deref(), Some("Card"));
    assert_eq!(stripe(&[("/data/object/payment_method_types", json!(["card", "link"]))]).payment_method, None);
}

#[test]
fn what_is_added_to_an_order_stands_on_its_receipt() {
    let set = |amount: &str| json!({ "shop_money": { "amount": amount, "currency_code": "EUR" } });
    let facts = shopify(&[
        ("/total_tip_received", json!("2.00")),
        ("/original_total_duties_set", set("15.00")),
        ("/original_total_additional_fees_set", set("0.00")),
    ]);
    let added: Vec<(&str, i64)> =
        facts.adjustments.iter().filter(|it| it.amount.amount < 0).map(|it| (it.name.as_str(), it.amount.amount)).collect();
    assert_eq!(added, [("Tip", -200), ("Duties", -1500)]);
}

#[test]
fn a_tip_that_is_told_in_the_shops_currency_only_is_not_left_out() {
    let changes = [("/total_tip_received", json!("5.25"))];
    let facts = order(Source::Shopify, "orders/create", changed("shopify-orders_create-presentment", &changes));
    let total = facts.totals.unwrap().total;
    let tip = facts.adjustments.iter().find(|adjustment| adjustment.name == "Tip").unwrap();
    assert_eq!(tip.amount.currency, total.currency);
}

#[test]
fn a_discount_is_not_called_by_the_code_of_a_part_of_it() {
    let codes = json!([{ "code": "SHIPFREE", "amount": "4.00", "type": "shipping" }]);
    let facts = shopify(&[("/discount_codes", codes), ("/total_discounts", json!("7.78"))]);
    let names: Vec<&str> = facts.adjustments.iter().map(|adjustment| adjustment.name.as_str()).collect();
    assert_eq!(names, ["Discount"]);
}

#[test]
fn a_buyer_whom_a_checkout_names_elsewhere_is_found() {
    let facts = stripe(&[
        ("/data/object/customer_details/name", Value::Null),
        ("/data/object/collected_information", json!({ "individual_name": "Mia Keller" })),
        ("/data/object/shipping_details", Value::Null),
    ]);
    assert_eq!(facts.buyer.name.as_deref(), Some("Mia Keller"));
}
