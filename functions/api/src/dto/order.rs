//! Orders as JSON.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::order::Refund;
use domain::orders::{Order, Parcel};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::notification::NotificationDto;

/// An order as far as its sources have told it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderDto {
    #[schema(example = "ord_4ZKQ8V9D6R3M1X5T7N2B0C8H6J")]
    id: String,
    number: String,
    page_id: String,
    /// `shopify`, `woocommerce`, `stripe`, `easypost`, `aftership` or `api`.
    source: &'static str,
    /// The shop as its source names it.
    shop: Option<String>,
    /// `announced` until it is a purchase, `placed`, or `cancelled`.
    status: &'static str,
    placed_at: Option<String>,
    customer_name: Option<String>,
    currency: Option<&'static str>,
    /// In minor units of `currency`, like all amounts.
    total: Option<i64>,
    subtotal: Option<i64>,
    shipping: Option<i64>,
    tax: Option<i64>,
    lines: Vec<OrderLineDto>,
    /// What went back of it, as far as it is in `currency`.
    refunded: Option<i64>,
    /// What went back in other currencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refunded_other: Vec<RefundedDto>,
    payment_method: Option<String>,
    url: Option<String>,
    parcels: Vec<ParcelDto>,
    conversation_id: Option<String>,
    /// What a receipt still waits for, in plain words.
    receipt_lacks: Vec<&'static str>,
    /// The customer's messages that name it; only beside a conversation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    named_in: Vec<String>,
    /// Its notifications, oldest first; not beside a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<Vec<NotificationDto>>,
    created_at: String,
    changed_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderLineDto {
    title: String,
    subtitle: Option<String>,
    quantity: u32,
    price: i64,
}

/// What went back in a currency, in its minor units.
#[derive(Debug, Serialize, ToSchema)]
struct RefundedDto {
    #[schema(example = "USD")]
    currency: &'static str,
    amount: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ParcelDto {
    /// `unknown`, `label_created`, `in_transit`, `out_for_delivery`, `ready_for_pickup`, `attempt_failed`, `exception`, `delivered`, `returned`
    /// or `cancelled`.
    status: &'static str,
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    /// The carrier's own word for what is wrong or where it is.
    detail: Option<String>,
    late: bool,
    expected_on: Option<String>,
    changed_at: String,
}

impl From<Parcel> for ParcelDto {
    fn from(parcel: Parcel) -> Self {
        let changed_at = parcel.progress.trouble.map_or(parcel.progress.reached_at, |(_, at)| at);
        Self {
            status: parcel.progress.status().as_str(),
            carrier: parcel.carrier,
            tracking_number: parcel.tracking_number,
            tracking_url: parcel.tracking_url,
            detail: parcel.detail,
            late: parcel.is_late,
            expected_on: parcel.expected_on,
            changed_at: changed_at.to_rfc3339(),
        }
    }
}

impl From<Order> for OrderDto {
    fn from(order: Order) -> Self {
        let receipt_lacks = order.missing_for_receipt();
        let status = match (order.cancelled_at, order.placed) {
            (Some(_), _) => "cancelled",
            (None, true) => "placed",
            (None, false) => "announced",
        };
        let facts = order.facts;
        let totals = facts.totals;
        let amount = |money: Money| money.amount;
        let currency = totals.map(|totals| totals.total.currency.code());
        let (refunded, refunded_other) = refunded(&facts.refunds, currency);
        let line = |line: domain::order::OrderLine| OrderLineDto {
            title: line.title,
            subtitle: line.subtitle,
            quantity: line.quantity,
            price: line.price.amount,
        };
        Self {
            id: order.id.to_string(),
            number: order.number,
            page_id: order.page.to_string(),
            source: order.source.as_str(),
            shop: Some(order.shop).filter(|shop| !shop.is_empty()),
            status,
            placed_at: facts.placed_at.map(Timestamp::to_rfc3339),
            customer_name: facts.buyer.name,
            currency,
            total: totals.map(|totals| totals.total.amount),
            subtotal: totals.and_then(|totals| totals.subtotal).map(amount),
            shipping: totals.and_then(|totals| totals.shipping).map(amount),
            tax: totals.and_then(|totals| totals.tax).map(amount),
            lines: facts.lines.into_iter().map(line).collect(),
            refunded,
            refunded_other,
            payment_method: facts.payment_method,
            url: facts.url,
            parcels: order.parcels.into_iter().map(ParcelDto::from).collect(),
            conversation_id: order.conversation.map(|id| id.to_string()),
            receipt_lacks,
            named_in: Vec::new(),
            notifications: None,
            created_at: order.created_at.to_rfc3339(),
            changed_at: order.changed_at.to_rfc3339(),
        }
    }
}

/// Adds refunds up: those in the order's currency, and those of each other one. Amounts of two currencies are no sum.
fn refunded(refunds: &[Refund], currency: Option<&'static str>) -> (Option<i64>, Vec<RefundedDto>) {
    let mut sums: BTreeMap<&'static str, i64> = BTreeMap::new();
    for money in refunds.iter().filter_map(|refund| refund.amount) {
        let sum = sums.entry(money.currency.code()).or_default();
        *sum = sum.saturating_add(money.amount);
    }
    let own = currency.and_then(|currency| sums.remove(currency));
    (own, sums.into_iter().map(|(currency, amount)| RefundedDto { currency, amount }).collect())
}

impl OrderDto {
    pub(crate) fn with_notifications(self, notifications: Vec<NotificationDto>) -> Self {
        Self { notifications: Some(notifications), ..self }
    }

