use domain::content::Receipt;
use domain::id::{PageId, UserId};
use domain::money::{Currency, Money};
use domain::order::{Address, Adjustment, OrderLine, Totals};
use domain::time::Timestamp;

use super::*;

fn payload(name: &str) -> Value {
    let path = format!("{}/../../tests/payloads/graph/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn written(content: Sendable<'_>, way: Way, metadata: &str) -> Value {
    let (page, user) = (PageId::new("108234567890123").unwrap(), UserId::new("7402918836412905").unwrap());
    body(&SendRequest { page: &page, user: &user, content, way, metadata })
}

/// The same JSON with every number as text: `10` and `10.0` are one number.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string().trim_end_matches(".0").to_owned()),
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

fn money(text: &str, code: &str) -> Money {
    Money::from_decimal(text, Currency::parse(code).unwrap()).unwrap()
}

/// The order of Meta's sample.
fn receipt() -> Receipt {
    let euros = |text| money(text, "EUR");
    Receipt {
        recipient_name: "Mia Keller".into(),
        merchant_name: Some("Lamp Shop".into()),
        order_number: "20418".into(),
        payment_method: "Visa 2345".into(),
        order_url: Some("https://shop.example/o/20418".into()),
        placed_at: Timestamp::from_millis(1_795_255_200_000),
        lines: vec![OrderLine {
            title: "Brass lamp".into(),
            subtitle: Some("40 cm".into()),
            quantity: 2,
            price: euros("40.50"),
            image_url: Some("https://shop.example/lamp.png".into()),
        }],
        address: Some(Address {
            street_1: "Torstr. 1".into(),
            street_2: None,
            city: "Berlin".into(),
            postal_code: "10119".into(),
            state: "BE".into(),
            country: "de".into(),
        }),
        totals: Totals { total: euros("91.34"), subtotal: Some(euros("81.00")), shipping: Some(euros("4.95")), tax: Some(euros("15.39")) },
        adjustments: vec![Adjustment { name: "New customer".into(), amount: euros("10.00") }],
    }
}

fn receipt_body(receipt: Receipt) -> Value {
    written(Sendable::Content(&Content::Receipt(Box::new(receipt))), Way::Response, "receipt:20418")
}

#[test]
fn a_receipt_is_written_as_documented() {
    assert_eq!(plain(receipt_body(receipt())), plain(payload("request-receipt")));
}

#[test]
fn amounts_are_written_to_the_minor_unit_in_every_currency() {
    for (amount, code, expected) in [
        ("91.34", "EUR", "91.34"),
        ("0.05", "EUR", "0.05"),
        ("0.10", "EUR", "0.1"),
        ("1200", "JPY", "1200"),
        ("12.345", "KWD", "12.345"),
        ("0.001", "KWD", "0.001"),
        ("9999999999.99", "USD", "9999999999.99"),
        ("999999999.999", "KWD", "999999999.999"),
        ("-4.20", "EUR", "-4.2"),
    ] {
        let total = money(amount, code);
        let totals = Totals { total, subtotal: None, shipping: None, tax: None };
        let body = receipt_body(Receipt { totals, lines: Vec::new(), adjustments: Vec::new(), ..receipt() });
        let payload = &body["message"]["attachment"]["payload"];
        assert_eq!(payload["summary"].to_string(), format!(r#"{{"total_cost":{expected}}}"#));
        assert_eq!((&payload["currency"], payload.get("adjustments")), (&Value::from(code), None));
    }
}

#[test]
fn an_address_that_lacks_something_is_left_out_and_too_many_lines_are_cut() {
    let mut receipt = receipt();
    let line = receipt.lines[0].clone();
    receipt.lines = vec![line; 130];
    for spoil in [|address: &mut Address| address.country = "Germany".into(), |address: &mut Address| address.state = " ".into()] {
        let mut spoilt = receipt.clone();
        spoilt.address.iter_mut().for_each(spoil);
        let body = receipt_body(spoilt);
        let payload = &body["message"]["attachment"]["payload"];
        assert_eq!((payload.get("address"), payload["elements"].as_array().map(Vec::len)), (None, Some(100)));
    }
}

fn shipped() -> UtilityMessage {
    let parameters = [("customer_name", "Mia"), ("order_id", "20418"), ("carrier", "DHL")];
    UtilityMessage {
        template: "order_shipped_v1".into(),
        language: "en".into(),
        parameters: parameters.map(|(name, text)| (name.into(), text.into())).to_vec(),
        url_suffix: Some("20418".into()),
    }
}

#[test]
fn a_utility_message_is_written_as_documented_and_can_be_told_by_its_echo() {
    let mut body = written(Sendable::Utility(&shipped()), Way::Utility, "msg_1");
    assert_eq!(body["message"].as_object_mut().unwrap().remove("metadata"), Some("msg_1".into()));
    assert_eq!(body, payload("request-utility_send"));
}

#[test]
fn a_template_without_blanks_or_button_has_no_components_for_them() {
    let bare = UtilityMessage { parameters: Vec::new(), url_suffix: None, ..shipped() };
    let body = written(Sendable::Utility(&bare), Way::Utility, "msg_1");
    assert_eq!(body["message"]["template"]["components"], json!([]));
}

#[test]
fn a_text_with_buttons_stays_within_the_templates_limits() {
    let button = |number| LinkButton {
        title: format!("Παρακολούθηση πακέτου {number}"), url: format!("https://shop.example/{number}")
    };
    let content = Content::Buttons { text: "👍🏽".repeat(500), buttons: (0..5).map(button).collect() };
    let body = written(Sendable::Content(&content), Way::Response, "msg_1");
    let payload = &body["message"]["attachment"]["payload"];
    assert_eq!((&payload["template_type"], payload["buttons"].as_array().unwrap().len()), (&"button".into(), 3));
    let units = |value: &Value| value.as_str().unwrap().encode_utf16().count();
    assert!(units(&payload["text"]) <= 640 && payload["text"].as_str().unwrap().ends_with("👍🏽…"));
    assert_eq!(payload["buttons"][0], json!({"type": "web_url", "title": "Παρακολούθηση…", "url": "https://shop.example/0"}));
}

#[test]
fn without_buttons_it_is_a_text() {
    let content = Content::Buttons { text: "It is here.".into(), buttons: Vec::new() };
    let body = written(Sendable::Content(&content), Way::Response, "msg_1");
    assert_eq!(body["message"], json!({"text": "It is here.", "metadata": "msg_1"}));
}
