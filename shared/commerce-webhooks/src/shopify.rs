//! Shopify: orders, refunds and fulfillments.
//!
//! <https://shopify.dev/docs/apps/build/webhooks/verify-deliveries>, <https://shopify.dev/docs/api/webhooks>,
//! <https://shopify.dev/docs/api/admin-rest/latest/resources/order>

use std::collections::BTreeMap;

use domain::money::{Currency, Money};
use domain::order::{Adjustment, Buyer, OrderFacts, OrderLine, OrderNames, Refund, ShipmentFacts, Totals};
use domain::parcel::ParcelStatus;
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEvent, ShopEventKind};

use crate::delivery::{ParseError, Parsed};
use crate::event::{MOST, MOST_LINES, event};
use crate::json::Object;
use crate::passed;
use crate::signature::{Headers, Label, SignatureError, base64_of_body};
use crate::words::{self, NAME, Parts, TEXT};

/// The base64 of an HMAC-SHA256 over the body, keyed by the app's client secret. The names without `X-` are those of the preview of "Events".
pub(crate) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8]) -> Result<Label, SignatureError> {
    base64_of_body(secrets, headers, &["x-shopify-hmac-sha256", "shopify-hmac-sha256"], body)?;
    Ok(Label {
        topic: headers.name(&["x-shopify-topic", "shopify-topic"])?,
        shop: headers.name(&["x-shopify-shop-domain", "shopify-shop-domain"])?.map(|shop| shop.to_ascii_lowercase()),
        delivery_id: headers.name(&["x-shopify-webhook-id", "shopify-webhook-id"])?,
    })
}

pub(crate) fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    let topic = delivery.topic.as_deref().ok_or(ParseError::NoTopic)?;
    let told = match topic {
        "orders/create" | "orders/paid" => placed,
        "orders/updated" => changed,
        "orders/cancelled" => cancelled,
        "orders/fulfilled" | "orders/partially_fulfilled" => fulfilled,
        "refunds/create" => refunded,
        "fulfillments/create" | "fulfillments/update" => fulfillment,
        // Among them customers/redact, customers/data_request and shop/redact: what is known of a person is deleted by the customer's own
        // request at Meta or by an operator.
        _ => return Ok(Parsed::ignoring(topic)),
    };
    told(delivery, &Object::parse(&delivery.body).ok_or(ParseError::NoObject)?).map(Parsed::from)
}

type Told = Result<Vec<ShopEvent>, ParseError>;

/// A purchase, unless the payment was taken back or the order called off before we heard of it. `pending` and `authorized` are payments that
/// the shop waits for.
fn placed(delivery: &ShopDelivery, order: &Object<'_>) -> Told {
    if is_off(order) { changed(delivery, order) } else { of_order(delivery, order, ShopEventKind::OrderPlaced) }
}

fn is_off(order: &Object<'_>) -> bool {
    let status = order.text("financial_status");
    order.has("cancelled_at") || matches!(status.as_deref(), Some("voided" | "refunded" | "expired"))
}

fn changed(delivery: &ShopDelivery, order: &Object<'_>) -> Told {
    of_order(delivery, order, ShopEventKind::OrderChanged)
}

fn of_order(delivery: &ShopDelivery, order: &Object<'_>, kind: fn(Box<OrderFacts>) -> ShopEventKind) -> Told {
    let facts = facts(order)?;
    Ok(vec![event(delivery, shop(delivery), updated_at(order), kind(Box::new(facts)))])
}

fn cancelled(delivery: &ShopDelivery, order: &Object<'_>) -> Told {
    let kind = ShopEventKind::OrderCancelled {
        order: names(order)?,
        reason: order.words("cancel_reason", TEXT),
        refunds: order.list("refunds").iter().take(MOST).filter_map(refund).collect(),
    };
    Ok(vec![event(delivery, shop(delivery), order.moment("cancelled_at").or_else(|| updated_at(order)), kind)])
}

