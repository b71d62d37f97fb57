//! Work that can never succeed, set aside with its reason. It is kept until somebody replays or removes it, or its time is over.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use domain::id::{DedupeKey, MessageId, PageId};
use domain::ports::{Parked, ParkedRow, ParkedWork, StoreError};
use domain::retention;
use domain::time::Timestamp;

use crate::item::Item;
use crate::key::Key;
use crate::transaction::{self, Ended, Verdict};
use crate::{Table, blob, error, item, key};

const DAY_MS: i64 = 86_400_000;

/// Who brings a row back; parking writes the row without it.
const MARK: &str = "replay_mark";

impl ParkedWork for Table {
    async fn parked_on(&self, day: Timestamp, after: Option<&MessageId>, limit: usize) -> Result<Vec<ParkedRow>, StoreError> {
        let begin = after.map_or_else(String::new, |id| key::after_pieces(&key::parked(day, id)));
        let mut rows = Vec::new();
        let mut read = VecDeque::new();
        let mut start: Option<Item> = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk AND sk > :begin")
                .expression_attribute_values(":pk", AttributeValue::S(key::parked_partition(day)))
                .expression_attribute_values(":begin", AttributeValue::S(if begin.is_empty() { " ".into() } else { begin.clone() }))
                .set_exclusive_start_key(start.take())
                .consistent_read(true);
            let page = query.send().await.map_err(error::of)?;
            start.clone_from(&page.last_evaluated_key);
            read.extend(page.items.unwrap_or_default());
            take_whole_rows(&mut read, start.is_none(), limit, &mut rows)?;
            if start.is_none() || rows.len() >= limit {
                return Ok(rows);
            }
        }
    }

    async fn mark_parked(&self, row: &ParkedRow, mark: &str) -> Result<bool, StoreError> {
        let write = |key: Item| {
            let update = Update::builder().table_name(&self.name).set_key(Some(key)).update_expression(format!("SET {MARK} = :mark"));
            let update = update.condition_expression("attribute_exists(pk)");
            transaction::update(update.expression_attribute_values(":mark", AttributeValue::S(mark.to_owned())))
        };
        self.write_parked(row, write).await
    }

    async fn unpark(&self, row: &ParkedRow, mark: &str) -> Result<bool, StoreError> {
        let write = |key: Item| {
            let delete = Delete::builder().table_name(&self.name).set_key(Some(key)).condition_expression(format!("{MARK} = :mark"));
            transaction::delete(delete.expression_attribute_values(":mark", AttributeValue::S(mark.to_owned())))
        };
        self.write_parked(row, write).await
    }
}

/// Makes rows of items in their order: each head is followed by its pieces. What a later page may complete stays.
fn take_whole_rows(read: &mut VecDeque<Item>, is_all: bool, limit: usize, rows: &mut Vec<ParkedRow>) -> Result<(), StoreError> {
    while rows.len() < limit {
        let Some(head) = read.front() else { return Ok(()) };
        let Some(id) = sort_key(head).and_then(key::parked_id) else {
            // A piece whose head is not written yet.
            read.pop_front();
            continue;
        };
        let pieces = blob::pieces(head);
        if read.len() <= pieces && !is_all {
            return Ok(());
        }
        let head = read.pop_front().unwrap_or_default();
        let pieces: Vec<Item> = read.drain(..pieces.min(read.len())).collect();
        rows.push(ParkedRow { id, work: work(&head, &pieces)? });
    }
    Ok(())
}

fn sort_key(item: &Item) -> Option<&str> {
    item.get("sk")?.as_s().ok().map(String::as_str)
}

fn work(head: &Item, pieces: &[Item]) -> Result<Parked, StoreError> {
    let corrupt = |reason: &str| error::corrupt(head.get("pk"), head.get("sk"), reason);
    let text = |name: &str| head.get(name).and_then(|value| value.as_s().ok()).cloned();
    let received_at = text("received_at").and_then(|at| Timestamp::from_rfc3339(&at)).ok_or_else(|| corrupt("no received_at"))?;
    Ok(Parked {
        kind: text("kind").ok_or_else(|| corrupt("no kind"))?,
        reason: text("reason").unwrap_or_default(),
        body: blob::unpack(head, pieces).ok_or_else(|| corrupt("its bytes are not all there"))?,
        page: text("page").and_then(PageId::new),
        received_at,
    })
}

impl Table {
    /// Writes to a row and all its pieces in one transaction. Tells whether it was written: a condition may stand in the way.
    async fn write_parked(
        &self,
        row: &ParkedRow,
        write: impl Fn(Item) -> Result<TransactWriteItem, StoreError>,
    ) -> Result<bool, StoreError> {
        let keys = self.keys_of_parked(&key::parked(row.work.received_at, &row.id)).await?;
        if keys.is_empty() {
            return Ok(false);
        }
        let writes = keys.into_iter().map(write).collect::<Result<_, _>>()?;
        match self.transact(writes).await? {
            Ended::Written => Ok(true),
            Ended::Cancelled(verdicts) if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Conflict)) => {
                Err(StoreError::Unavailable { reason: String::from("another transaction held the parked work") })
            }
            Ended::Cancelled(_) => Ok(false),
        }
    }

    /// The keys of a row and its pieces.
    async fn keys_of_parked(&self, row: &Key) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :row AND :end")
            .expression_attribute_values(":pk", AttributeValue::S(row.pk.clone()))
            .expression_attribute_values(":row", AttributeValue::S(row.sk.clone()))
            .expression_attribute_values(":end", AttributeValue::S(key::after_pieces(row)))
            .projection_expression("pk, sk")
            .consistent_read(true);
        Ok(query.send().await.map_err(error::of)?.items.unwrap_or_default())
    }

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
