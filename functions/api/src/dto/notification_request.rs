//! What a shop's backend tells of an order or a parcel, as JSON.

use domain::id::{PageId, UserId};
use domain::money::{Currency, Money};
use domain::order::{Address, Adjustment, Buyer, OrderFacts, OrderLine, OrderNames, PassedConsent, ShipmentFacts, Totals, only_parcel};
use domain::parcel::ParcelStatus;
use domain::shop::{ShopEvent, ShopEventKind, Source};
use domain::time::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::fields::{LONGEST_ID, LONGEST_NAME, LONGEST_TEXT, day, https, locale, moment, optional, text, user_id};
use crate::extract::parse;
use crate::problem::Failure;

/// The most goods, discounts and pieces of one kind.
const MOST_LINES: usize = 100;
const MOST_ADJUSTMENTS: usize = 50;

/// What happened to an order or a parcel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(discriminator(
    property_name = "type",
    mapping(("receipt" = "#/components/schemas/ReceiptRequestDto"), ("shipping" = "#/components/schemas/ShippingRequestDto"))
))]
pub(crate) enum NotificationRequestDto {
    Receipt(ReceiptRequestDto),
    Shipping(ShippingRequestDto),
}

/// The order is a purchase: its customer gets the receipt.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiptRequestDto {
    #[serde(rename = "type")]
    #[schema(inline)]
    kind: ReceiptType,
    /// The Page whose customer it is; may be left out where there is only one.
    page_id: Option<String>,
    order: Box<OrderRequestDto>,
    #[serde(default)]
    recipient: RecipientDto,
    #[serde(default)]
    consent: PassedConsentDto,
}

/// News of a parcel.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingRequestDto {
    #[serde(rename = "type")]
    #[schema(inline)]
    kind: ShippingType,
    /// The Page whose customer it is; may be left out where there is only one.
    page_id: Option<String>,
    order: OrderNumberDto,
    parcel: Box<ParcelNewsDto>,
    #[serde(default)]
    recipient: RecipientDto,
    #[serde(default)]
    consent: PassedConsentDto,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReceiptType {
    Receipt,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ShippingType {
    Shipping,
}

/// An order by its number.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderNumberDto {
    /// As the customer knows it.
    #[schema(example = "20418")]
    number: String,
}

/// An order with everything that its receipt shows. Amounts are in the minor units of `currency`: 9134 for 91.34 EUR, 1200 for 1200 JPY.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRequestDto {
    /// As the customer knows it; one Page has one series of numbers.
    #[schema(example = "20418")]
    number: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    #[serde(deserialize_with = "minor_units")]
    #[schema(example = 9134)]
    total: i64,
    #[serde(default, deserialize_with = "minor_units_if_any")]
    subtotal: Option<i64>,
    #[serde(default, deserialize_with = "minor_units_if_any")]
    shipping: Option<i64>,
    #[serde(default, deserialize_with = "minor_units_if_any")]
    tax: Option<i64>,
    #[serde(default)]
    lines: Vec<LineDto>,
    #[serde(default)]
    adjustments: Vec<AdjustmentDto>,
    #[schema(example = "Visa 2345")]
    payment_method: Option<String>,
    /// The shop's name for its customers.
    merchant: Option<String>,
    /// The order in the shop; `https`.
    url: Option<String>,
    placed_at: Option<String>,
    address: Option<AddressDto>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LineDto {
    title: String,
    subtitle: Option<String>,
    #[serde(default = "one")]
    quantity: u32,
    /// Of one piece.
    #[serde(deserialize_with = "minor_units")]
    price: i64,
    /// `https`.
    image_url: Option<String>,
}

const fn one() -> u32 {
    1
}

/// What takes something off the sum.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdjustmentDto {
    name: String,
    #[serde(deserialize_with = "minor_units")]
    amount: i64,
}

/// What a caller is told whose amount is none.
const NO_MINOR_UNITS: &str = "must be a whole number of minor units (9134 for 91.34 EUR)";

fn minor_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    i64::deserialize(deserializer).map_err(|_| D::Error::custom(NO_MINOR_UNITS))
}

fn minor_units_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer).map_err(|_| D::Error::custom(NO_MINOR_UNITS))
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressDto {
    street_1: String,
    street_2: Option<String>,
    city: String,
    postal_code: String,
    state: String,
    /// Two letters, ISO 3166-1.
    #[schema(example = "DE")]
    country: String,
}

