//! Stripe: checkouts, payments and refunds.
//!
//! <https://docs.stripe.com/webhooks/signature>, <https://docs.stripe.com/api/checkout/sessions/object>,
//! <https://docs.stripe.com/api/payment_intents/object>, <https://docs.stripe.com/api/refunds/object>

use std::time::Duration;

use domain::money::{Currency, Money};
use domain::order::{Address, Adjustment, Buyer, OrderFacts, OrderLine, OrderNames, Refund, Totals};
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEvent, ShopEventKind};
use domain::time::Timestamp;

use crate::delivery::{ParseError, Parsed};
use crate::event::{MOST, MOST_LINES, event, line_of_all};
use crate::json::Object;
use crate::passed;
use crate::signature::{self, Headers, Label, SignatureError};
use crate::words::{self, NAME, Parts};

/// How far the moment of a signature may be from ours.
/// Source: <https://docs.stripe.com/webhooks#replay-attacks>
const TOLERANCE: Duration = Duration::from_mins(5);

/// The lower-case hexadecimal HMAC-SHA256 over `t.body`, keyed by the endpoint's secret: `t=1795255200,v1=…`, with a `v1` for each secret
/// while one is rotated. Other schemes (`v0`) prove nothing.
pub(crate) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8], now: Timestamp) -> Result<Label, SignatureError> {
    let header = headers.first(&["stripe-signature"])?.ok_or(SignatureError::Missing)?;
    let header = std::str::from_utf8(header).map_err(|_| SignatureError::Malformed)?;
    let (moment, signatures) = read(header)?;
    let made_at = moment.parse().map(|seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000)));
    let made_at = made_at.map_err(|_| SignatureError::Malformed)?;
    let is_ours = |signature: &[u8; 32]| {
        let signed = [moment.as_bytes(), b".", body];
        secrets.iter().any(|secret| signature::matches(secret.expose().as_bytes(), &signed, signature))
    };
    if !signatures.iter().any(is_ours) {
        return Err(SignatureError::Mismatch);
    }
    if now.since(made_at).max(made_at.since(now)) > TOLERANCE {
        return Err(SignatureError::Stale);
    }
    Ok(Label::in_body(body, "type", Some("account"), "id"))
}

/// Reads the moment, as it is written, and the signatures. A moment that stands twice is refused: which one was signed?
fn read(header: &str) -> Result<(&str, Vec<[u8; 32]>), SignatureError> {
    let pairs = || header.split(',').filter_map(|pair| pair.split_once('='));
    let mut moments = pairs().filter(|(key, _)| *key == "t").map(|(_, value)| value);
    let moment = moments.next().filter(|moment| moment.bytes().all(|byte| byte.is_ascii_digit())).ok_or(SignatureError::Malformed)?;
    if moments.next().is_some() {
        return Err(SignatureError::Doubled);
    }
    let signatures: Vec<[u8; 32]> = pairs().filter(|(key, _)| *key == "v1").filter_map(|(_, value)| signature::hex(value)).collect();
    if signatures.is_empty() { Err(SignatureError::Malformed) } else { Ok((moment, signatures)) }
}

pub(crate) fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    let body = Object::parse(&delivery.body).ok_or(ParseError::NoObject)?;
    let topic = body.text("type").ok_or(ParseError::NoTopic)?;
    let told = match topic.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => session,
        "payment_intent.succeeded" => payment,
        "charge.refunded" => charge_refunded,
        "refund.created" | "refund.updated" | "refund.failed" => refund_told,
        _ => return Ok(Parsed::ignoring(&topic)),
    };
    let data = body.part("data").ok_or(ParseError::Lacks("data"))?;
    let object = data.part("object").ok_or(ParseError::Lacks("data.object"))?;
    let kind = told(&object, &data)?;
    let shop = body.words("account", NAME).unwrap_or_default();
    let told = |kind| -> ShopEvent { event(delivery, &shop, body.seconds("created"), kind) };
    Ok(Parsed::from(kind.map(told).into_iter().collect::<Vec<_>>()))
}

type Told = Result<Option<ShopEventKind>, ParseError>;

/// A checkout that went through. Where the money comes later, the second event makes it a purchase; one that only keeps a card is none.
fn session(session: &Object<'_>, _: &Object<'_>) -> Told {
    if session.text("mode").as_deref() == Some("setup") {
        return Ok(None);
    }
    let id = session.id("id").ok_or(ParseError::Lacks("data.object.id"))?;
    let status = session.text("payment_status").ok_or(ParseError::Lacks("data.object.payment_status"))?;
    let reference = session.text("client_reference_id");
    let number = number(session).or_else(|| reference.as_deref().filter(|text| !passed::is_reference(text)).and_then(words::number));
    let names =
        OrderNames { number: number.or_else(|| Some(id.clone())), external_id: reference_to(session, "payment_intent").or(Some(id)) };
    let facts = OrderFacts {
        names,
        placed_at: session.seconds("created"),
        totals: session_totals(session),
        adjustments: adjustments(session),
        lines: lines(session),
        payment_method: payment_method(session),
        address: shipping(session).and_then(|shipping| address(&shipping)),
        buyer: session_buyer(session, reference.as_deref()),
        ..OrderFacts::default()
    };
    let is_paid = matches!(status.as_str(), "paid" | "no_payment_required");
    let kind = if is_paid { ShopEventKind::OrderPlaced } else { ShopEventKind::OrderChanged };
    Ok(Some(kind(Box::new(facts))))
}

