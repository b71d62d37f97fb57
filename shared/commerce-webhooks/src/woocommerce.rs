//! WooCommerce: orders, and the parcels of the Shipment Tracking plugin.
//!
//! <https://woocommerce.com/document/webhooks/>, <https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties>,
//! <https://woocommerce.com/document/shipment-tracking/>

use domain::money::{Currency, Money};
use domain::order::{Adjustment, Buyer, OrderFacts, OrderLine, OrderNames, Refund, ShipmentFacts, Totals};
use domain::parcel::ParcelStatus;
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEvent, ShopEventKind, Source};
use domain::time::Timestamp;

use crate::delivery::{ParseError, Parsed};
use crate::event::{MOST, MOST_LINES, event, line_as_one, line_of_all};
use crate::html;
use crate::json::Object;
use crate::passed;
use crate::signature::{Headers, Label, SignatureError, base64_of_body};
use crate::words::{self, NAME, Parts, TEXT};

/// The key under which the Shipment Tracking plugin keeps parcels. Unconfirmed: the plugin's pages do not show it, its code does.
const PARCELS: &str = "_wc_shipment_tracking_items";

/// Tells whether a call is the ping of a webhook that was just saved: a form with its number and nothing else. It may be unsigned
/// (unconfirmed), and it tells nothing.
#[must_use]
pub fn is_ping(source: Source, body: &[u8]) -> bool {
    let number = body.strip_prefix(b"webhook_id=").unwrap_or_default();
    source == Source::Woocommerce && (1..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
}

/// The base64 of an HMAC-SHA256 over the body, keyed by the webhook's secret.
pub(crate) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8]) -> Result<Label, SignatureError> {
    base64_of_body(secrets, headers, &["x-wc-webhook-signature"], body)?;
    Ok(Label {
        topic: headers.name(&["x-wc-webhook-topic"])?,
        shop: headers.name(&["x-wc-webhook-source"])?.as_deref().and_then(words::host),
        delivery_id: headers.name(&["x-wc-webhook-delivery-id"])?,
    })
}

pub(crate) fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    let topic = delivery.topic.as_deref().ok_or(ParseError::NoTopic)?;
    match topic {
        "order.created" | "order.updated" => {
            let order = Object::parse(&delivery.body).ok_or(ParseError::NoObject)?;
            order_told(delivery, &order).map(Parsed::from)
        }
        _ => Ok(Parsed::ignoring(topic)),
    }
}

/// An order as it is now, and its parcels. It is a purchase once the shop works on it: `pending` and `on-hold` wait for money.
fn order_told(delivery: &ShopDelivery, order: &Object<'_>) -> Result<Vec<ShopEvent>, ParseError> {
    let status = order.text("status").ok_or(ParseError::Lacks("status"))?;
    // With the prefix that the shop's own database has.
    let status = status.strip_prefix("wc-").unwrap_or(&status);
    let names = names(order)?;
    let kind = match status {
        "processing" | "completed" => ShopEventKind::OrderPlaced(Box::new(facts(order, names.clone()))),
        "cancelled" => ShopEventKind::OrderCancelled { order: names.clone(), reason: None, refunds: refunds(order) },
        _ => ShopEventKind::OrderChanged(Box::new(facts(order, names.clone()))),
    };
    let at = moment(order, "date_modified").or_else(|| moment(order, "date_created"));
    let shop = delivery.shop.as_deref().unwrap_or_default();
    let parcels = if status == "cancelled" { Vec::new() } else { parcels(order, &names) };
    let parcel = |(facts, shipped_at): (ShipmentFacts, Option<Timestamp>)| {
        event(delivery, shop, shipped_at.or(at), ShopEventKind::ShipmentUpdated(Box::new(facts)))
    };
    Ok(std::iter::once(event(delivery, shop, at, kind)).chain(parcels.into_iter().map(parcel)).collect())
}

/// Returns a moment by its name with `_gmt`: the one without is in the shop's own time.
fn moment(order: &Object<'_>, key: &str) -> Option<Timestamp> {
    order.moment(&format!("{key}_gmt"))
}

