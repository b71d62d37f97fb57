//! The port `Consents`: a partition for each subject, an item for each entry.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::consent::{Consents, Entry, Subject, WordsId};
use domain::ports::StoreError;

use crate::item::{self, Item};
use crate::{Table, error, key};

impl Consents for Table {
    async fn append(&self, entry: &Entry) -> Result<bool, StoreError> {
        let mut item = item::keyed(&key::consent(entry));
        item.insert("consent".into(), item::encode(entry)?);
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(false),
            Err(other) => Err(error::of(other)),
        }
    }

    async fn entries(&self, subject: &Subject) -> Result<Vec<Entry>, StoreError> {
        let items = self.whole_partition(&key::consent_partition(subject)).await?;
        items.iter().map(|item| item::decode(item, "consent")).collect()
    }

    async fn remove_entry(&self, entry: &Entry) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(item::key_of(&key::consent(entry))));
        delete.send().await.map(drop).map_err(error::of)
    }

    async fn put_words(&self, id: &WordsId, words: &str) -> Result<(), StoreError> {
        let mut item = item::keyed(&key::words(id));
        item.insert("shown".into(), AttributeValue::S(words.to_owned()));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).map_err(error::of)
    }

    async fn words(&self, id: &WordsId) -> Result<Option<String>, StoreError> {
        self.get(&key::words(id)).await?.as_ref().map(|item| item::decode(item, "shown")).transpose()
    }
}

impl Table {
    /// Reads every item of a partition that stays small, in the order of the keys.
    pub(crate) async fn whole_partition(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
                .set_exclusive_start_key(start.take())
                .consistent_read(true);
            let page = query.send().await.map_err(error::of)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
