//! The port `Erasure`: a tombstone for the summary, and the rows page by page, each after what points to it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use domain::erase::Tombstone;
use domain::id::{ConversationId, DedupeKey};
use domain::message::Message;
use domain::ports::{Erasure, Removed, StoreError};
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::key::{self, Key};
use crate::transaction::{self, Ended, Verdict};
use crate::{Table, error};

/// How many rows one step reads. A query gives 1 MB at most.
const ROWS_A_STEP: i32 = 50;

/// The most deletes of one transaction, which takes 100 writes; one is the tombstone's.
const MOST_DELETES: usize = 99;

/// What one transaction deletes, each key once: a transaction takes none twice.
type Keys = BTreeMap<(String, String), Key>;

impl Erasure for Table {
    async fn bury(&self, id: &ConversationId, tombstone: &Tombstone) -> Result<bool, StoreError> {
        let condition = if tombstone.version == 0 { "attribute_not_exists(pk)" } else { "version = :version" };
        let put = self.client.put_item().table_name(&self.name).condition_expression(condition);
        let put = put.set_item(Some(item::of_tombstone(id, tombstone)?));
        let put = if tombstone.version == 0 {
            put
        } else {
            put.expression_attribute_values(":version", AttributeValue::N(tombstone.version.to_string()))
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service))
                if matches!(
                    service.err(),
                    PutItemError::ConditionalCheckFailedException(_) | PutItemError::TransactionConflictException(_)
                ) =>
            {
                Ok(false)
            }
            Err(other) => Err(error::of(other)),
        }
    }

    async fn remove(&self, id: &ConversationId, erased_at: Timestamp, after: Option<&str>) -> Result<Removed, StoreError> {
        let (items, next) = self.partition(id, after, ROWS_A_STEP).await?;
        let (mut pointers, mut rows, mut ahead) = (Keys::new(), Keys::new(), Keys::new());
        for item in &items {
            let Some((key, moment)) = row(item) else { continue };
            if moment <= erased_at {
                insert(&mut pointers, pointers_to(item));
                insert(&mut rows, [key]);
            } else {
                insert(&mut ahead, pointers_to(item).into_iter().chain([key]));
            }
        }
        self.delete(pointers.into_values().collect()).await?;
        let mut removed = rows.len() as u64;
        self.delete(rows.into_values().collect()).await?;
        removed += self.delete_under_the_tombstone(id, ahead.into_values().collect()).await?;
        Ok(Removed { rows: removed, next })
    }
}

impl Table {
    /// Reads some items of a conversation's partition, from the place `after` on, and the place where it goes on.
    pub(crate) async fn partition(
        &self,
        id: &ConversationId,
        after: Option<&str>,
        limit: i32,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        let pk = key::conversation_partition(id);
        let start = after.map(|sk| item::key_of(&Key { pk: pk.clone(), sk: sk.to_owned() }));
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .set_exclusive_start_key(start)
            .consistent_read(true)
            .limit(limit)
            .send()
            .await
            .map_err(error::of)?;
        let next = found.last_evaluated_key.as_ref().and_then(sort_key);
        Ok((found.items.unwrap_or_default(), next))
    }

    pub(crate) async fn delete(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        for keys in keys.chunks(MOST_DELETES) {
            let writes = keys.iter().map(|key| self.delete_of(key)).collect::<Result<_, _>>()?;
            match self.transact(writes).await? {
                Ended::Written => {}
                Ended::Cancelled(_) => return Err(in_the_way()),
            }
        }
        Ok(())
    }

    /// Deletes what is dated ahead, while the tombstone stands: of a conversation that began since nothing can be told from it. Returns how
    /// much that was.
    async fn delete_under_the_tombstone(&self, id: &ConversationId, keys: Vec<Key>) -> Result<u64, StoreError> {
        let mut removed = 0;
        for keys in keys.chunks(MOST_DELETES) {
            let mut writes = vec![self.touch_tombstone(id)?];
            for key in keys {
                writes.push(self.delete_of(key)?);
            }
            match self.transact(writes).await? {
                Ended::Written => removed += keys.iter().filter(|key| key::row_moment(&key.sk).is_some()).count() as u64,
                Ended::Cancelled(verdicts) if matches!(verdicts.first(), Some(Verdict::Refused(_))) => return Ok(removed),
                Ended::Cancelled(_) => return Err(in_the_way()),
            }
        }
        Ok(removed)
    }

    /// Changes nothing, and fails when a conversation stands there.
    fn touch_tombstone(&self, id: &ConversationId) -> Result<TransactWriteItem, StoreError> {
        transaction::update(
            self.update_builder(&key::conversation(id))
                .update_expression("SET #schema = :schema")
                .condition_expression("attribute_exists(erased_at)")
                .expression_attribute_names("#schema", "schema")
                .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into())),
        )
    }

    fn delete_of(&self, key: &Key) -> Result<TransactWriteItem, StoreError> {
        transaction::delete(Delete::builder().table_name(&self.name).set_key(Some(item::key_of(key))))
    }
}

fn in_the_way() -> StoreError {
    StoreError::Unavailable { reason: "another transaction holds what is to be removed".into() }
}

fn insert(keys: &mut Keys, more: impl IntoIterator<Item = Key>) {
    keys.extend(more.into_iter().map(|key| ((key.pk.clone(), key.sk.clone()), key)));
}

fn sort_key(item: &Item) -> Option<String> {
    item.get("sk")?.as_s().ok().cloned()
}

/// Returns the key of a row and its moment; nothing for the summary.
fn row(item: &Item) -> Option<(Key, Timestamp)> {
    let pk = item.get("pk")?.as_s().ok()?.clone();
    let sk = sort_key(item)?;
    let moment = key::row_moment(&sk)?;
    Some((Key { pk, sk }, moment))
}

/// Returns what points to a row: the marker under which it was recorded, and for a message those of its platform ids and of its request, and
/// its locator. A row that cannot be read is removed all the same.
fn pointers_to(item: &Item) -> Vec<Key> {
    let mut keys: Vec<Key> = item::to_recorded_under(item).iter().map(key::marker).collect();
    let Some(message) = item.get("message").and_then(|_| item::to_message(item).ok()) else { return keys };
    keys.extend(platform_keys(&message).iter().map(key::marker));
    keys.extend(message.request.iter().map(|request| key::marker(&request.key)));
    keys.push(key::locator(&message.id));
    keys
}

fn platform_keys(message: &Message) -> Vec<DedupeKey> {
    message.platform_ids.iter().map(|platform_id| DedupeKey::of_message(&message.page, platform_id)).collect()
}
