//! Rows as items. Every item carries `schema`, so that a later version knows what it reads.

#[expect(clippy::disallowed_types, reason = "the SDK's type; items have no order")]
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::announce::{Delivery, Endpoint};
use domain::conversation::Conversation;
use domain::deletion::Deletion;
use domain::erase::{Standing, Tombstone};
use domain::history::TimelineEvent;
use domain::hold::Hold;
use domain::id::{ConversationId, DedupeKey, MessageId};
use domain::message::{Message, MessageChange, Outcome, WaitingFor};
use domain::ports::StoreError;
use domain::template::PageTemplate;
use domain::time::Timestamp;
use domain::watch::Watch;
use serde::de::DeserializeOwned;

use crate::key::{self, Key};
use crate::{blob, error};

/// The version of everything that this crate writes.
pub(crate) const SCHEMA: &str = "1";

#[expect(clippy::disallowed_types, reason = "the SDK's type; items have no order")]
pub(crate) type Item = HashMap<String, AttributeValue>;

/// An item with its key and schema, and nothing else.
pub(crate) fn keyed(key: &Key) -> Item {
    let mut item = key_of(key);
    item.insert("schema".into(), AttributeValue::N(SCHEMA.into()));
    item
}

/// Only the key, as requests want it.
pub(crate) fn key_of(key: &Key) -> Item {
    Item::from([("pk".into(), AttributeValue::S(key.pk.clone())), ("sk".into(), AttributeValue::S(key.sk.clone()))])
}

/// The item of a conversation at its next version, with its place in the inbox, and among those that wait for an answer.
pub(crate) fn of_conversation(conversation: &Conversation) -> Result<Item, StoreError> {
    let mut item = keyed(&key::conversation(&conversation.id));
    item.insert("version".into(), AttributeValue::N((conversation.version + 1).to_string()));
    item.insert("conversation".into(), encode(conversation)?);
    let shard = key::inbox_shard(&conversation.id);
    let partition = key::inbox_partition(&conversation.page, conversation.status(), shard);
    item.insert("inbox_pk".into(), AttributeValue::S(partition));
    item.insert("inbox_sk".into(), AttributeValue::S(key::inbox_sort(conversation.last_activity_at, &conversation.id)));
    if let Some(since) = conversation.unanswered_since {
        let partition = key::unanswered_partition(key::unanswered_shard(&conversation.id));
        item.insert("unanswered_pk".into(), AttributeValue::S(partition));
        item.insert("unanswered_sk".into(), AttributeValue::S(key::unanswered_sort(since, &conversation.id)));
    }
    Ok(item)
}

/// The item of a tombstone at its next version. It has no place in the inbox.
pub(crate) fn of_tombstone(id: &ConversationId, tombstone: &Tombstone) -> Result<Item, StoreError> {
    let mut item = keyed(&key::conversation(id));
    item.insert("version".into(), AttributeValue::N((tombstone.version + 1).to_string()));
    item.insert("erased_at".into(), encode(tombstone.erased_at)?);
    Ok(item)
}

pub(crate) fn to_standing(item: &Item) -> Result<Standing, StoreError> {
    if !item.contains_key("erased_at") {
        return Ok(Standing::Conversation(Box::new(to_conversation(item)?)));
    }
    let version = number(item, "version").ok_or_else(|| corrupt(item, "no version"))?;
    Ok(Standing::Erased(Tombstone { erased_at: decode(item, "erased_at")?, version }))
}

pub(crate) fn to_conversation(item: &Item) -> Result<Conversation, StoreError> {
    let mut conversation: Conversation = decode(item, "conversation")?;
    conversation.version = number(item, "version").ok_or_else(|| corrupt(item, "no version"))?;
    Ok(conversation)
}

/// The item of a message at its first revision, and the items that hold the rest of its raw event.
pub(crate) fn of_message(message: &Message) -> Result<(Item, Vec<Item>), StoreError> {
    let key = key::message(&message.conversation, &message.id);
    let mut item = keyed(&key);
    item.insert("revision".into(), AttributeValue::N("1".into()));
    item.insert("message".into(), message_value(message)?);
    let pieces = message.raw.as_ref().map_or_else(Vec::new, |raw| blob::pack(&mut item, &key, raw.as_bytes()));
    Ok((item, pieces))
}

