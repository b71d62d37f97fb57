//! The port `DueIndex`: pending messages by the moment at which they should have left.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{Due, DueIndex, StoreError};
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::key::Key;
use crate::{Table, error, key};

impl DueIndex for Table {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let mut due = Vec::new();
        for shard in 0..key::DUE_SHARDS {
            due.extend(self.due_in(key::due_partition(shard), now, limit).await?.iter().filter_map(to_due));
        }
        due.sort_by_key(|item| item.due_at);
        due.truncate(limit);
        Ok(due)
    }

    async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), StoreError> {
        let sort = |at| key::due_sort(at, &due.conversation, &due.message);
        let partition = key::due_partition(key::due_shard(&due.conversation));
        self.move_due(&key::pending(&due.conversation, &due.message), partition, sort(due.due_at), sort(until)).await
    }
}

impl Table {
    /// Reads what is due in one partition of the index, the longest overdue first.
    pub(crate) async fn due_in(&self, partition: String, now: Timestamp, limit: usize) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(key::DUE_INDEX)
            .key_condition_expression("due_pk = :pk AND due_sk <= :now")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":now", AttributeValue::S(key::due_until(now)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        Ok(query.send().await.map_err(error::of)?.items.unwrap_or_default())
    }

    /// Moves a row within the index, if it still stands where it was read.
    pub(crate) async fn move_due(&self, row: &Key, partition: String, read: String, until: String) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(row)))
            .update_expression("SET due_pk = :due, due_sk = :until")
            .condition_expression("due_sk = :read")
            .expression_attribute_values(":due", AttributeValue::S(partition))
            .expression_attribute_values(":until", AttributeValue::S(until))
            .expression_attribute_values(":read", AttributeValue::S(read));
        match failpoint::around!("table.postpone", update.send().await) {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(()),
            Err(other) => Err(error::of(other)),
        }
    }
}

/// Reads a place in the index. One that cannot be read must not keep every other message from leaving.
pub(crate) fn to_due(item: &Item) -> Option<Due> {
    let sort = item.get("due_sk").and_then(|value| value.as_s().ok());
    let Some((due_at, conversation, message)) = sort.and_then(|sort| key::parse_due_sort(sort)) else {
        let err = error::corrupt(item.get("pk"), item.get("sk"), "due_sk names no message");
        tracing::error!(error = %err, "a pending message cannot be relayed");
        return None;
    };
    Some(Due { conversation, message, due_at })
}
