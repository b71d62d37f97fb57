//! The port `Inbox`: lists for agents and backends.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::conversation::{Conversation, Status};
use domain::id::{ConversationId, MessageId, PageId};
use domain::message::Message;
use domain::ports::{Inbox, InboxFilter, InboxPosition, Order, StoreError};
use futures::future::try_join_all;

use crate::item::{self, Item};
use crate::{Table, error, key};

/// How many rows are read at once when most of them may be filtered out.
const FILTERED_READ: usize = 300;

impl Inbox for Table {
    /// Asks each shard of each Page and status for its newest and merges them: `limit` rows a shard at most.
    async fn list(&self, filter: &InboxFilter, after: Option<&InboxPosition>, limit: usize) -> Result<Vec<Conversation>, StoreError> {
        let pages = match &filter.page {
            Some(page) => vec![page.clone()],
            None => self.pages().await?,
        };
        let statuses = filter.status.map_or_else(|| Status::ALL.to_vec(), |status| vec![status]);
        let partitions = pages.iter().flat_map(|page| {
            statuses.iter().flat_map(move |status| (0..key::INBOX_SHARDS).map(move |shard| key::inbox_partition(page, *status, shard)))
        });
        let queries = partitions.map(|partition| self.newest(partition, filter, after, limit));
        let mut merged: Vec<Conversation> = try_join_all(queries).await?.into_iter().flatten().collect();
        merged.sort_by_key(|conversation| Reverse((conversation.last_activity_at, conversation.id.clone())));
        merged.truncate(limit);
        Ok(merged)
    }

    async fn messages(
        &self,
        conversation: &ConversationId,
        order: Order,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut messages = Vec::new();
        let mut start = after.map(|id| item::key_of(&key::message(conversation, id)));
        while messages.len() < limit {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk AND begins_with(sk, :message)")
                // The pieces of a long raw event stand beside their row.
                .filter_expression("attribute_exists(#message)")
                .expression_attribute_names("#message", "message")
                .expression_attribute_values(":pk", AttributeValue::S(key::conversation_partition(conversation)))
                .expression_attribute_values(":message", AttributeValue::S(key::MESSAGE_PREFIX.into()))
                .scan_index_forward(order == Order::OldestFirst)
                .set_exclusive_start_key(start.take())
                .consistent_read(true)
                .limit(i32::try_from(limit - messages.len()).unwrap_or(i32::MAX))
                .send()
                .await
                .map_err(error::of)?;
            for item in page.items() {
                messages.push(item::to_message(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(messages)
    }
}

impl Table {
    async fn newest(
        &self,
        partition: String,
        filter: &InboxFilter,
        after: Option<&InboxPosition>,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        let mut found = Vec::new();
        let mut start: Option<Item> = None;
        let before = after.map_or_else(|| String::from("~"), |at| key::inbox_sort(at.last_activity_at, &at.conversation));
        while found.len() < limit {
            // The table counts what it reads and not what a filter leaves.
            let read = if filter.assignee.is_some() { FILTERED_READ } else { limit - found.len() };
            let mut query = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(key::INBOX_INDEX)
                .key_condition_expression("inbox_pk = :pk AND inbox_sk < :before")
                .expression_attribute_values(":pk", AttributeValue::S(partition.clone()))
                .expression_attribute_values(":before", AttributeValue::S(before.clone()))
                .scan_index_forward(false)
                .set_exclusive_start_key(start.take())
                .limit(i32::try_from(read).unwrap_or(i32::MAX));
            if let Some(assignee) = &filter.assignee {
                query = query
                    .filter_expression("conversation.assignee = :assignee")
                    .expression_attribute_values(":assignee", AttributeValue::S(assignee.clone()));
            }
            let page = query.send().await.map_err(error::of)?;
            for item in page.items() {
                found.push(item::to_conversation(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The Pages that conversations were begun with.
    pub(crate) async fn pages(&self) -> Result<Vec<PageId>, StoreError> {
        let mut pages = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let found = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(key::PAGES.into()))
                .set_exclusive_start_key(start.take())
                .send()
                .await
                .map_err(error::of)?;
            let names = found.items().iter().filter_map(|item| item.get("sk")?.as_s().ok().cloned());
            pages.extend(names.filter_map(PageId::new));
            start = found.last_evaluated_key;
            if start.is_none() {
                return Ok(pages);
            }
        }
    }
}