fn names(order: &Object<'_>) -> Result<OrderNames, ParseError> {
    let external_id = order.id("id");
    let number = order.text("number").as_deref().and_then(words::number).or_else(|| external_id.clone());
    let names = OrderNames { number, external_id };
    if names == OrderNames::default() { Err(ParseError::Lacks("id")) } else { Ok(names) }
}

fn facts(order: &Object<'_>, names: OrderNames) -> OrderFacts {
    let currency = order.currency("currency");
    OrderFacts {
        names,
        placed_at: moment(order, "date_created"),
        totals: currency.and_then(|currency| totals(order, currency)),
        adjustments: currency.map(|currency| adjustments(order, currency)).unwrap_or_default(),
        lines: currency.map(|currency| lines(order, currency)).unwrap_or_default(),
        payment_method: title(order, "payment_method_title"),
        merchant: None,
        // The API names the page on which an order is paid, and none on which it is looked at.
        url: None,
        address: ["shipping", "billing"].iter().find_map(|key| address(&order.part(key)?)),
        buyer: buyer(order),
        refunds: refunds(order),
    }
}

fn totals(order: &Object<'_>, currency: Currency) -> Option<Totals> {
    let of_lines = order.list("line_items").into_iter().map(|line| line.amount("subtotal", currency));
    Some(Totals {
        total: order.amount("total", currency)?,
        // Of the goods before discounts, which are told beside it.
        subtotal: of_lines.reduce(|sum, amount| sum?.plus(amount?)).flatten(),
        shipping: order.amount("shipping_total", currency),
        tax: order.amount("total_tax", currency),
    })
}

/// The discount by the names of its coupons, and fees: they take off less than nothing.
fn adjustments(order: &Object<'_>, currency: Currency) -> Vec<Adjustment> {
    let codes: Vec<String> = order.list("coupon_lines").iter().take(MOST).filter_map(|coupon| title(coupon, "code")).collect();
    let discount = order.amount("discount_total", currency).filter(|discount| discount.amount > 0);
    let name = words::clean(&codes.join(", "), NAME).unwrap_or_else(|| "Discount".into());
    let discount = discount.map(|amount| Adjustment { name, amount });
    let fee = |fee: Object<'_>| {
        let amount = fee.amount("total", currency).filter(|total| total.amount != 0)?;
        let name = title(&fee, "name").unwrap_or_else(|| "Fee".into());
        Some(Adjustment { name, amount: Money::new(-amount.amount, currency) })
    };
    discount.into_iter().chain(order.list("fee_lines").into_iter().filter_map(fee)).take(MOST).collect()
}

/// The price of a piece is a float with as many digits as it takes; the sum of the line is money. Plugins sell parts of a piece: 2.5 metres.
fn lines(order: &Object<'_>, currency: Currency) -> Vec<OrderLine> {
    let line = |line: Object<'_>| {
        let all = line.amount("subtotal", currency).or_else(|| line.amount("total", currency))?;
        let image_url = line.part("image").and_then(|image| image.url("src"));
        let (title, subtitle, count) = (title(&line, "name")?, variant(&line), line.count("quantity")?);
        Some(match count.parse() {
            Ok(quantity) => line_of_all(title, subtitle, quantity, all, image_url),
            Err(_) => line_as_one(title, subtitle, &count, all, image_url),
        })
    };
    order.list("line_items").into_iter().filter_map(line).take(MOST_LINES).collect()
}

/// A text that the shop shows as a part of its pages.
fn title(object: &Object<'_>, key: &str) -> Option<String> {
    words::clean(&html::plain(&object.words(key, TEXT)?), NAME)
}

/// What was chosen of a product: the values that the shop shows. What is formatted is none.
fn variant(line: &Object<'_>) -> Option<String> {
    let shown = line.list("meta_data").into_iter().take(MOST).filter(|meta| meta.text("key").is_none_or(|key| !key.starts_with('_')));
    let values: Vec<String> = shown
        .filter(|meta| meta.text("display_value").is_some_and(|value| !value.contains('<')))
        .filter_map(|meta| title(&meta, "display_value"))
        .collect();
    words::clean(&values.join(", "), NAME)
}