/// Whose order it is. Whoever is not known yet gets the news when they tap the link of the order, or are recognised later.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientDto {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    /// The shop's own id of the customer.
    customer_id: Option<String>,
    /// The page-scoped id: 1 to 32 digits.
    #[schema(example = "7402918836412905")]
    user_id: Option<String>,
    pub(crate) conversation_id: Option<String>,
    /// BCP 47.
    #[schema(example = "de")]
    locale: Option<String>,
}

/// What the customer agreed to at the checkout; left out is not asked.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassedConsentDto {
    messenger: Option<bool>,
    email: Option<bool>,
    /// The words beside the box that they ticked.
    words: Option<String>,
}

/// A parcel of the order.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParcelNewsDto {
    /// `label_created`, `in_transit`, `out_for_delivery`, `ready_for_pickup`, `attempt_failed`, `exception`, `delivered`, `returned`,
    /// `cancelled` or `unknown`.
    #[schema(example = "in_transit")]
    status: String,
    /// The shop's own id of the parcel, where an order has several and a tracking number does not tell them apart.
    id: Option<String>,
    tracking_number: Option<String>,
    /// `https`.
    tracking_url: Option<String>,
    carrier: Option<String>,
    /// The day on which it should arrive, `2026-11-24`.
    expected_on: Option<String>,
    /// It comes later than was said.
    #[serde(default)]
    late: bool,
    /// What is wrong or where it is, for the person who sees to it.
    detail: Option<String>,
    /// When it happened; now when it is left out, and when it is in the future.
    occurred_at: Option<String>,
}

/// The `type` of a request, before the rest of it is read.
#[derive(Deserialize)]
struct Tagged {
    #[serde(rename = "type", default)]
    kind: serde_json::Value,
}

impl NotificationRequestDto {
    /// Reads a request. Its type comes first: read at once, with the type among the fields, a wrong field would not be named.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Failure> {
        let Tagged { kind } = parse(body)?;
        let read = match kind.as_str() {
            Some("receipt") => parse(body).map(Self::Receipt),
            Some("shipping") => parse(body).map(Self::Shipping),
            Some(_) | None => Err(Failure::invalid("#/type", "must be 'receipt' or 'shipping'")),
        };
        read.map_err(missing_by_name)
    }

    pub(crate) fn page_id(&self) -> Option<&str> {
        match self {
            Self::Receipt(ReceiptRequestDto { page_id, .. }) | Self::Shipping(ShippingRequestDto { page_id, .. }) => page_id.as_deref(),
        }
    }

    pub(crate) const fn recipient(&self) -> &RecipientDto {
        match self {
            Self::Receipt(ReceiptRequestDto { recipient, .. }) | Self::Shipping(ShippingRequestDto { recipient, .. }) => recipient,
        }
    }

    /// The request as text, for its digest.
    pub(crate) fn content(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the events that it tells. A shipping notice tells of its recipient by a change of the order. `user` is whose conversation was
    /// named.
    pub(crate) fn events(self, page: &PageId, user: Option<UserId>, now: Timestamp) -> Result<Vec<ShopEvent>, Failure> {
        let event = |occurred_at, kind| ShopEvent { source: Source::Api, shop: String::new(), page: Some(page.clone()), occurred_at, kind };
        match self {
            Self::Receipt(ReceiptRequestDto { order, recipient, consent, .. }) => {
                let facts = order.facts(recipient.buyer(&consent, user)?)?;
                if facts.buyer.name.is_none() {
                    return Err(Failure::invalid("#/recipient/name", "must be given: Meta's receipt shows it"));
                }
                Ok(vec![event(now, ShopEventKind::OrderPlaced(Box::new(facts)))])
            }
            Self::Shipping(ShippingRequestDto { order, parcel, recipient, consent, .. }) => {
                let names = OrderNames { number: Some(number(&order.number)?), external_id: None };
                let buyer = recipient.buyer(&consent, user)?;
                let occurred_at = parcel.occurred_at(now)?;
                let shipment = parcel.facts(names.clone())?;
                let known = OrderFacts { names, buyer, ..OrderFacts::default() };
                let told = event(occurred_at, ShopEventKind::ShipmentUpdated(Box::new(shipment)));
                let of_whom = event(occurred_at, ShopEventKind::OrderChanged(Box::new(known)));
                Ok(vec![of_whom, told])
            }
        }
    }
}