/// `refunds/create` names its order by id only.
fn refunded(delivery: &ShopDelivery, refunded: &Object<'_>) -> Told {
    let external_id = refunded.id("order_id").ok_or(ParseError::Lacks("order_id"))?;
    refunded.id("id").ok_or(ParseError::Lacks("id"))?;
    let names = OrderNames { number: None, external_id: Some(external_id) };
    let facts = OrderFacts { names, refunds: refund(refunded).into_iter().collect(), ..OrderFacts::default() };
    let at = refunded.moment("processed_at").or_else(|| refunded.moment("created_at"));
    Ok(vec![event(delivery, shop(delivery), at, ShopEventKind::OrderChanged(Box::new(facts)))])
}

/// The whole order, with its fulfillments inside.
fn fulfilled(delivery: &ShopDelivery, order: &Object<'_>) -> Told {
    let names = names(order)?;
    let parcels = order.list("fulfillments").into_iter().take(MOST).filter(|fulfillment| fulfillment.id("id").is_some());
    let events = parcels.map(|fulfillment| parcels_of(delivery, &fulfillment, &names)).collect::<Result<Vec<_>, _>>()?;
    Ok(events.into_iter().flatten().take(MOST).collect())
}

/// A fulfillment by itself, which names its order by id, and by its own name as far as that is plain.
fn fulfillment(delivery: &ShopDelivery, fulfillment: &Object<'_>) -> Told {
    let number = fulfillment.text("name").as_deref().and_then(number_in_name);
    let names = OrderNames { number, external_id: fulfillment.id("order_id") };
    if names == OrderNames::default() {
        return Err(ParseError::Lacks("order_id"));
    }
    parcels_of(delivery, fulfillment, &names)
}

/// Returns the number of the order in the name of a fulfillment, which counts behind it: `#1001.1`, `#1001-F1`. Of any other name no part is
/// taken: a number that is none of the shop's would be an order of its own.
fn number_in_name(name: &str) -> Option<String> {
    let of_order = |(order, counter): (&str, &str)| {
        let is_counter = !counter.is_empty() && counter.bytes().all(|byte| byte.is_ascii_digit());
        is_counter.then(|| words::number(order)).flatten()
    };
    let name = name.trim();
    let is_number = name.trim_start_matches('#').bytes().all(|byte| byte.is_ascii_digit());
    let counted = || name.rsplit_once('.').and_then(of_order).or_else(|| name.rsplit_once("-F").and_then(of_order));
    if is_number { words::number(name) } else { counted() }
}

/// One parcel for each tracking number. The first keeps the id of the fulfillment, so that it stays itself when numbers come later.
fn parcels_of(delivery: &ShopDelivery, fulfillment: &Object<'_>, order: &OrderNames) -> Told {
    let id = fulfillment.id("id").ok_or(ParseError::Lacks("id"))?;
    let several = |many: &str, one: &str| -> Vec<String> {
        let many = fulfillment.texts(many);
        if many.is_empty() { fulfillment.text(one).into_iter().collect() } else { many }
    };
    let (numbers, urls) = (several("tracking_numbers", "tracking_number"), several("tracking_urls", "tracking_url"));
    let (status, is_late) = status(fulfillment, numbers.iter().any(|number| words::id(number).is_some()));
    let parcels = numbers.len().clamp(1, MOST);
    let parcel = |index: usize| ShipmentFacts {
        order: order.clone(),
        external_id: if index == 0 { id.clone() } else { format!("{id}.{}", index + 1) },
        tracking_number: numbers.get(index).and_then(|number| words::clean(number, NAME)),
        tracking_url: urls.get(index).and_then(|url| words::url(url)),
        carrier: fulfillment.words("tracking_company", NAME),
        status,
        detail: fulfillment.words("shipment_status", NAME),
        is_late,
        expected_on: fulfillment.text("estimated_delivery_at").and_then(|text| words::day(&text)),
    };
    let told = |facts| event(delivery, shop(delivery), updated_at(fulfillment), ShopEventKind::ShipmentUpdated(Box::new(facts)));
    Ok((0..parcels).map(parcel).map(told).collect())
}