/// Money that went back. A refund of nothing only puts goods back.
fn refunds(order: &Object<'_>) -> Vec<Refund> {
    let currency = order.currency("currency");
    let refund = |refund: Object<'_>| {
        let amount = currency.and_then(|currency| refund.amount("total", currency));
        let id = refund.id("id").filter(|_| amount.is_none_or(|amount| amount.amount != 0))?;
        Some(Refund { id, amount: amount.map(|amount| Money::new(amount.amount.abs(), amount.currency)) })
    };
    order.list("refunds").into_iter().filter_map(refund).take(MOST).collect()
}

fn address(address: &Object<'_>) -> Option<domain::order::Address> {
    let words = |key: &str| address.words(key, NAME);
    let (street_1, street_2, city) = (words("address_1"), words("address_2"), words("city"));
    Parts { street_1, street_2, city, postal_code: words("postcode"), state: words("state"), country: words("country") }.address()
}

fn buyer(order: &Object<'_>) -> Buyer {
    let people: Vec<Object<'_>> = ["shipping", "billing"].iter().filter_map(|key| order.part(key)).collect();
    let name = |person: &Object<'_>| words::joined([person.words("first_name", NAME), person.words("last_name", NAME)]);
    let mut buyer = Buyer {
        name: people.iter().find_map(name),
        email: people.iter().rev().find_map(|person| words::email(&person.text("email")?)),
        phone: people.iter().rev().find_map(|person| person.words("phone", NAME)),
        // Zero is a guest.
        customer_id: order.id("customer_id"),
        locale: meta(order, "locale").and_then(|locale| words::locale(&locale)),
        ..Buyer::default()
    };
    passed::along(&mut buyer, |key| meta(order, key));
    buyer
}

/// What stands under a key of the order's own data, or under the key with `_` before it, which hides it in the shop's pages.
fn meta(order: &Object<'_>, key: &str) -> Option<String> {
    let is_key = |meta: &Object<'_>| meta.text("key").is_some_and(|known| known.strip_prefix('_').unwrap_or(&known) == key);
    order.list("meta_data").into_iter().rev().find(is_key)?.text("value")
}

/// The parcels of the plugin, with the moment at which each was shipped. It knows no more of them than that.
fn parcels(order: &Object<'_>, names: &OrderNames) -> Vec<(ShipmentFacts, Option<Timestamp>)> {
    let found = order.list("meta_data").into_iter().rev().find(|meta| meta.text("key").as_deref() == Some(PARCELS));
    let items = found.map(|meta| meta.list_of_php("value")).unwrap_or_default();
    items.into_iter().filter_map(|item| parcel(&item, names)).take(MOST).collect()
}

fn parcel(item: &Object<'_>, names: &OrderNames) -> Option<(ShipmentFacts, Option<Timestamp>)> {
    let number = item.words("tracking_number", NAME)?;
    let order = names.external_id.as_deref().or(names.number.as_deref()).unwrap_or_default();
    let facts = ShipmentFacts {
        order: names.clone(),
        external_id: item.id("tracking_id").unwrap_or_else(|| format!("{order}-{number}")),
        tracking_number: Some(number),
        tracking_url: ["custom_tracking_link", "tracking_link", "formatted_tracking_link"].iter().find_map(|key| item.url(key)),
        carrier: ["custom_tracking_provider", "tracking_provider", "formatted_tracking_provider"]
            .iter()
            .find_map(|key| item.words(key, TEXT))
            .and_then(|carrier| words::clean(&carrier, NAME)),
        status: ParcelStatus::InTransit,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    // Seconds, or a day.
    let shipped_on = || words::day(&item.text("date_shipped")?).and_then(|day| words::moment(&format!("{day}T00:00:00Z")));
    Some((facts, item.seconds("date_shipped").or_else(shipped_on)))
}