    pub(crate) fn named_in(self, named_in: Vec<String>) -> Self {
        Self { named_in, ..self }
    }
}

#[cfg(test)]
mod tests {
    use domain::id::PageId;
    use domain::money::Currency;
    use domain::order::{OrderFacts, Totals};
    use domain::shop::{ShopEvent, ShopEventKind, Source};
    use serde_json::{Value, json};

    use super::*;

    fn refund(amount: i64, currency: &str) -> Refund {
        Refund { id: format!("{amount}-{currency}"), amount: Some(Money::new(amount, Currency::parse(currency).unwrap())) }
    }

    /// An order of 91.34 euros, or of nobody knows what, as it is shown.
    fn shown(is_known: bool, refunds: Vec<Refund>) -> Value {
        let total = Money::new(9134, Currency::parse("EUR").unwrap());
        let totals = is_known.then_some(Totals { total, subtotal: None, shipping: None, tax: None });
        let facts = OrderFacts { totals, refunds, ..OrderFacts::default() };
        let page = PageId::new("108234567890123").unwrap();
        let kind = ShopEventKind::OrderPlaced(Box::default());
        let occurred_at = Timestamp::from_millis(0);
        let event = ShopEvent { source: Source::Stripe, shop: String::new(), page: Some(page.clone()), occurred_at, kind };
        let order = Order { facts, ..Order::begin(page, "20418", &event) };
        serde_json::to_value(OrderDto::from(order)).unwrap()
    }

    #[test]
    fn what_went_back_is_shown_in_its_own_currency() {
        let order = shown(true, vec![refund(1000, "EUR"), refund(500, "EUR"), refund(1100, "USD"), refund(300, "JPY")]);
        assert_eq!((&order["refunded"], &order["currency"]), (&json!(1500), &json!("EUR")));
        assert_eq!(order["refunded_other"], json!([{ "currency": "JPY", "amount": 300 }, { "currency": "USD", "amount": 1100 }]));
    }

    #[test]
    fn an_order_of_which_nothing_went_back_says_nothing_of_other_currencies() {
        let order = shown(true, Vec::new());
        assert_eq!((&order["refunded"], order.get("refunded_other")), (&Value::Null, None));
    }

    #[test]
    fn what_went_back_of_an_order_without_a_total_is_no_amount_of_no_currency() {
        let order = shown(false, vec![refund(1100, "USD")]);
        assert_eq!((&order["refunded"], &order["refunded_other"]), (&Value::Null, &json!([{ "currency": "USD", "amount": 1100 }])));
    }
}
