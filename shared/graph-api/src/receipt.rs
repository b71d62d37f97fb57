//! The receipt template.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/receipt>

use domain::content::Receipt;
use domain::money::Money;
use domain::order::{Address, Adjustment, OrderLine};
use serde_json::{Map, Number, Value, json};

/// More lines than this are refused; the sums are of the whole order all the same.
const MOST_ELEMENTS: usize = 100;

/// Writes what stands under `payload`. What is not there is absent.
pub(crate) fn payload(receipt: &Receipt) -> Value {
    let totals = &receipt.totals;
    let mut payload = Map::from_iter([
        entry("template_type", "receipt"),
        entry("recipient_name", receipt.recipient_name.as_str()),
        entry("order_number", receipt.order_number.as_str()),
        entry("currency", totals.total.currency.code()),
        entry("payment_method", receipt.payment_method.as_str()),
        // Seconds, as a text.
        entry("timestamp", (receipt.placed_at.as_millis() / 1000).to_string()),
        entry("elements", receipt.lines.iter().take(MOST_ELEMENTS).map(element).collect::<Vec<_>>()),
    ]);
    payload.extend(receipt.merchant_name.as_deref().map(|name| entry("merchant_name", name)));
    payload.extend(receipt.order_url.as_deref().map(|url| entry("order_url", url)));
    payload.extend(receipt.address.as_ref().and_then(address).map(|address| entry("address", address)));
    let sums =
        [("subtotal", totals.subtotal), ("shipping_cost", totals.shipping), ("total_tax", totals.tax), ("total_cost", Some(totals.total))];
    let summary = sums.into_iter().filter_map(|(name, sum)| sum.map(|sum| entry(name, number(sum))));
    payload.insert("summary".into(), Value::Object(summary.collect()));
    if !receipt.adjustments.is_empty() {
        payload.extend([entry("adjustments", receipt.adjustments.iter().map(adjustment).collect::<Vec<_>>())]);
    }
    Value::Object(payload)
}

fn entry(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

fn element(line: &OrderLine) -> Value {
    let mut element = Map::from_iter([
        entry("title", line.title.as_str()),
        entry("quantity", line.quantity),
        entry("price", number(line.price)),
        entry("currency", line.price.currency.code()),
    ]);
    element.extend(line.subtitle.as_deref().map(|subtitle| entry("subtitle", subtitle)));
    element.extend(line.image_url.as_deref().map(|url| entry("image_url", url)));
    Value::Object(element)
}

fn adjustment(adjustment: &Adjustment) -> Value {
    json!({ "name": adjustment.name, "amount": number(adjustment.amount) })
}

/// An address is wanted whole or not at all: one that lacks something would cost the customer the receipt.
fn address(address: &Address) -> Option<Value> {
    let wanted = [&address.street_1, &address.city, &address.postal_code, &address.state];
    let is_country = address.country.len() == 2 && address.country.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_whole = is_country && wanted.iter().all(|field| !field.trim().is_empty());
    is_whole.then(|| {
        json!({
            "street_1": address.street_1,
            "street_2": address.street_2.as_deref().unwrap_or_default(),
            "city": address.city,
            "postal_code": address.postal_code,
            "state": address.state,
            "country": address.country.to_ascii_uppercase(),
        })
    })
}

/// The number that an amount's digits spell, read and not computed.
fn number(money: Money) -> Value {
    money.to_decimal().parse::<Number>().map_or(Value::Null, Value::Number)
}