/// Where the parcel is, and whether it is late. `success` is all that the shop has to do: with a tracking number the parcel is on its way.
fn status(fulfillment: &Object<'_>, is_tracked: bool) -> (ParcelStatus, bool) {
    let of_shop = fulfillment.text("status");
    if of_shop.as_deref() == Some("cancelled") {
        return (ParcelStatus::Cancelled, false);
    }
    let status = match fulfillment.text("shipment_status").as_deref() {
        Some("label_printed" | "label_purchased" | "submitted" | "confirmed") => ParcelStatus::LabelCreated,
        Some("in_transit" | "carrier_picked_up") => ParcelStatus::InTransit,
        Some("delayed") => return (ParcelStatus::InTransit, true),
        Some("out_for_delivery") => ParcelStatus::OutForDelivery,
        Some("ready_for_pickup") => ParcelStatus::ReadyForPickup,
        Some("attempted_delivery") => ParcelStatus::AttemptFailed,
        Some("failure" | "not_delivered") => ParcelStatus::Exception,
        Some("delivered" | "picked_up") => ParcelStatus::Delivered,
        Some("label_voided" | "canceled") => ParcelStatus::Cancelled,
        None if of_shop.as_deref() == Some("success") && is_tracked => ParcelStatus::InTransit,
        Some(_) | None => ParcelStatus::Unknown,
    };
    (status, false)
}

fn shop(delivery: &ShopDelivery) -> &str {
    delivery.shop.as_deref().unwrap_or_default()
}

fn updated_at(object: &Object<'_>) -> Option<domain::time::Timestamp> {
    object.moment("updated_at").or_else(|| object.moment("created_at"))
}

fn names(order: &Object<'_>) -> Result<OrderNames, ParseError> {
    let number = order.text("name").or_else(|| order.text("order_number")).as_deref().and_then(words::number);
    let names = OrderNames { number, external_id: order.id("id") };
    if names == OrderNames::default() { Err(ParseError::Lacks("id")) } else { Ok(names) }
}

fn facts(order: &Object<'_>) -> Result<OrderFacts, ParseError> {
    let prices = Prices::of(order);
    let adjustments = prices.map(|prices| prices.adjustments(order)).unwrap_or_default();
    Ok(OrderFacts {
        names: names(order)?,
        placed_at: order.moment("created_at").or_else(|| order.moment("processed_at")),
        totals: prices.and_then(|prices| prices.totals(order)),
        adjustments,
        lines: prices.map(|prices| prices.lines(order)).unwrap_or_default(),
        payment_method: payment_method(order),
        merchant: None,
        url: order.url("order_status_url"),
        address: order.part("shipping_address").and_then(|address| parts(&address).address()),
        buyer: buyer(order),
        refunds: order.list("refunds").iter().take(MOST).filter_map(refund).collect(),
    })
}

/// What became of the goods of an order since it was bought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goods {
    /// They are what was bought. Money that went back has a notice of its own, and makes no other receipt.
    AsBought,
    /// Some were taken out of the order: what it is now counts.
    Edited,
    /// Some were taken out, and money went back or the order was called off: no amount is of the one without the other.
    Unclear,
}

impl Goods {
    fn of(order: &Object<'_>) -> Self {
        let lines = order.list("line_items");
        let refunds: Vec<Object<'_>> = order.list("refunds").into_iter().filter(is_of_money).collect();
        let refunded = refunded_pieces(&refunds);
        let is_edited = |line: &Object<'_>| {
            let gone = line.integer("quantity").zip(left(line)).map_or(0, |(bought, left)| bought.saturating_sub(left));
            gone > line.id("id").and_then(|id| refunded.get(&id).copied()).unwrap_or(0)
        };
        let is_nothing_left = lines.iter().all(|line| left(line).is_some_and(|left| left <= 0));
        if !lines.iter().any(is_edited) {
            Self::AsBought
        } else if refunds.is_empty() && !is_nothing_left && !is_off(order) {
            Self::Edited
        } else {
            Self::Unclear
        }
    }
}

