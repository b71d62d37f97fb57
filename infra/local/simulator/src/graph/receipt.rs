//! The receipt template.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/receipt>

use super::shape::{Checked, Fields};

const ELEMENTS: usize = 100;

/// Adjustments have no documented limit; this keeps a slip of the pen out.
const ADJUSTMENTS: usize = 100;

/// Checks a receipt; gives its order number.
pub(crate) fn check(payload: &Fields<'_>) -> Checked<String> {
    payload.text("recipient_name", usize::MAX)?;
    let order_number = payload.text("order_number", usize::MAX)?;
    currency(payload)?;
    payload.text("payment_method", usize::MAX)?;
    payload.optional_text("merchant_name", usize::MAX)?;
    if payload.has("order_url") {
        payload.url("order_url")?;
    }
    timestamp(payload)?;
    summary(payload)?;
    address(payload)?;
    for adjustment in payload.objects("adjustments", 0, ADJUSTMENTS)? {
        adjustment.text("name", usize::MAX)?;
        adjustment.number("amount")?;
    }
    for element in payload.objects("elements", 0, ELEMENTS)? {
        element.text("title", usize::MAX)?;
        element.number("price")?;
        for number in ["quantity"].into_iter().filter(|key| element.has(key)) {
            element.number(number)?;
        }
        if element.has("currency") {
            currency(&element)?;
        }
    }
    Ok(order_number.to_owned())
}

/// ISO 4217, as `EUR`.
fn currency(fields: &Fields<'_>) -> Checked<()> {
    let currency = fields.text("currency", 3)?;
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(()) } else { Err(fields.wrong("currency", "is no ISO 4217 code")) }
}

/// Seconds since 1970, as a string.
fn timestamp(payload: &Fields<'_>) -> Checked<()> {
    let timestamp = payload.optional_text("timestamp", usize::MAX)?;
    let is_seconds = timestamp.is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    if is_seconds { Ok(()) } else { Err(payload.wrong("timestamp", "is no number of seconds")) }
}

fn summary(payload: &Fields<'_>) -> Checked<()> {
    let summary = payload.object("summary")?;
    summary.number("total_cost")?;
    for key in ["subtotal", "shipping_cost", "total_tax"].into_iter().filter(|key| summary.has(key)) {
        summary.number(key)?;
    }
    Ok(())
}

fn address(payload: &Fields<'_>) -> Checked<()> {
    let Some(address) = payload.optional_object("address")? else { return Ok(()) };
    for key in ["street_1", "city", "postal_code", "state"] {
        address.text(key, usize::MAX)?;
    }
    let country = address.text("country", 2)?;
    if country.len() == 2 { Ok(()) } else { Err(address.wrong("country", "is not two letters")) }
}
