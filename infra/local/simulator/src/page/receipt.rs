//! A receipt, drawn as a receipt.

use maud::{Markup, html};
use serde_json::Value;

use super::bubble::link;

/// Draws the payload of a receipt template.
pub(crate) fn draw(payload: &Value) -> Markup {
    let currency = text(payload, "currency");
    let summary = payload.get("summary").unwrap_or(&Value::Null);
    html! {
        div.card.receipt data-testid="receipt" data-order=(text(payload, "order_number")) {
            h3 { @if text(payload, "merchant_name").is_empty() { "Receipt" } @else { (text(payload, "merchant_name")) } }
            p.subtitle { "Order " (text(payload, "order_number")) " for " (text(payload, "recipient_name")) }
            ul { @for element in list(payload, "elements") { (line(element, currency)) } }
            dl {
                @for (key, name) in [("subtotal", "Subtotal"), ("shipping_cost", "Shipping"), ("total_tax", "Tax")] {
                    (sum(summary.get(key), name, currency))
                }
                @for adjustment in list(payload, "adjustments") {
                    dt { (text(adjustment, "name")) } dd { "−" (money(adjustment.get("amount"), currency)) }
                }
                dt.total { "Total" } dd.total data-testid="receipt-total" { (money(summary.get("total_cost"), currency)) }
            }
            p.subtitle { "Paid with " (text(payload, "payment_method")) }
            @if let Some(address) = payload.get("address") { (place(address)) }
            @if !text(payload, "order_url").is_empty() { p.button { (link(text(payload, "order_url"), "Order details")) } }
        }
    }
}

fn line(element: &Value, of_order: &str) -> Markup {
    let currency = Some(text(element, "currency")).filter(|currency| !currency.is_empty()).unwrap_or(of_order);
    html! {
        li {
            span {
                (text(element, "title"))
                @if let Some(quantity) = element.get("quantity") { " × " (quantity) }
                @if !text(element, "subtitle").is_empty() { small { (text(element, "subtitle")) } }
            }
            span { (money(element.get("price"), currency)) }
        }
    }
}

fn sum(value: Option<&Value>, name: &str, currency: &str) -> Markup {
    html! { @if value.is_some() { dt { (name) } dd { (money(value, currency)) } } }
}

fn place(address: &Value) -> Markup {
    html! {
        address {
            @for key in ["street_1", "street_2"] { @if !text(address, key).is_empty() { (text(address, key)) br; } }
            (text(address, "postal_code")) " " (text(address, "city")) br;
            (text(address, "state")) ", " (text(address, "country"))
        }
    }
}

/// An amount with two decimals, as Messenger shows it.
fn money(amount: Option<&Value>, currency: &str) -> String {
    amount.and_then(Value::as_f64).map(|amount| format!("{amount:.2} {currency}")).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