/// How many pieces of each line went back with refunds, by the id of the line.
fn refunded_pieces(refunds: &[Object<'_>]) -> BTreeMap<String, i64> {
    let mut refunded = BTreeMap::<String, i64>::new();
    for goods in refunds.iter().flat_map(|refund| refund.list("refund_line_items")) {
        if let (Some(line), Some(pieces)) = (goods.id("line_item_id"), goods.quantity("quantity")) {
            let known = refunded.entry(line).or_default();
            *known = known.saturating_add(pieces.into());
        }
    }
    refunded
}

/// How many pieces of a line are left after edits, returns and refunds.
fn left(line: &Object<'_>) -> Option<i64> {
    line.integer("current_quantity")
}

/// The money in which the amounts of an order are read: one for all of them.
#[derive(Clone, Copy)]
struct Prices {
    currency: Currency,
    /// The currency in which the customer paid, where it is another than the shop's.
    is_presentment: bool,
    /// Whether goods were taken out of the order: its amounts are those that Shopify calls current.
    is_edited: bool,
}

impl Prices {
    /// Takes the customer's currency where each amount of the receipt is told in it, else the shop's. Nothing is read where no amount is of
    /// the order as it is now: what is known of it stays.
    fn of(order: &Object<'_>) -> Option<Self> {
        let goods = Goods::of(order);
        if goods == Goods::Unclear {
            return None;
        }
        let prices = |currency, is_presentment| {
            let bought = Self { currency, is_presentment, is_edited: false };
            let is_edited = goods == Goods::Edited && bought.amount(order, "current_total_price").is_some();
            Self { is_edited, ..bought }
        };
        let of_shop = order.currency("currency").map(|currency| prices(currency, false));
        let of_customer = order.currency("presentment_currency").map(|currency| prices(currency, true));
        let differs = |prices: &Self| of_shop.is_none_or(|shop| shop.currency != prices.currency);
        // A tip is told in the shop's currency only.
        let has_tip = of_shop.and_then(|shop| order.amount("total_tip_received", shop.currency)).is_some_and(|tip| tip.amount != 0);
        let is_whole = |prices: &Self| {
            !has_tip
                && prices.now(order, "total_price").is_some()
                && order.list("line_items").iter().take(MOST_LINES).all(|line| prices.amount(line, "price").is_some())
        };
        of_customer.filter(|prices| differs(prices) && is_whole(prices)).or(of_shop)
    }

    /// Reads an amount that stands by itself in the shop's currency, and under `…_set` in both.
    fn amount(self, object: &Object<'_>, key: &str) -> Option<Money> {
        let of_set = |money: &str| {
            let amount = object.part(&format!("{key}_set"))?.part(money)?;
            (amount.currency("currency_code") == Some(self.currency)).then(|| amount.amount("amount", self.currency)).flatten()
        };
        if self.is_presentment { of_set("presentment_money") } else { object.amount(key, self.currency).or_else(|| of_set("shop_money")) }
    }

    /// Reads an amount of the order, of an edited one as it is now, where that is told.
    fn now(self, order: &Object<'_>, key: &str) -> Option<Money> {
        let current = || self.amount(order, &format!("current_{key}"));
        self.is_edited.then(current).flatten().or_else(|| self.amount(order, key))
    }

    fn totals(self, order: &Object<'_>) -> Option<Totals> {
        // What discounts take off is told beside it, so the subtotal is the goods before them: Shopify's own is what is left.
        let before_discounts = self.discount(order).and_then(|_| self.goods_before_discounts(order));
        let shipping_now = || self.is_edited.then(|| self.amount(order, "current_shipping_price")).flatten();
        let shipping = || self.amount(order, "total_shipping_price").or_else(|| self.sum(&order.list("shipping_lines"), "price"));
        Some(Totals {
            total: self.now(order, "total_price")?,
            subtotal: before_discounts.or_else(|| self.now(order, "subtotal_price")),
            shipping: shipping_now().or_else(shipping),
            tax: self.now(order, "total_tax"),
        })
    }

    /// Returns what the goods cost before discounts. Of an edited order Shopify does not tell it, but each price.
    fn goods_before_discounts(self, order: &Object<'_>) -> Option<Money> {
        if !self.is_edited {
            return self.amount(order, "total_line_items_price");
        }
        let of_line = |line: &Object<'_>| {
            let price = self.amount(line, "price")?;
            Some(Money::new(price.amount.checked_mul(self.pieces(line).unwrap_or(0).into())?, price.currency))
        };
        order.list("line_items").iter().map(of_line).reduce(|sum, amount| sum?.plus(amount?)).flatten()
    }

    /// Returns how many pieces of a line there are; nothing when there are none any more.
    fn pieces(self, line: &Object<'_>) -> Option<u32> {
        match left(line) {
            Some(left) if self.is_edited => u32::try_from(left).ok().filter(|left| *left > 0),
            Some(_) | None => line.quantity("quantity"),
        }
    }

    fn discount(self, order: &Object<'_>) -> Option<Money> {
        self.now(order, "total_discounts").filter(|discount| discount.amount > 0)
    }

    /// What is added to the sum beside goods, shipping and tax: it takes off less than nothing.
    fn additions(self, order: &Object<'_>) -> impl Iterator<Item = Adjustment> {
        let now_or_then =
            |key: &str| self.amount(order, &format!("current_{key}")).or_else(|| self.amount(order, &format!("original_{key}")));
        let added = [
            ("Tip", self.amount(order, "total_tip_received")),
            ("Duties", now_or_then("total_duties")),
            ("Fees", now_or_then("total_additional_fees")),
        ];
        let taken_off = |(name, amount): (&str, Option<Money>)| {
            let amount = amount.filter(|amount| amount.amount > 0)?;
            Some(Adjustment { name: name.into(), amount: Money::new(-amount.amount, amount.currency) })
        };
        added.into_iter().filter_map(taken_off)
    }

    /// Each code by itself when they make up the whole discount, else all in one, under their names where nothing else is in it.
    fn adjustments(self, order: &Object<'_>) -> Vec<Adjustment> {
        let added = self.additions(order);
        let Some(whole) = self.discount(order) else { return added.collect() };
        let codes = order.list("discount_codes");
        let name = |code: &Object<'_>| code.words("code", NAME);
        let is_sum = !self.is_presentment && self.sum(&codes, "amount") == Some(whole) && codes.len() <= MOST;
        let discounts: Vec<Adjustment> = if is_sum {
            let each = codes.iter().filter_map(|code| Some((name(code), code.amount("amount", self.currency)?)));
            each.map(|(name, amount)| Adjustment { name: name.unwrap_or_else(|| "Discount".into()), amount }).collect()
        } else {
            // What some of the discounts are called is not what all of them are.
            let names_all = self.is_presentment || self.is_edited || codes.is_empty() || self.sum(&codes, "amount").is_none();
            let names: Vec<String> = codes.iter().filter(|_| names_all).filter_map(name).take(MOST).collect();
            vec![Adjustment { name: words::clean(&names.join(", "), NAME).unwrap_or_else(|| "Discount".into()), amount: whole }]
        };
        discounts.into_iter().chain(added).collect()
    }

    /// Adds an amount of each element; nothing when one of them has none.
    fn sum(self, elements: &[Object<'_>], key: &str) -> Option<Money> {
        let amounts = elements.iter().map(|element| self.amount(element, key));
        amounts.reduce(|sum, amount| sum?.plus(amount?)).flatten()
    }

    fn lines(self, order: &Object<'_>) -> Vec<OrderLine> {
        let line = |line: Object<'_>| {
            Some(OrderLine {
                title: line.words("title", NAME).or_else(|| line.words("name", NAME))?,
                subtitle: line.words("variant_title", NAME),
                quantity: self.pieces(&line)?,
                price: self.amount(&line, "price")?,
                image_url: None,
            })
        };
        order.list("line_items").into_iter().filter_map(line).take(MOST_LINES).collect()
    }
}

