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

/// An amount as it was sent, with the decimals of its currency at least. Nothing is rounded: what is wrong shall look wrong.
fn money(amount: Option<&Value>, currency: &str) -> String {
    amount.and_then(Value::as_f64).map(|amount| format!("{} {currency}", padded(amount, decimals(currency)))).unwrap_or_default()
}

/// Writes the shortest digits that mean this number, which are those that were sent, and zeros behind them up to `decimals`.
fn padded(amount: f64, decimals: usize) -> String {
    let digits = amount.to_string();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if fraction.is_empty() && decimals == 0 { digits } else { format!("{whole}.{fraction:0<decimals$}") }
}

/// How many decimals an amount has by ISO 4217.
fn decimals(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF"
        | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        let cases = [
            (json!(91.34), "EUR", "91.34 EUR"),
            (json!(40.5), "EUR", "40.50 EUR"),
            (json!(10), "EUR", "10.00 EUR"),
            (json!(13_600.0), "JPY", "13600 JPY"),
            (json!(13_600), "KRW", "13600 KRW"),
            (json!(28.156), "KWD", "28.156 KWD"),
            (json!(12.5), "TND", "12.500 TND"),
            (json!(-0.5), "BHD", "-0.500 BHD"),
            (json!(0), "JPY", "0 JPY"),
        ];
        for (amount, currency, shown) in cases {
            assert_eq!(money(Some(&amount), currency), shown);
        }
    }

    #[test]
    fn an_amount_with_too_many_decimals_is_not_rounded() {
        assert_eq!(money(Some(&json!(91.345)), "EUR"), "91.345 EUR");
        assert_eq!(money(Some(&json!(136.5)), "JPY"), "136.5 JPY");
    }
}
