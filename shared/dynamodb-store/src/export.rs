//! The port `Exporting`: the partition of a conversation in the order of its keys.

use domain::export::{Record, Records};
use domain::id::ConversationId;
use domain::ports::{Exporting, StoreError};

use crate::item::{self, Item};
use crate::{Table, blob, key};

/// How many items one page reads. A query gives 1 MB at most.
const ITEMS_A_PAGE: i32 = 50;

impl Exporting for Table {
    async fn records(&self, id: &ConversationId, after: Option<&str>) -> Result<Records, StoreError> {
        let (items, next) = self.partition(id, after, ITEMS_A_PAGE).await?;
        let mut records = Vec::new();
        for item in &items {
            records.extend(self.record_of(item).await?);
        }
        Ok(Records { records, next })
    }
}

impl Table {
    /// Reads an item as a record; nothing for what only points to one or holds the rest of one.
    async fn record_of(&self, item: &Item) -> Result<Option<Record>, StoreError> {
        if item.contains_key("message") {
            let mut message = item::to_message(item)?;
            message.raw = self.raw(item).await?;
            return Ok(Some(Record::Message(Box::new(message))));
        }
        if item.contains_key("event") {
            let mut event = item::to_event(item)?;
            event.raw = self.raw(item).await?.unwrap_or_default();
            return Ok(Some(Record::Event(Box::new(event))));
        }
        let conversation = item.contains_key("conversation").then(|| item::to_conversation(item)).transpose()?;
        Ok(conversation.map(|conversation| Record::Conversation(Box::new(conversation))))
    }

    /// Reads the whole raw event of a row, whose pieces stand beside it.
    async fn raw(&self, item: &Item) -> Result<Option<String>, StoreError> {
        let of = item::to_key(item)?;
        let mut pieces = Vec::new();
        for number in 1..=blob::pieces(item) {
            let Some(piece) = self.get(&key::piece(&of, number)).await? else { return Ok(None) };
            pieces.push(piece);
        }
        Ok(blob::unpack(item, &pieces).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