/// Names the field that is missing instead of what lacks it: an order has many.
fn missing_by_name(failure: Failure) -> Failure {
    if let Failure::Invalid { field, detail } = &failure
        && let Some(name) = detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
    {
        return Failure::invalid(format!("{field}/{name}"), "must be given");
    }
    failure
}

impl OrderRequestDto {
    fn facts(self, buyer: Buyer) -> Result<OrderFacts, Failure> {
        let currency = Currency::parse(&self.currency).ok_or_else(|| Failure::invalid("#/order/currency", "is no ISO 4217 code"))?;
        let money = |amount| Money::new(amount, currency);
        for (name, amount) in [("total", Some(self.total)), ("subtotal", self.subtotal), ("shipping", self.shipping), ("tax", self.tax)] {
            if amount.is_some_and(|amount| amount < 0) {
                return Err(Failure::invalid(format!("#/order/{name}"), "must not be negative"));
            }
        }
        if self.lines.len() > MOST_LINES {
            return Err(Failure::invalid("#/order/lines", format!("must not be more than {MOST_LINES}: Meta's receipt shows no more")));
        }
        if self.adjustments.len() > MOST_ADJUSTMENTS {
            return Err(Failure::invalid("#/order/adjustments", format!("must not be more than {MOST_ADJUSTMENTS}")));
        }
        let lines = self.lines.into_iter().enumerate().map(|(place, line)| line.line(&format!("#/order/lines/{place}"), currency));
        let adjustments = self.adjustments.into_iter().enumerate().map(|(place, adjustment)| {
            let name = text(&format!("#/order/adjustments/{place}/name"), adjustment.name, LONGEST_NAME)?;
            Ok(Adjustment { name, amount: money(adjustment.amount) })
        });
        let placed_at = moment("#/order/placed_at", self.placed_at.as_deref())?;
        Ok(OrderFacts {
            names: OrderNames { number: Some(number(&self.number)?), external_id: None },
            placed_at,
            totals: Some(Totals {
                total: money(self.total),
                subtotal: self.subtotal.map(money),
                shipping: self.shipping.map(money),
                tax: self.tax.map(money),
            }),
            adjustments: adjustments.collect::<Result<_, Failure>>()?,
            lines: lines.collect::<Result<_, _>>()?,
            payment_method: optional("#/order/payment_method", self.payment_method, LONGEST_NAME)?,
            merchant: optional("#/order/merchant", self.merchant, LONGEST_NAME)?,
            url: https("#/order/url", self.url)?,
            address: self.address.map(AddressDto::address).transpose()?,
            buyer,
            refunds: Vec::new(),
        })
    }
}

impl LineDto {
    fn line(self, at: &str, currency: Currency) -> Result<OrderLine, Failure> {
        if self.price < 0 {
            return Err(Failure::invalid(format!("{at}/price"), "must not be negative; what takes off the sum is an adjustment"));
        }
        if self.quantity == 0 {
            return Err(Failure::invalid(format!("{at}/quantity"), "must be at least 1"));
        }
        Ok(OrderLine {
            title: text(&format!("{at}/title"), self.title, LONGEST_NAME)?,
            subtitle: optional(&format!("{at}/subtitle"), self.subtitle, LONGEST_NAME)?,
            quantity: self.quantity,
            price: Money::new(self.price, currency),
            image_url: https(&format!("{at}/image_url"), self.image_url)?,
        })
    }
}

impl AddressDto {
    fn address(self) -> Result<Address, Failure> {
        let at = |name: &str| format!("#/order/address/{name}");
        let country = self.country.trim().to_ascii_uppercase();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Failure::invalid(at("country"), "must be two letters, ISO 3166-1"));
        }
        Ok(Address {
            street_1: text(&at("street_1"), self.street_1, LONGEST_NAME)?,
            street_2: optional(&at("street_2"), self.street_2, LONGEST_NAME)?,
            city: text(&at("city"), self.city, LONGEST_NAME)?,
            postal_code: text(&at("postal_code"), self.postal_code, LONGEST_ID)?,
            state: text(&at("state"), self.state, LONGEST_NAME)?,
            country,
        })
    }
}

