//! The port `Deliveries`: what was told to each endpoint, and what is still to be told.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::announce::{AnnouncementId, Begun, Deliveries, Delivery, EndpointId};
use domain::ports::StoreError;

use crate::{Table, error, item, key};

/// What sorts after every delivery of an endpoint.
const AFTER_ALL: &str = "A#~";

impl Deliveries for Table {
    async fn begin_delivery(&self, delivery: &Delivery) -> Result<Begun, StoreError> {
        if self.put_at(item::of_delivery(delivery)?, 0).await? {
            return Ok(Begun::New);
        }
        let before = self.delivery(&delivery.endpoint, &delivery.announcement.id).await?;
        // Its time may have ended between the two calls.
        let gone = || StoreError::Unavailable { reason: String::from("the delivery was there and is gone") };
        before.map(|before| Begun::Before(Box::new(before))).ok_or_else(gone)
    }

    async fn delivery(&self, endpoint: &EndpointId, announcement: &AnnouncementId) -> Result<Option<Delivery>, StoreError> {
        self.get(&key::delivery(endpoint, announcement)).await?.as_ref().map(item::to_delivery).transpose()
    }

    async fn put_delivery(&self, delivery: &Delivery) -> Result<bool, StoreError> {
        self.put_at(item::of_delivery(delivery)?, delivery.revision).await
    }

    async fn deliveries(&self, endpoint: &EndpointId, after: Option<&AnnouncementId>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let end = after.map_or_else(|| String::from(AFTER_ALL), |after| key::delivery(endpoint, after).sk);
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk < :end")
            .expression_attribute_values(":pk", AttributeValue::S(key::delivery_partition(endpoint)))
            .expression_attribute_values(":end", AttributeValue::S(end))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(error::of)?;
        found.items().iter().map(item::to_delivery).collect()
    }
}
