//! What shops and carriers tell, in our words: what adapters make of their webhooks, and of the shop backend's own calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{DedupeKey, PageId};
use crate::order::{OrderFacts, OrderNames, Refund, ShipmentFacts};
use crate::time::Timestamp;

/// Who tells of orders and parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Shopify,
    Woocommerce,
    Stripe,
    Easypost,
    Aftership,
    /// The shop's own backend, by `POST /v1/notifications`.
    Api,
}

impl Source {
    /// Those that call `/webhooks/{source}`.
    pub const WEBHOOKS: [Self; 5] = [Self::Shopify, Self::Woocommerce, Self::Stripe, Self::Easypost, Self::Aftership];

    /// Returns the name, as it stands in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Stripe => "stripe",
            Self::Easypost => "easypost",
            Self::Aftership => "aftership",
            Self::Api => "api",
        }
    }

    /// Reads the name of a source of webhooks.
    #[must_use]
    pub fn parse_webhook(value: &str) -> Option<Self> {
        Self::WEBHOOKS.into_iter().find(|source| source.as_str() == value)
    }
}

/// A webhook delivery on its way from the gateway to whoever reads it: its body as it came, proven genuine, and what its source says of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ShopDelivery {
    pub source: Source,
    /// What it tells of, in the source's words: `orders/create`.
    pub topic: Option<String>,
    pub shop: Option<String>,
    /// The source's own id of the delivery, the same when it comes again.
    pub delivery_id: Option<String>,
    /// The Page whose customers the shop's are, where the address says it.
    pub page: Option<PageId>,
    pub received_at: Timestamp,
    /// The gateway's id of the request that brought it, for the logs.
    pub request_id: String,
    pub body: Vec<u8>,
}

impl fmt::Debug for ShopDelivery {
    /// Shows no customer's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, topic, shop, delivery_id, .. } = self;
        write!(f, "ShopDelivery({}, {topic:?}, {shop:?}, {delivery_id:?}, {} bytes)", source.as_str(), self.body.len())
    }
}

/// One thing that happened to an order or a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopEvent {
    pub source: Source,
    /// The shop as its source names it (`lamp.myshopify.com`); empty where the source names none. Ids of orders are unique within it.
    pub shop: String,
    /// The Page whose customers the shop's are, where it is known.
    pub page: Option<PageId>,
    pub occurred_at: Timestamp,
    pub kind: ShopEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShopEventKind {
    /// The order is a purchase: paid, or to be paid in a way that the shop accepts. What is not complete enough for a receipt waits for the
    /// rest.
    OrderPlaced(Box<OrderFacts>),
    /// Something about an order is otherwise now. It makes no purchase of an order that nobody placed.
    OrderChanged(Box<OrderFacts>),
    OrderCancelled {
        order: OrderNames,
        reason: Option<String>,
        refunds: Vec<Refund>,
    },
    ShipmentUpdated(Box<ShipmentFacts>),
}

impl ShopEventKind {
    /// Returns what the event's order is called by who tells of it.
    #[must_use]
    pub const fn names(&self) -> &OrderNames {
        match self {
            Self::OrderPlaced(facts) | Self::OrderChanged(facts) => &facts.names,
            Self::OrderCancelled { order, .. } => order,
            Self::ShipmentUpdated(facts) => &facts.order,
        }
    }
}

impl ShopEvent {
    /// Returns an id of a customer as it is unique on a Page: that of the shop's own backend as it is, that of a source with its name and its
    /// shop's before it, `shopify/lamp.myshopify.com/207119551`.
    #[must_use]
    pub fn customer_id(&self, id: &str) -> String {
        match self.source {
            Source::Api => id.to_owned(),
            source @ (Source::Shopify | Source::Woocommerce | Source::Stripe | Source::Easypost | Source::Aftership) => {
                format!("{}/{}/{id}", source.as_str(), self.shop)
            }
        }
    }

    /// Digests the whole event, so that the same one that comes twice is kept once.
    #[must_use]
    pub fn digest(&self) -> DedupeKey {
        // Plain types of ours: writing them does not fail.
        DedupeKey::of_content(&[&serde_json::to_string(self).unwrap_or_default()])
    }
}

impl ShopEventKind {
    /// Returns the name of the kind, for logs and counters.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OrderPlaced(_) => "order_placed",
            Self::OrderChanged(_) => "order_changed",
            Self::OrderCancelled { .. } => "order_cancelled",
            Self::ShipmentUpdated(_) => "shipment_updated",
        }
    }
}