impl RecipientDto {
    fn buyer(self, consent: &PassedConsentDto, user: Option<UserId>) -> Result<Buyer, Failure> {
        let email = optional("#/recipient/email", self.email, LONGEST_NAME)?;
        if email.as_deref().is_some_and(|email| !email.contains('@')) {
            return Err(Failure::invalid("#/recipient/email", "is no e-mail address"));
        }
        let named = user_id("#/recipient/user_id", self.user_id)?;
        let passed = PassedConsent {
            messenger: consent.messenger,
            email: consent.email,
            words: optional("#/consent/words", consent.words.clone(), LONGEST_TEXT)?,
        };
        Ok(Buyer {
            name: optional("#/recipient/name", self.name, LONGEST_NAME)?,
            email,
            phone: optional("#/recipient/phone", self.phone, LONGEST_ID)?,
            customer_id: optional("#/recipient/customer_id", self.customer_id, LONGEST_ID)?,
            locale: locale("#/recipient/locale", self.locale)?,
            user: user.or(named),
            reference: None,
            consent: (consent.messenger.is_some() || consent.email.is_some()).then_some(passed),
        })
    }
}

impl ParcelNewsDto {
    /// What happens later than we hear of it happens when we hear of it: a clock is wrong.
    fn occurred_at(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        Ok(moment("#/parcel/occurred_at", self.occurred_at.as_deref())?.map_or(now, |at| at.min(now)))
    }

    fn facts(self, order: OrderNames) -> Result<ShipmentFacts, Failure> {
        let status = ParcelStatus::parse(&self.status).ok_or_else(|| {
            let known: Vec<&str> = ParcelStatus::ALL.into_iter().map(ParcelStatus::as_str).collect();
            Failure::invalid("#/parcel/status", format!("must be one of {}", known.join(", ")))
        })?;
        let tracking_number = optional("#/parcel/tracking_number", self.tracking_number, LONGEST_ID)?;
        let own = optional("#/parcel/id", self.id, LONGEST_ID)?;
        let number = order.number.clone().unwrap_or_default();
        // One that nothing tells apart is the order's only parcel. The order's number makes it nobody else's.
        let id = own.or_else(|| tracking_number.clone());
        Ok(ShipmentFacts {
            order,
            external_id: id.map_or_else(|| only_parcel(&number), |id| format!("{number}/{id}")),
            tracking_number,
            tracking_url: https("#/parcel/tracking_url", self.tracking_url)?,
            carrier: optional("#/parcel/carrier", self.carrier, LONGEST_NAME)?,
            status,
            detail: optional("#/parcel/detail", self.detail, LONGEST_TEXT)?,
            is_late: self.late,
            expected_on: day("#/parcel/expected_on", self.expected_on)?,
        })
    }
}

