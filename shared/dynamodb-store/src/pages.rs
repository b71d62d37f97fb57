//! The ports `Holds` and `Watches`: the Pages on which nothing can be sent now with what waits for them, and what the sweep knows of each.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::hold::Hold;
use domain::id::PageId;
use domain::ports::{Due, Holds, StoreError, Watches};
use domain::watch::Watch;

use crate::due::to_due;
use crate::item::Item;
use crate::{Table, error, item, key};

impl Holds for Table {
    async fn hold(&self, page: &PageId) -> Result<Option<Hold>, StoreError> {
        self.get(&key::hold(page)).await?.as_ref().map(item::to_hold).transpose()
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.of_partition(key::HOLDS).await?.iter().map(item::to_hold).collect()
    }

    async fn put_hold(&self, hold: &Hold) -> Result<bool, StoreError> {
        self.put_at(item::of_hold(hold)?, hold.revision).await
    }

    async fn remove_hold(&self, hold: &Hold) -> Result<(), StoreError> {
        let removed = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::hold(&hold.page))))
            .condition_expression("revision = :revision")
            .expression_attribute_values(":revision", AttributeValue::N(hold.revision.to_string()))
            .send()
            .await;
        match removed {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(()),
            Err(other) => Err(error::of(other)),
        }
    }

    async fn held(&self, page: &PageId, limit: usize) -> Result<Vec<Due>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(key::DUE_INDEX)
            .key_condition_expression("due_pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(key::held_partition(page)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(error::of)?;
        Ok(found.items().iter().filter_map(to_due).collect())
    }
}

impl Watches for Table {
    async fn watches(&self) -> Result<Vec<Watch>, StoreError> {
        self.of_partition(key::WATCHES).await?.iter().map(item::to_watch).collect()
    }

    async fn put_watch(&self, watch: &Watch) -> Result<bool, StoreError> {
        self.put_at(item::of_watch(watch)?, watch.revision).await
    }
}

impl Table {
    /// Reads a partition of a handful of items.
    pub(crate) async fn of_partition(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.into()))
            .consistent_read(true)
            .send()
            .await
            .map_err(error::of)?;
        Ok(found.items.unwrap_or_default())
    }

    /// Writes an item if the stored one still has the revision that was read, 0 for none. Tells whether it was written.
    pub(crate) async fn put_at(&self, item: Item, revision: u64) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = if revision == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("revision = :revision")
                .expression_attribute_values(":revision", AttributeValue::N(revision.to_string()))
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(false),
            Err(other) => Err(error::of(other)),
        }
    }
}
