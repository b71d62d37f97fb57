//! Work that can never succeed, set aside with its reason. It is kept until somebody replays or removes it, or its time is over.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{DedupeKey, MessageId};
use domain::ports::{Parked, StoreError};
use domain::retention;
use domain::time::Timestamp;

use crate::{Table, blob, error, item, key};

const DAY_MS: i64 = 86_400_000;

impl Table {
    /// Writes the pieces first and the head last: a head never stands without its pieces. Parking the same work twice is one row.
    pub(crate) async fn put_parked(&self, parked: &Parked) -> Result<(), StoreError> {
        let content = DedupeKey::of_content(&[&parked.kind, &String::from_utf8_lossy(&parked.body)]);
        // By the day: a job that comes back every few minutes and can never succeed is one row a day.
        let day = Timestamp::from_millis(parked.received_at.as_millis() / DAY_MS * DAY_MS);
        let id = MessageId::derived(day, &content);
        let key = key::parked(parked.received_at, &id);
        let mut head = item::keyed(&key);
        head.insert("kind".into(), AttributeValue::S(parked.kind.clone()));
        head.insert("reason".into(), AttributeValue::S(parked.reason.clone()));
        head.insert("received_at".into(), AttributeValue::S(parked.received_at.to_rfc3339()));
        if let Some(page) = &parked.page {
            head.insert("page".into(), AttributeValue::S(page.to_string()));
        }
        let pieces = blob::pack(&mut head, &key, &parked.body);
        let ends_at = retention::ends_at(self.retention.parked, parked.received_at);
        for mut item in pieces.into_iter().chain([head]) {
            item::expire(&mut item, ends_at);
            let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
            failpoint::around!("table.park", put.send().await).map_err(error::of)?;
        }
        Ok(())
    }
}
