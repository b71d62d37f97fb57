//! The port `Deletions`: what became of requests to delete.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::deletion::{ConfirmationCode, Deletion};
use domain::id::PageId;
use domain::ports::{Deletions, StoreError};

use crate::{Table, error, item, key};

impl Deletions for Table {
    async fn deletion(&self, code: &ConfirmationCode) -> Result<Option<Deletion>, StoreError> {
        self.get(&key::deletion(code)).await?.as_ref().map(item::to_deletion).transpose()
    }

    async fn put_deletion(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let mut item = item::keyed(&key::deletion(&deletion.code));
        item.insert("deletion".into(), item::encode(deletion)?);
        item.insert("expires_at".into(), AttributeValue::N(item::expiry(deletion.asked_at, item::DELETION_DAYS)));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).map_err(error::of)
    }

    async fn known_pages(&self) -> Result<Vec<PageId>, StoreError> {
        self.pages().await
    }
}
