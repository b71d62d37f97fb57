//! The port `Orders`.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::id::{ConversationId, DedupeKey, MessageId, PageId};
use domain::notice::OrderId;
use domain::orders::{Acquaintance, Alias, Order, Orders, TiedOrder, Writing, Written};
use domain::ports::StoreError;
use domain::retention;
use domain::shop::ShopEvent;

use crate::item::{self, Item};
use crate::key::Key;
use crate::transaction::{self, Ended};
use crate::{Table, error, key};

/// How many days an event is kept whose order nobody names.
const KEPT_DAYS: u64 = 30;

/// The most messages that are noted of an order that they name.
const MOST_NAMED: usize = 20;

impl Orders for Table {
    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.get(&key::order(id)).await?.as_ref().map(to_order).transpose()
    }

    async fn order_by(&self, page: &PageId, alias: &Alias) -> Result<Option<OrderId>, StoreError> {
        let Some(found) = self.get(&key::alias(&alias.key(page))).await? else { return Ok(None) };
        item::decode(&found, "order").map(Some)
    }

    async fn save_order(&self, writing: &Writing<'_>) -> Result<Written, StoreError> {
        let order = writing.order;
        let mut writes = vec![self.order_write(order)?];
        for notice in writing.notices {
            writes.push(self.put_new(self.of_notice(notice, Some(notice.created_at))?)?);
        }
        for alias in writing.aliases {
            let mut item = item::keyed(&key::alias(&alias.key(&order.page)));
            item.insert("order".into(), item::encode(&order.id)?);
            writes.push(self.put_plain(item)?);
        }
        for name in writing.names {
            writes.push(self.put_plain(item::keyed(&key::whose_order(name, &order.id)))?);
        }
        if let Some(conversation) = &order.conversation {
            writes.push(self.tie(conversation, &order.id)?);
        }
        match failpoint::around!("table.save_order", self.transact(writes).await)? {
            Ended::Written => Ok(Written::Written),
            Ended::Cancelled(_) => Ok(Written::Stale),
        }
    }

    async fn keep_event(&self, page: &PageId, event: &ShopEvent) -> Result<(), StoreError> {
        for alias in Alias::of(event) {
            let mut item = item::keyed(&key::kept_event(&alias.key(page), event.occurred_at, &event.digest()));
            item.insert("event".into(), item::encode(event)?);
            item.insert("expires_at".into(), AttributeValue::N(item::expiry(event.occurred_at, KEPT_DAYS)));
            let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
            failpoint::around!("table.keep_event", put.send().await).map_err(error::of)?;
        }
        Ok(())
    }

    async fn kept_events(&self, page: &PageId, alias: &Alias) -> Result<Vec<ShopEvent>, StoreError> {
        let kept = self.beginning_with(&key::alias_partition(&alias.key(page)), key::KEPT_PREFIX).await?;
        kept.iter().map(|item| item::decode(item, "event")).collect()
    }

    async fn acquaintance(&self, name: &DedupeKey) -> Result<Acquaintance, StoreError> {
        let mut known = Acquaintance::default();
        for item in self.of_partition(&key::who_partition(name)).await? {
            let sk = item.get("sk").and_then(|value| value.as_s().ok()).map_or("", String::as_str);
            match key::order_of(sk) {
                Some(order) => known.orders.push(order),
                None => known.conversation = Some(item::decode(&item, "conversation")?),
            }
        }
        Ok(known)
    }

    async fn acquaint(&self, name: &DedupeKey, conversation: &ConversationId) -> Result<(), StoreError> {
        let mut item = item::keyed(&key::whose_thread(name));
        item.insert("conversation".into(), item::encode(conversation)?);
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        failpoint::around!("table.acquaint", put.send().await).map(drop).map_err(error::of)
    }

    async fn tied_orders(&self, conversation: &ConversationId) -> Result<Vec<TiedOrder>, StoreError> {
        let items = self.beginning_with(&key::conversation_partition(conversation), key::TIED_PREFIX).await?;
        items.iter().map(to_tied).collect()
    }

    async fn remove_order(&self, order: &Order) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = order.notices.iter().map(key::notice).collect();
        for name in &order.filed_under {
            keys.extend([key::alias(name), key::whose_thread(name), key::whose_order(name, &order.id)]);
        }
        keys.extend(order.conversation.as_ref().map(|conversation| key::tied_order(conversation, &order.id)));
        // Last: while it stands, a removal that was broken off goes on when it is asked again.
        keys.push(key::order(&order.id));
        self.delete(keys).await
    }

    async fn untie(&self, conversation: &ConversationId, order: &OrderId) -> Result<(), StoreError> {
        self.delete(vec![key::tied_order(conversation, order)]).await
    }

    async fn name_order(&self, conversation: &ConversationId, order: &OrderId, message: &MessageId) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::tied_order(conversation, order))))
            .update_expression("SET named_in = list_append(if_not_exists(named_in, :none), :message), #schema = :schema")
            .condition_expression("attribute_not_exists(named_in) OR (size(named_in) < :most AND NOT contains(named_in, :id))")
            .expression_attribute_names("#schema", "schema")
            .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into()))
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":id", AttributeValue::S(message.to_string()))
            .expression_attribute_values(":message", AttributeValue::L(vec![AttributeValue::S(message.to_string())]))
            .expression_attribute_values(":most", AttributeValue::N(MOST_NAMED.to_string()));
        match failpoint::around!("table.name_order", update.send().await) {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(()),
            Err(other) => Err(error::of(other)),
        }
    }
}

impl Table {
    fn order_write(&self, order: &Order) -> Result<TransactWriteItem, StoreError> {
        let mut item = item::keyed(&key::order(&order.id));
        item.insert("revision".into(), AttributeValue::N((order.revision + 1).to_string()));
        item.insert("order".into(), item::encode(order)?);
        item::expire(&mut item, retention::ends_at(self.retention.messages, order.changed_at));
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        transaction::put(if order.revision == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("revision = :revision")
                .expression_attribute_values(":revision", AttributeValue::N(order.revision.to_string()))
        })
    }

    /// Gives an order its place beside a conversation, and leaves what stands there.
    fn tie(&self, conversation: &ConversationId, order: &OrderId) -> Result<TransactWriteItem, StoreError> {
        transaction::update(
            self.update_builder(&key::tied_order(conversation, order))
                .update_expression("SET #schema = :schema")
                .expression_attribute_names("#schema", "schema")
                .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into())),
        )
    }

    /// Reads the items of a partition whose sort keys begin alike.
    pub(crate) async fn beginning_with(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(partition.into()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.into()))
            .consistent_read(true)
            .send()
            .await
            .map_err(error::of)?;
        Ok(found.items.unwrap_or_default())
    }
}

pub(crate) fn to_order(item: &Item) -> Result<Order, StoreError> {
    let mut order: Order = item::decode(item, "order")?;
    order.revision = item::number(item, "revision").ok_or_else(|| item::corrupt(item, "no revision"))?;
    Ok(order)
}

fn to_tied(item: &Item) -> Result<TiedOrder, StoreError> {
    let sk = item.get("sk").and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    let order = key::order_of(sk).ok_or_else(|| item::corrupt(item, "the key names no order"))?;
    let named_in = if item.contains_key("named_in") { item::decode(item, "named_in")? } else { Vec::new() };
    Ok(TiedOrder { order, named_in })
}