fn number(number: &str) -> Result<String, Failure> {
    let number = number.trim().trim_start_matches('#').to_owned();
    text("#/order/number", number, LONGEST_ID)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// 2026-11-21T10:00:00Z.
    const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

    fn receipt() -> Value {
        json!({
            "type": "receipt",
            "order": {
                "number": "20418", "currency": "EUR", "total": 9134, "lines": [{ "title": "Lamp", "price": 9134 }],
                "adjustments": [{ "name": "WELCOME", "amount": 100 }],
            },
            "recipient": { "name": "Mia Keller", "user_id": "7402918836412905", "locale": "de_DE" },
            "consent": { "messenger": true, "words": "Send me news of my order." },
        })
    }

    fn shipping() -> Value {
        let parcel = json!({ "status": "in_transit", "occurred_at": "2026-11-21T09:00:00Z" });
        json!({ "type": "shipping", "order": { "number": "20418" }, "parcel": parcel })
    }

    fn events(body: &Value) -> Result<Vec<ShopEvent>, Failure> {
        let page = PageId::new("108234567890123").unwrap();
        NotificationRequestDto::read(body.to_string().as_bytes())?.events(&page, None, NOW)
    }

    /// Puts `value` at `pointer`, and returns which field is named and what is said of it.
    fn refused(mut body: Value, pointer: &str, value: Value) -> (String, String) {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap();
        match key.parse::<usize>() {
            Ok(place) => parent[place] = value,
            Err(_) => parent[key] = value,
        }
        let Err(Failure::Invalid { field, detail }) = events(&body) else { panic!("{pointer} is accepted") };
        (field, detail)
    }

    #[test]
    fn a_receipt_and_a_parcel_are_read() {
        let told = events(&receipt()).unwrap();
        let [ShopEvent { kind: ShopEventKind::OrderPlaced(facts), .. }] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(facts.totals.unwrap().total, Money::new(9134, Currency::parse("EUR").unwrap()));
        assert_eq!((facts.buyer.user.clone(), facts.buyer.locale.as_deref()), (UserId::new("7402918836412905"), Some("de_DE")));
        assert_eq!(events(&shipping()).unwrap().len(), 2);
    }

    #[test]
    fn an_amount_that_is_no_whole_number_is_named_with_an_example() {
        for pointer in ["/order/total", "/order/subtotal", "/order/tax", "/order/lines/0/price", "/order/adjustments/0/amount"] {
            for wrong in [json!(91.34), json!("9134"), json!([9134])] {
                assert_eq!(refused(receipt(), pointer, wrong), (format!("#{pointer}"), String::from(NO_MINOR_UNITS)));
            }
        }
    }

    #[test]
    fn what_is_missing_unknown_or_of_another_kind_is_named() {
        for (body, pointer, value, field) in [
            (receipt(), "/order", json!({ "number": "20418", "currency": "EUR" }), "#/order/total"),
            (receipt(), "/order", json!([]), "#/order"),
            (receipt(), "/order/lines/0", json!({ "title": "Lamp" }), "#/order/lines/0/price"),
            (receipt(), "/order/colour", json!("red"), "#/order/colour"),
            (receipt(), "/parcel", json!({}), "#/parcel"),
            (shipping(), "/parcel", json!({}), "#/parcel/status"),
            (shipping(), "/parcel/late", json!("yes"), "#/parcel/late"),
            (shipping(), "/consent", json!(true), "#/consent"),
        ] {
            let (named, detail) = refused(body, pointer, value);
            assert_eq!(named, field, "{detail}");
            assert!(!detail.contains("Dto") && !detail.contains("struct"), "{detail}");
        }
        let lacking: Value = json!({ "type": "shipping", "parcel": { "status": "delivered" } });
        assert!(matches!(events(&lacking), Err(Failure::Invalid { field, .. }) if field == "#/order"));
    }

    #[test]
    fn a_type_is_one_of_two() {
        for wrong in [json!("refund"), json!(""), json!(null), json!(5), json!(["receipt"])] {
            let (field, detail) = refused(receipt(), "/type", wrong);
            assert_eq!((field.as_str(), detail.as_str()), ("#/type", "must be 'receipt' or 'shipping'"));
        }
        assert!(matches!(events(&json!({})), Err(Failure::Invalid { field, .. }) if field == "#/type"));
        for wrong in [json!(null), json!([]), json!("receipt")] {
            assert!(matches!(events(&wrong), Err(Failure::Invalid { field, .. }) if field == "#"), "{wrong}");
        }
        assert!(matches!(NotificationRequestDto::read(b"{\"type\": \"receipt\","), Err(Failure::NotJson(_))));
    }

    #[test]
    fn a_customer_is_named_by_digits_and_their_language_by_a_tag() {
        for (pointer, wrong) in [
            ("/recipient/user_id", "abc".to_owned()),
            ("/recipient/user_id", "74029188364129o5".to_owned()),
            ("/recipient/user_id", "1".repeat(33)),
            ("/recipient/locale", "x y z !!".to_owned()),
            ("/recipient/locale", "d".to_owned()),
            ("/recipient/locale", "d".repeat(36)),
        ] {
            assert_eq!(refused(receipt(), pointer, json!(wrong)).0, format!("#{pointer}"), "{wrong}");
        }
        for tag in ["de", "pt-BR", "zh_Hant_TW"] {
            let mut body = receipt();
            body["recipient"]["locale"] = json!(tag);
            assert!(events(&body).is_ok(), "{tag}");
        }
    }

    #[test]
    fn nothing_happens_after_we_heard_of_it() {
        for (told, taken) in [("2026-11-21T09:00:00Z", "2026-11-21T09:00:00.000Z"), ("2031-01-01T00:00:00Z", "2026-11-21T10:00:00.000Z")] {
            let mut body = shipping();
            body["parcel"]["occurred_at"] = json!(told);
            let moments: Vec<String> = events(&body).unwrap().iter().map(|event| event.occurred_at.to_rfc3339()).collect();
            assert_eq!(moments, [taken; 2]);
        }
    }

    #[test]
    fn a_request_has_its_type_in_its_digest() {
        let content = NotificationRequestDto::read(shipping().to_string().as_bytes()).unwrap().content();
        assert!(content.starts_with(r#"{"type":"shipping","page_id":null,"order":{"number":"20418"}"#), "{content}");
    }
}