/// Money that went back: what succeeded of a refund's transactions. One that only puts goods back is none, and neither is one of nothing.
fn refund(refund: &Object<'_>) -> Option<Refund> {
    let id = refund.id("id")?;
    if !refund.has("transactions") {
        return Some(Refund { id, amount: None });
    }
    let repayments = repayments(refund);
    let went_back = repayments.iter().filter(|repayment| repayment.text("status").is_none_or(|status| status == "success"));
    let sum = went_back.map(repaid).reduce(|sum, amount| sum?.plus(amount?))?;
    sum.is_none_or(|sum| sum.amount != 0).then_some(Refund { id, amount: sum })
}

/// Tells whether money goes back with a refund, or may: what is on its way and what the bank refused has changed the order's amounts, too.
fn is_of_money(refund: &Object<'_>) -> bool {
    !refund.has("transactions") || repayments(refund).iter().any(|repayment| repaid(repayment).is_none_or(|amount| amount.amount != 0))
}

/// The transactions of a refund that give money back.
fn repayments<'a>(refund: &Object<'a>) -> Vec<Object<'a>> {
    let is_repayment = |transaction: &Object<'_>| transaction.text("kind").is_none_or(|kind| kind == "refund");
    refund.list("transactions").into_iter().filter(is_repayment).collect()
}