/// A message without what stands in attributes of its own.
pub(crate) fn message_value(message: &Message) -> Result<AttributeValue, StoreError> {
    encode(&Message { raw: None, revision: 0, ..message.clone() })
}

/// Reads a message. Its raw event comes along when it is in the item whole.
pub(crate) fn to_message(item: &Item) -> Result<Message, StoreError> {
    let mut message: Message = decode(item, "message")?;
    message.revision = number(item, "revision").ok_or_else(|| corrupt(item, "no revision"))?;
    if blob::pieces(item) == 0 {
        message.raw = blob::unpack(item, &[]).and_then(|bytes| String::from_utf8(bytes).ok());
    }
    Ok(message)
}

/// The item of an event at `key`, and the items that hold the rest of its raw form.
pub(crate) fn of_event(event: &TimelineEvent, key: &Key) -> Result<(Item, Vec<Item>), StoreError> {
    let mut item = keyed(key);
    item.insert("event".into(), encode(&TimelineEvent { raw: String::new(), ..event.clone() })?);
    let pieces = blob::pack(&mut item, key, event.raw.as_bytes());
    Ok((item, pieces))
}

/// Reads an event, without its raw form.
pub(crate) fn to_event(item: &Item) -> Result<TimelineEvent, StoreError> {
    decode(item, "event")
}

/// Notes in a row under which key it was recorded, so that both can be removed together.
pub(crate) fn note_key(item: &mut Item, dedupe: &DedupeKey) {
    item.insert("recorded_under".into(), AttributeValue::S(dedupe.as_str().into()));
}

/// Reads [`note_key`] back.
pub(crate) fn to_recorded_under(item: &Item) -> Option<DedupeKey> {
    decode(item, "recorded_under").ok()
}

/// The item of a pending message: no more than its place in the order, and when it is due, if ever.
pub(crate) fn of_pending(message: &Message, due_at: Option<Timestamp>) -> Item {
    let mut item = keyed(&key::pending(&message.conversation, &message.id));
    if let Some(at) = due_at {
        let partition = match message.sending.as_ref().map(|sending| &sending.outcome) {
            Some(Outcome::Waiting { on: WaitingFor::Page, .. }) => key::held_partition(&message.page),
            _ => key::due_partition(key::due_shard(&message.conversation)),
        };
        item.insert("due_pk".into(), AttributeValue::S(partition));
        item.insert("due_sk".into(), AttributeValue::S(key::due_sort(at, &message.conversation, &message.id)));
    }
    item
}

/// The item that tells where a message stands.
pub(crate) fn of_locator(message: &Message) -> Item {
    let mut item = keyed(&key::locator(&message.id));
    let row = key::message(&message.conversation, &message.id);
    item.insert("row_pk".into(), AttributeValue::S(row.pk));
    item.insert("row_sk".into(), AttributeValue::S(row.sk));
    item
}

/// The item of a hold at its next revision.
pub(crate) fn of_hold(hold: &Hold) -> Result<Item, StoreError> {
    let mut item = keyed(&key::hold(&hold.page));
    item.insert("revision".into(), AttributeValue::N((hold.revision + 1).to_string()));
    item.insert("hold".into(), encode(hold)?);
    Ok(item)
}

pub(crate) fn to_hold(item: &Item) -> Result<Hold, StoreError> {
    let mut hold: Hold = decode(item, "hold")?;
    hold.revision = number(item, "revision").ok_or_else(|| corrupt(item, "no revision"))?;
    Ok(hold)
}

/// The item of a watch at its next revision.
pub(crate) fn of_watch(watch: &Watch) -> Result<Item, StoreError> {
    let mut item = keyed(&key::watch(&watch.page));
    item.insert("revision".into(), AttributeValue::N((watch.revision + 1).to_string()));
    item.insert("watch".into(), encode(watch)?);
    Ok(item)
}

pub(crate) fn to_watch(item: &Item) -> Result<Watch, StoreError> {
    let mut watch: Watch = decode(item, "watch")?;
    watch.revision = number(item, "revision").ok_or_else(|| corrupt(item, "no revision"))?;
    Ok(watch)
}

