//! The queue of orders: deliveries of shops, payment services and carriers as they came, proven genuine.

use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::PageId;
use domain::shop::{ShopDelivery, Source};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::intake::{self, IntakeError, JOB, NotADelivery, QueueBody, attribute};

/// The tag and version of a job, so that a later version knows what it reads.
const SHOP_DELIVERY: &str = "shop.delivery.v1";

const SOURCE: &str = "source";
const TOPIC: &str = "topic";
const SHOP: &str = "shop";
const DELIVERY_ID: &str = "delivery_id";
const PAGE: &str = "page";

/// A delivery is not in the queue.
#[derive(Debug, thiserror::Error)]
pub enum ShopQueueError {
    #[error("a body of {bytes} bytes is too large to keep, even compressed")]
    TooLarge { bytes: usize },
    #[error(transparent)]
    NotTaken(#[from] IntakeError),
}

/// The producing end of the queue of orders.
#[derive(Debug, Clone)]
pub struct ShopQueue {
    client: Client,
    url: String,
}

impl ShopQueue {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Puts one delivery into the queue, with one call.
    pub async fn put(&self, delivery: &ShopDelivery) -> Result<(), ShopQueueError> {
        let body = QueueBody::of(&delivery.body).ok_or(ShopQueueError::TooLarge { bytes: delivery.body.len() })?;
        let facts = facts(delivery);
        Ok(intake::send(&self.client, &self.url, body, facts, delivery.received_at, &delivery.request_id).await?)
    }
}

/// What a message says beside its body. Absent facts have no attribute: a queue takes no empty ones.
fn facts(delivery: &ShopDelivery) -> Vec<(&'static str, &str)> {
    let page = delivery.page.as_ref().map(PageId::as_str);
    let told = [(TOPIC, &delivery.topic), (SHOP, &delivery.shop), (DELIVERY_ID, &delivery.delivery_id)];
    let told = told.into_iter().map(|(name, value)| (name, value.as_deref())).chain([(PAGE, page)]);
    let told = told.filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    [(JOB, SHOP_DELIVERY), (SOURCE, delivery.source.as_str())].into_iter().chain(told).collect()
}

/// Tells whether a queue message is a delivery of a shop's.
#[must_use]
pub fn is_delivery(message: &SqsMessage) -> bool {
    attribute(message, JOB).as_deref() == Some(SHOP_DELIVERY)
}

/// Reads a delivery out of a queue message. One that does not say its source cannot be read.
///
/// `now` stands in for the moment of receipt when the message does not tell it.
pub fn read(message: &SqsMessage, now: Timestamp) -> Result<ShopDelivery, NotADelivery> {
    let delivery = intake::read_job(message, SHOP_DELIVERY, now)?;
    let source = attribute(message, SOURCE).and_then(|name| Source::parse_webhook(&name)).ok_or(NotADelivery::UnknownSource)?;
    Ok(ShopDelivery {
        source,
        topic: attribute(message, TOPIC),
        shop: attribute(message, SHOP),
        delivery_id: attribute(message, DELIVERY_ID),
        page: attribute(message, PAGE).and_then(PageId::new),
        received_at: delivery.received_at,
        request_id: delivery.request_id,
        body: delivery.body,
    })
}

/// A delivery as it is parked, with all that its message told beside the body.
#[derive(Serialize, Deserialize)]
struct Parked {
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shop: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<PageId>,
    received_at: Timestamp,
    /// In base64: what cannot be read may be no text.
    body: String,
}

/// Writes a delivery that is set aside.
#[must_use]
pub fn to_parked(delivery: &ShopDelivery) -> Vec<u8> {
    let parked = Parked {
        source: delivery.source.as_str().into(),
        topic: delivery.topic.clone(),
        shop: delivery.shop.clone(),
        delivery_id: delivery.delivery_id.clone(),
        page: delivery.page.clone(),
        received_at: delivery.received_at,
        body: STANDARD.encode(&delivery.body),
    };
    // Plain types of ours: writing them does not fail.
    serde_json::to_vec(&parked).unwrap_or_default()
}

/// Reads [`to_parked`] back; nothing when it is none.
#[must_use]
pub fn from_parked(bytes: &[u8]) -> Option<ShopDelivery> {
    let parked: Parked = serde_json::from_slice(bytes).ok()?;
    Some(ShopDelivery {
        source: Source::parse_webhook(&parked.source)?,
        topic: parked.topic,
        shop: parked.shop,
        delivery_id: parked.delivery_id,
        page: parked.page,
        received_at: parked.received_at,
        request_id: String::from("replay"),
        body: STANDARD.decode(parked.body).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::sqs::SqsMessageAttribute;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

    fn delivery() -> ShopDelivery {
        ShopDelivery {
            source: Source::Shopify,
            topic: Some("orders/create".into()),
            shop: Some("lamp.myshopify.com".into()),
            delivery_id: Some("b54557e4".into()),
            page: PageId::new("108234567890123"),
            received_at: NOW,
            request_id: String::new(),
            body: b"{}".to_vec(),
        }
    }

    /// A message with these facts, as the queue gives it.
    fn message(body: &str, facts: Vec<(&str, &str)>) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.body = Some(body.to_owned());
        for (name, value) in facts {
            let mut attribute = SqsMessageAttribute::default();
            attribute.string_value = Some(value.to_owned());
            message.message_attributes.insert(name.to_owned(), attribute);
        }
        message
    }

    #[test]
    fn a_delivery_is_read_as_it_was_written_and_what_is_absent_stays_absent() {
        let whole = delivery();
        assert_eq!(read(&message("{}", facts(&whole)), NOW), Ok(whole.clone()));
        let bare = ShopDelivery { topic: None, shop: Some(String::new()), delivery_id: None, page: None, ..whole };
        assert_eq!(facts(&bare), [("job", SHOP_DELIVERY), ("source", "shopify")]);
        assert_eq!(read(&message("{}", facts(&bare)), NOW), Ok(ShopDelivery { shop: None, ..bare }));
    }

    #[test]
    fn a_message_of_another_kind_or_of_no_known_source_is_refused() {
        let other = message("{}", vec![("job", "meta.delivery.v1")]);
        assert_eq!(read(&other, NOW), Err(NotADelivery::UnknownJob("meta.delivery.v1".into())));
        assert!(!is_delivery(&other));
        for facts in [vec![], vec![("job", SHOP_DELIVERY), ("source", "api")], vec![("source", "amazon")]] {
            assert_eq!(read(&message("{}", facts), NOW), Err(NotADelivery::UnknownSource));
        }
    }

    #[test]
    fn no_fact_is_more_than_a_queue_takes() {
        // Ten attributes; three of them stand in the code that every delivery shares.
        assert!(facts(&delivery()).len() + 3 <= 10);
    }
}
