//! An order as far as it is known: sources tell it piece by piece, and out of order.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::money::Money;
use crate::parcel::ParcelStatus;
use crate::time::Timestamp;

/// How an event names its order; at least one is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNames {
    /// The number that the customer knows, without a leading `#`: `1001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The source's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// What an event tells of an order. What it does not tell is absent, never made up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    pub names: OrderNames,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<OrderLine>,
    /// As the customer would name it: `Visa 2345`, `PayPal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// The shop's name for its customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
    /// The page of the order in the shop; `https` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(default)]
    pub buyer: Buyer,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
}

impl OrderFacts {
    /// Tells whether the order is told as a whole, and not only its sum: what is not said of it is not there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.totals.is_some_and(|totals| totals.subtotal.is_some() || !self.lines.is_empty())
    }
}

/// The [`ShipmentFacts::external_id`] of a parcel of which a shop's backend tells neither an id nor a tracking number.
#[must_use]
pub fn only_parcel(order_number: &str) -> String {
    format!("{order_number}/1")
}

/// The sums of an order, all in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub total: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
}

/// A discount, a voucher, a fee: `amount` is what it takes off the sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    pub name: String,
    pub amount: Money,
}

/// Goods of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    pub quantity: u32,
    /// Of one piece.
    pub price: Money,
    /// `https` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

/// Where the goods go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub street_1: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_2: Option<String>,
    pub city: String,
    pub postal_code: String,
    pub state: String,
    /// Two letters, ISO 3166-1.
    pub country: String,
}

/// Who bought, as far as the shop knows: the ways in which we may find their thread, or write to them outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The shop's own id of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// BCP 47, as the shop has it: `de`, `pt-BR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The page-scoped id, where a checkout passed it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The reference of one of our links, where a checkout passed it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<PassedConsent>,
}

/// What the customer agreed to at the checkout; absent is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedConsent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messenger: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<bool>,
    /// The words beside the box that they ticked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The source's own id.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// What an event tells of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentFacts {
    /// The order, where the event names it; a carrier's often does not.
    pub order: OrderNames,
    /// The source's own id of the shipment or tracker. Carriers use tracking numbers again; this one never is.
    pub external_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    pub status: ParcelStatus,
    /// The carrier's own word for what is wrong or where it is: `arrived_at_pickup_location`, `damaged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether the parcel comes later than was said.
    #[serde(default)]
    pub is_late: bool,
    /// The day on which it should arrive, `2026-11-24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<String>,
}