pub(crate) fn to_template(item: &Item) -> Result<PageTemplate, StoreError> {
    let template: PageTemplate = decode(item, "page_template")?;
    Ok(PageTemplate { has_button: item.get("has_button").and_then(|value| value.as_bool().ok()).copied(), ..template })
}

/// How long is known what became of a request to be deleted.
pub(crate) const DELETION_DAYS: u64 = 365;

pub(crate) fn to_deletion(item: &Item) -> Result<Deletion, StoreError> {
    decode(item, "deletion")
}

/// The item of an endpoint at its next revision.
pub(crate) fn of_endpoint(endpoint: &Endpoint) -> Result<Item, StoreError> {
    let mut item = keyed(&key::endpoint(&endpoint.id));
    item.insert("revision".into(), AttributeValue::N((endpoint.revision + 1).to_string()));
    item.insert("endpoint".into(), encode(endpoint)?);
    Ok(item)
}

pub(crate) fn to_endpoint(item: &Item) -> Result<Endpoint, StoreError> {
    let mut endpoint: Endpoint = decode(item, "endpoint")?;
    endpoint.revision = number(item, "revision").ok_or_else(|| corrupt(item, "no revision"))?;
    Ok(endpoint)
}

/// The item of a delivery at its next revision.
pub(crate) fn of_delivery(delivery: &Delivery) -> Result<Item, StoreError> {
    let mut item = keyed(&key::delivery(&delivery.endpoint, &delivery.announcement.id));
    item.insert("revision".into(), AttributeValue::N((delivery.revision + 1).to_string()));
    item.insert("delivery".into(), encode(delivery)?);
    expire(&mut item, Some(delivery.expires_at()));
    Ok(item)
}

pub(crate) fn to_delivery(item: &Item) -> Result<Delivery, StoreError> {
    let mut delivery: Delivery = decode(item, "delivery")?;
    delivery.revision = number(item, "revision").ok_or_else(|| corrupt(item, "no revision"))?;
    Ok(delivery)
}

/// Returns the second at which time to live removes what is kept for so many days since a moment.
pub(crate) fn expiry(since: Timestamp, days: u64) -> String {
    let second = u64::try_from(since.as_millis() / 1000).unwrap_or(0);
    second.saturating_add(days.saturating_mul(86_400)).to_string()
}

/// Says when time to live removes an item, if ever.
pub(crate) fn expire(item: &mut Item, at: Option<Timestamp>) {
    if let Some(at) = at {
        item.insert("expires_at".into(), AttributeValue::N(expiry(at, 0)));
    }
}

/// What stands under a dedupe key: the row that was recorded, or changes that wait for it.
#[derive(Debug, Default)]
pub(crate) struct Marker {
    pub(crate) row: Option<Key>,
    pub(crate) changes: Vec<MessageChange>,
}

pub(crate) fn to_marker(item: &Item) -> Result<Marker, StoreError> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let row = text("row_pk").zip(text("row_sk")).map(|(pk, sk)| Key { pk, sk });
    let changes = if item.contains_key("changes") { decode(item, "changes")? } else { Vec::new() };
    Ok(Marker { row, changes })
}

pub(crate) fn to_key(item: &Item) -> Result<Key, StoreError> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let (pk, sk) = text("pk").zip(text("sk")).ok_or_else(|| corrupt(item, "no key"))?;
    Ok(Key { pk, sk })
}

pub(crate) fn to_pending(item: &Item) -> Option<MessageId> {
    key::pending_message(item.get("sk")?.as_s().ok()?)
}

pub(crate) fn encode<T: serde::Serialize>(value: T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|err| error::encode(&err))
}

pub(crate) fn decode<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, StoreError> {
    let value = item.get(name).cloned().ok_or_else(|| corrupt(item, format!("no {name}")))?;
    serde_dynamo::from_attribute_value(value).map_err(|_| corrupt(item, format!("{name} is not of schema {SCHEMA}")))
}

pub(crate) fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn corrupt(item: &Item, reason: impl Into<String>) -> StoreError {
    error::corrupt(item.get("pk"), item.get("sk"), reason)
}