/// A payment knows its sum, and neither goods nor, mostly, a name: a receipt waits for the rest.
fn payment(payment: &Object<'_>, _: &Object<'_>) -> Told {
    let id = payment.id("id").ok_or(ParseError::Lacks("data.object.id"))?;
    let total = amount(payment, "amount_received").filter(|amount| amount.amount > 0).or_else(|| amount(payment, "amount"));
    let shipping = payment.part("shipping");
    let mut buyer = Buyer {
        name: shipping.as_ref().and_then(|shipping| shipping.words("name", NAME)),
        email: payment.text("receipt_email").and_then(|email| words::email(&email)),
        phone: shipping.as_ref().and_then(|shipping| shipping.words("phone", NAME)),
        customer_id: reference_to(payment, "customer"),
        ..Buyer::default()
    };
    passed::along(&mut buyer, |key| metadata(payment, key));
    let facts = OrderFacts {
        names: OrderNames { number: number(payment), external_id: Some(id) },
        placed_at: payment.seconds("created"),
        totals: total.map(|total| Totals { total, subtotal: None, shipping: None, tax: None }),
        address: shipping.and_then(|shipping| address(&shipping)),
        buyer,
        ..OrderFacts::default()
    };
    Ok(Some(ShopEventKind::OrderPlaced(Box::new(facts))))
}

/// The charge says how much went back in all. Where it does not list the refunds, this one is what is more than before.
fn charge_refunded(charge: &Object<'_>, data: &Object<'_>) -> Told {
    let id = charge.id("id").ok_or(ParseError::Lacks("data.object.id"))?;
    let listed = charge.part("refunds").map(|refunds| refunds.list("data")).unwrap_or_default();
    let refunds: Vec<Refund> =
        if listed.is_empty() { difference(charge, data, &id).into_iter().collect() } else { listed.iter().filter_map(refund).collect() };
    let external_id = reference_to(charge, "payment_intent").or(Some(id));
    let names = OrderNames { number: number(charge), external_id };
    Ok((!refunds.is_empty()).then(|| gone_back(names, refunds)))
}

fn difference(charge: &Object<'_>, data: &Object<'_>, id: &str) -> Option<Refund> {
    let now = charge.integer("amount_refunded")?;
    let before = data.part("previous_attributes").and_then(|previous| previous.integer("amount_refunded")).unwrap_or(0);
    let amount = charge.currency("currency").zip(now.checked_sub(before)).and_then(|(currency, minor)| money(minor, currency));
    Some(Refund { id: format!("{id}:{now}"), amount })
}

fn refund_told(object: &Object<'_>, _: &Object<'_>) -> Told {
    object.id("id").ok_or(ParseError::Lacks("data.object.id"))?;
    let external_id = reference_to(object, "payment_intent").or_else(|| reference_to(object, "charge"));
    let names = OrderNames { number: number(object), external_id };
    if names == OrderNames::default() {
        return Err(ParseError::Lacks("data.object.payment_intent"));
    }
    Ok(refund(object).map(|refund| gone_back(names, vec![refund])))
}

fn gone_back(names: OrderNames, refunds: Vec<Refund>) -> ShopEventKind {
    ShopEventKind::OrderChanged(Box::new(OrderFacts { names, refunds: refunds.into_iter().take(MOST).collect(), ..OrderFacts::default() }))
}

/// Money that went back. What is `pending` or `requires_action` may yet fail or be canceled, and nothing takes back a refund that was told:
/// it is told once it succeeded.
fn refund(refund: &Object<'_>) -> Option<Refund> {
    let went_back = refund.text("status").is_none_or(|status| status == "succeeded");
    let id = refund.id("id").filter(|_| went_back)?;
    Some(Refund { id, amount: amount(refund, "amount") })
}

/// Returns the id of another object, which stands here by itself or, when it was expanded, as a whole.
fn reference_to(object: &Object<'_>, key: &str) -> Option<String> {
    object.id(key).or_else(|| object.part(key)?.id("id"))
}

fn metadata(object: &Object<'_>, key: &str) -> Option<String> {
    object.part("metadata")?.text(key)
}

fn number(object: &Object<'_>) -> Option<String> {
    ["order_number", "order_id"].iter().find_map(|key| words::number(&metadata(object, key)?))
}

