//! A notice: one piece of the shop's news for one customer, told once by the way that policy allows at that moment.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::PageId;

/// What a notice tells. Each has a template of its own in the catalogue of utility templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The receipt: the order is confirmed.
    Receipt,
    Shipped,
    OutForDelivery,
    Delivered,
    ReadyForPickup,
    Delayed,
    Problem,
    Refunded,
}

impl NoticeKind {
    pub const ALL: [Self; 8] = [
        Self::Receipt,
        Self::Shipped,
        Self::OutForDelivery,
        Self::Delivered,
        Self::ReadyForPickup,
        Self::Delayed,
        Self::Problem,
        Self::Refunded,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Shipped => "shipped",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::Delayed => "delayed",
            Self::Problem => "problem",
            Self::Refunded => "refunded",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == value)
    }
}

/// An order of a Page's shop: `ord_` and 26 characters, the same for the same Page and number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(String);

/// A notice: `ntf_` and 26 characters, the same for the same order and event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeId(String);

impl OrderId {
    /// Derives the id from the number that the customer knows, so that whoever names it means the same order. A leading `#` and the case of
    /// letters make no other order.
    #[must_use]
    pub fn of(page: &PageId, number: &str) -> Self {
        Self(crate::id::tagged("ord_", &["order", page.as_str(), &number.trim().trim_start_matches('#').to_ascii_lowercase()]))
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        crate::id::is_tagged_ulid("ord_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NoticeId {
    /// Derives the id from the order and what happened to it (`receipt`, `shipped:<parcel>`), so that it is told once, however often and by
    /// however many it is reported.
    #[must_use]
    pub fn of(order: &OrderId, event: &str) -> Self {
        Self(crate::id::tagged("ntf_", &["notice", order.as_str(), event]))
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        crate::id::is_tagged_ulid("ntf_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