fn repaid(repayment: &Object<'_>) -> Option<Money> {
    repayment.amount("amount", repayment.currency("currency")?)
}

/// The card as its owner knows it, `Visa 4242`, else the names of the gateways: `Gift Card, Shopify Payments`.
fn payment_method(order: &Object<'_>) -> Option<String> {
    let card = order.part("payment_details").and_then(|details| {
        let company = details.words("credit_card_company", NAME)?;
        let digits: Vec<char> = details.text("credit_card_number").unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        let last: String = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default().iter().collect();
        words::clean(&format!("{company} {last}"), NAME)
    });
    card.or_else(|| gateways(order))
}

fn gateways(order: &Object<'_>) -> Option<String> {
    let mut names = Vec::new();
    for name in order.texts("payment_gateway_names").iter().take(MOST).filter_map(|name| words::spelled_out(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    words::clean(&names.join(", "), NAME)
}

fn parts(address: &Object<'_>) -> Parts {
    Parts {
        street_1: address.words("address1", NAME),
        street_2: address.words("address2", NAME),
        city: address.words("city", NAME),
        postal_code: address.words("zip", NAME),
        state: address.words("province_code", NAME).or_else(|| address.words("province", NAME)),
        country: address.words("country_code", NAME),
    }
}

fn buyer(order: &Object<'_>) -> Buyer {
    let people: Vec<Object<'_>> = ["shipping_address", "billing_address", "customer"].iter().filter_map(|key| order.part(key)).collect();
    let name = |person: &Object<'_>| {
        let parts = || words::joined([person.words("first_name", NAME), person.words("last_name", NAME)]);
        person.words("name", NAME).or_else(parts)
    };
    let customer = order.part("customer");
    let of_customer = |key: &str| customer.as_ref().and_then(|customer| customer.text(key));
    let emails = [order.text("email"), order.text("contact_email"), of_customer("email")];
    let phones = [order.text("phone"), of_customer("phone")].into_iter().chain(people.iter().map(|person| person.text("phone")));
    let mut buyer = Buyer {
        name: people.iter().find_map(name),
        email: emails.into_iter().flatten().find_map(|email| words::email(&email)),
        phone: phones.flatten().find_map(|phone| words::clean(&phone, NAME)),
        customer_id: of_customer("id").and_then(|id| words::id(&id)),
        locale: order.text("customer_locale").and_then(|locale| words::locale(&locale)),
        ..Buyer::default()
    };
    passed::along(&mut buyer, |key| note(order, key));
    passed::along(&mut buyer, |key| landed_with(order, key));
    buyer
}

/// What stands under a key of the cart: a list of names and values, or an object of them.
fn note(order: &Object<'_>, key: &str) -> Option<String> {
    let listed = order.list("note_attributes").into_iter().rev().find(|note| note.text("name").as_deref() == Some(key));
    match listed {
        Some(note) => note.text("value"),
        None => order.part("note_attributes")?.text(key),
    }
}

/// What stands in the query of the page on which the customer came to the shop. Consent is given in the cart, not in an address.
fn landed_with(order: &Object<'_>, key: &str) -> Option<String> {
    if !matches!(key, "shopbell_ref" | "ref" | "messenger_psid" | "psid") {
        return None;
    }
    let landing = order.text("landing_site")?;
    let (_, query) = landing.split_once('?')?;
    let query = query.split('#').next()?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}