/// Returns an amount, in the object's own currency.
fn amount(object: &Object<'_>, key: &str) -> Option<Money> {
    money(object.integer(key)?, object.currency("currency")?)
}

/// Takes an amount in Stripe's minor units, which are not always those of ISO 4217; nothing when it is a part of one.
fn money(amount: i64, currency: Currency) -> Option<Money> {
    let (theirs, ours) = (decimals(currency), currency.decimals());
    let factor = 10_i64.checked_pow(theirs.abs_diff(ours))?;
    let amount = if theirs <= ours { amount.checked_mul(factor) } else { (amount % factor == 0).then(|| amount / factor) };
    amount.map(|amount| Money::new(amount, currency))
}

/// How many decimals Stripe's amounts have. The Icelandic króna and the Ugandan shilling have none, and Stripe still sends them with two;
/// the Malagasy ariary has two, and Stripe sends none.
/// Source: <https://docs.stripe.com/currencies#zero-decimal>, <https://docs.stripe.com/currencies#special-cases>
fn decimals(currency: Currency) -> u32 {
    match currency.code() {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn session_totals(session: &Object<'_>) -> Option<Totals> {
    let currency = session.currency("currency")?;
    let of = |key: &str| session.part("total_details").and_then(|details| details.integer(key)).and_then(|minor| money(minor, currency));
    Some(Totals {
        total: amount(session, "amount_total")?,
        subtotal: amount(session, "amount_subtotal"),
        shipping: of("amount_shipping"),
        tax: of("amount_tax"),
    })
}

fn adjustments(session: &Object<'_>) -> Vec<Adjustment> {
    let discount = session.part("total_details").and_then(|details| details.integer("amount_discount")).filter(|amount| *amount > 0);
    let amount = discount.zip(session.currency("currency")).and_then(|(minor, currency)| money(minor, currency));
    amount.map(|amount| Adjustment { name: "Discount".into(), amount }).into_iter().collect()
}

/// Goods are there only where they were expanded.
fn lines(session: &Object<'_>) -> Vec<OrderLine> {
    let Some(currency) = session.currency("currency") else { return Vec::new() };
    let line = |line: Object<'_>| {
        let product = line.part("price").and_then(|price| price.part("product"));
        let of_product = || product.as_ref().and_then(|product| product.words("name", NAME));
        let all = line.integer("amount_subtotal").or_else(|| line.integer("amount_total")).and_then(|minor| money(minor, currency))?;
        let image_url = product.as_ref().and_then(|product| product.texts("images").iter().find_map(|url| words::url(url)));
        let title = line.words("description", NAME).or_else(of_product)?;
        let is_same = line.currency("currency").is_none_or(|of_line| of_line == currency);
        is_same.then_some(line_of_all(title, None, line.quantity("quantity").unwrap_or(1), all, image_url))
    };
    let goods = session.part("line_items").map(|items| items.list("data")).unwrap_or_default();
    goods.into_iter().filter_map(line).take(MOST_LINES).collect()
}

/// The way of payment, where there was one to choose only.
fn payment_method(session: &Object<'_>) -> Option<String> {
    match session.texts("payment_method_types").as_slice() {
        [only] if only == "paypal" => Some("PayPal".into()),
        [only] => words::spelled_out(only),
        _ => None,
    }
}

/// Where the goods go: in one place of the session since 2025, in another before.
fn shipping<'a>(session: &Object<'a>) -> Option<Object<'a>> {
    let now = session.part("collected_information").and_then(|collected| collected.part("shipping_details"));
    now.or_else(|| session.part("shipping_details")).or_else(|| session.part("shipping"))
}

fn address(person: &Object<'_>) -> Option<Address> {
    let address = person.part("address")?;
    let words = |key: &str| address.words(key, NAME);
    let (street_1, street_2, city) = (words("line1"), words("line2"), words("city"));
    Parts { street_1, street_2, city, postal_code: words("postal_code"), state: words("state"), country: words("country") }.address()
}

fn session_buyer(session: &Object<'_>, reference: Option<&str>) -> Buyer {
    let customer = session.part("customer_details");
    let of_customer = |key: &str| customer.as_ref().and_then(|customer| customer.words(key, NAME));
    let collected = |key: &str| session.part("collected_information")?.words(key, NAME);
    let email = customer.as_ref().and_then(|customer| customer.text("email")).or_else(|| session.text("customer_email"));
    let mut buyer = Buyer {
        name: of_customer("name").or_else(|| shipping(session)?.words("name", NAME)).or_else(|| collected("individual_name")),
        email: email.and_then(|email| words::email(&email)),
        phone: of_customer("phone"),
        customer_id: reference_to(session, "customer"),
        locale: session.text("locale").and_then(|locale| words::locale(&locale)),
        reference: reference.filter(|text| passed::is_reference(text)).and_then(passed::reference),
        ..Buyer::default()
    };
    passed::along(&mut buyer, |key| metadata(session, key));
    buyer
}
