//! A delivery from the queue, read into domain events.

use domain::retry::{Retry, Retryable};
use domain::shop::{ShopDelivery, ShopEvent, Source};

use crate::{aftership, easypost, shopify, stripe, woocommerce};

/// What a delivery told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    pub events: Vec<ShopEvent>,
    /// The topic, when it is none of ours: it is acknowledged and counted.
    pub ignored: Option<String>,
}

impl Parsed {
    pub(crate) fn ignoring(topic: &str) -> Self {
        Self { events: Vec::new(), ignored: Some(topic.to_owned()) }
    }
}

impl From<Vec<ShopEvent>> for Parsed {
    fn from(events: Vec<ShopEvent>) -> Self {
        Self { events, ignored: None }
    }
}

/// A delivery that cannot be read. Says where and never what: the words may be a customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the body is no JSON object")]
    NoObject,
    #[error("nothing says what the delivery tells of")]
    NoTopic,
    #[error("{0} is missing, or nothing that it could be")]
    Lacks(&'static str),
    #[error("this source has no webhooks")]
    NoWebhooks,
}

impl Retryable for ParseError {
    fn retry(&self) -> Retry {
        match self {
            Self::NoObject | Self::NoTopic | Self::Lacks(_) | Self::NoWebhooks => Retry::Never,
        }
    }
}

/// Reads what a delivery tells. Topics that are none of ours are told apart from those that are ours and cannot be read.
pub fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    match delivery.source {
        Source::Shopify => shopify::parse(delivery),
        Source::Woocommerce => woocommerce::parse(delivery),
        Source::Stripe => stripe::parse(delivery),
        Source::Easypost => easypost::parse(delivery),
        Source::Aftership => aftership::parse(delivery),
        Source::Api => Err(ParseError::NoWebhooks),
    }
}
