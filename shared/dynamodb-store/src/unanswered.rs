//! The port `UnansweredIndex`: conversations by the moment since which their customers wait.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{StoreError, UnansweredIndex};
use domain::time::Timestamp;
use futures::future::try_join_all;

use crate::{Table, error, key};

impl UnansweredIndex for Table {
    async fn oldest_unanswered(&self) -> Result<Option<Timestamp>, StoreError> {
        let oldest = try_join_all((0..key::UNANSWERED_SHARDS).map(|shard| self.oldest_of(shard))).await?;
        Ok(oldest.into_iter().flatten().min())
    }
}

impl Table {
    async fn oldest_of(&self, shard: u32) -> Result<Option<Timestamp>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(key::UNANSWERED_INDEX)
            .key_condition_expression("unanswered_pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(key::unanswered_partition(shard)))
            .limit(1)
            .send()
            .await
            .map_err(error::of)?;
        let sort = found.items().first().and_then(|item| item.get("unanswered_sk")?.as_s().ok());
        Ok(sort.and_then(|sort| key::parse_unanswered_sort(sort)))
    }
}
