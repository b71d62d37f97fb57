//! The port `History`: what intake reads and writes.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::conversation::Conversation;
use domain::erase::Standing;
use domain::history::{Entry, TimelineEvent};
use domain::id::{ConversationId, DedupeKey, MessageId, PageId, PlatformMessageId};
use domain::message::{Message, MessageChange};
use domain::ports::{History, Kept, Parked, Recorded, Recording, Saved, StoreError};
use domain::retention;
use domain::time::Timestamp;

use crate::item::{self, Item, Marker};
use crate::key::{self, Key};
use crate::transaction::{self, Ended, SHOW, Verdict};
use crate::{Table, blob, error};

/// The most changes that wait for one message. Only a flood has more; the event after that is parked, not lost.
const MOST_CHANGES: usize = 50;

/// How long it is known that something was recorded, after an event without a platform's id and after a message's row has gone, and how long
/// a change waits for its message: no platform repeats itself for longer.
const KEY_OUTLASTS: Duration = Duration::from_hours(35 * 24);

/// How often a write is tried again because changes came for the message in between.
const ATTEMPTS: u32 = 5;

impl History for Table {
    async fn standing(&self, id: &ConversationId) -> Result<Standing, StoreError> {
        self.get(&key::conversation(id)).await?.as_ref().map_or(Ok(Standing::Nothing), item::to_standing)
    }

    async fn standings(&self, ids: &[ConversationId]) -> Vec<Result<Standing, StoreError>> {
        self.read_together(ids).await
    }

    async fn record(&self, recording: &Recording<'_>) -> Result<Recorded, StoreError> {
        let conversation = recording.conversation;
        if conversation.version == 0 {
            self.register_page(&conversation.page).await?;
        }
        match recording.entry {
            None => self.put_conversation(conversation).await,
            Some((Entry::Message(message), dedupe)) => self.record_message(conversation, message, dedupe).await,
            Some((Entry::Event(event), dedupe)) => {
                let key = key::event(&conversation.id, &event.id);
                self.record_event(Some(conversation), event, &key, dedupe).await
            }
        }
    }

    async fn record_all(&self, recordings: &[Recording<'_>]) -> Vec<Result<Recorded, StoreError>> {
        self.record_together(recordings).await
    }

    async fn record_page_event(&self, event: &TimelineEvent, dedupe: &DedupeKey) -> Result<Recorded, StoreError> {
        let key = match &event.conversation {
            Some(conversation) => key::event(conversation, &event.id),
            None => key::page_event(&event.page, event.occurred_at, &event.id),
        };
        self.record_event(None, event, &key, dedupe).await
    }

    async fn message(&self, conversation: &ConversationId, id: &MessageId) -> Result<Option<Message>, StoreError> {
        self.get(&key::message(conversation, id)).await?.as_ref().map(item::to_message).transpose()
    }

    async fn message_by_key(&self, dedupe: &DedupeKey) -> Result<Option<Message>, StoreError> {
        let Some(marker) = self.get(&key::marker(dedupe)).await?.as_ref().map(item::to_marker).transpose()? else { return Ok(None) };
        let Some(row) = marker.row else { return Ok(None) };
        self.get(&row).await?.as_ref().map(item::to_message).transpose()
    }

    async fn save(&self, message: &Message, due_at: Option<Timestamp>) -> Result<Saved, StoreError> {
        let mut message = message.clone();
        let mut waiting: Vec<(PlatformMessageId, usize)> = Vec::new();
        for _ in 0..ATTEMPTS {
            let mut writes = self.save_writes(&message, due_at, &waiting)?;
            if message.unsent_at.is_some() {
                writes.extend(self.piece_deletes(&message).await?);
            }
            let verdicts = match failpoint::around!("table.save", self.transact(writes).await)? {
                Ended::Written => {
                    message.revision += 1;
                    return Ok(Saved::Saved(Box::new(message)));
                }
                Ended::Cancelled(verdicts) => verdicts,
            };
            let mut verdicts = verdicts.into_iter();
            if matches!(verdicts.next(), Some(Verdict::Refused(_) | Verdict::Conflict)) {
                return Ok(Saved::Stale);
            }
            // Changes came before the platform's id was known here: they are the message's now.
            for (platform_id, verdict) in message.platform_ids.clone().into_iter().zip(verdicts) {
                if let Verdict::Refused(Some(marker)) = verdict {
                    let changes = item::to_marker(&marker)?.changes;
                    for change in &changes {
                        message.apply(change);
                    }
                    waiting.retain(|(known, _)| *known != platform_id);
                    waiting.push((platform_id, changes.len()));
                }
            }
        }
        Ok(Saved::Stale)
    }

    async fn keep_change(&self, dedupe: &DedupeKey, platform_id: &PlatformMessageId, change: &MessageChange) -> Result<Kept, StoreError> {
        failpoint::before("table.keep_change");
        let kept = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::marker(dedupe))))
            .update_expression(
                "SET changes = list_append(if_not_exists(changes, :none), :one), platform_id = :mid, #schema = :schema, expires_at = :ends",
            )
            .condition_expression("attribute_not_exists(row_pk) AND (attribute_not_exists(changes) OR size(changes) < :most)")
            .expression_attribute_names("#schema", "schema")
            .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into()))
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":one", AttributeValue::L(vec![item::encode(change)?]))
            .expression_attribute_values(":mid", AttributeValue::S(platform_id.to_string()))
            .expression_attribute_values(":ends", AttributeValue::N(item::expiry(change.at().plus(KEY_OUTLASTS), 0)))
            .expression_attribute_values(":most", AttributeValue::N(MOST_CHANGES.to_string()))
            .return_values_on_condition_check_failure(SHOW)
            .send()
            .await;
        failpoint::after("table.keep_change");
        let Err(failed) = kept else { return Ok(Kept::UntilMessageComes) };
        let found = error::refused_item(failed)?;
        if found.as_ref().map(item::to_marker).transpose()?.is_some_and(|marker| marker.row.is_none()) {
            return Err(StoreError::Refused { reason: format!("{MOST_CHANGES} changes wait for the same message already") });
        }
        Ok(Kept::MessageIsThere)
    }

    async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        self.put_parked(parked).await
    }
}

impl Table {
    /// Tells whether an event of a Page stands in its row.
    pub async fn has_event(&self, event: &TimelineEvent) -> Result<bool, StoreError> {
        let key = key::page_event(&event.page, event.occurred_at, &event.id);
        Ok(self.get(&key).await?.is_some())
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let got = self.client.get_item().table_name(&self.name).set_key(Some(item::key_of(key))).consistent_read(true).send().await;
        got.map(|output| output.item).map_err(error::of)
    }

    /// Writes a conversation alone, when its version is still the one that was read.
    async fn put_conversation(&self, conversation: &Conversation) -> Result<Recorded, StoreError> {
        let (condition, values) = version_condition(conversation);
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item::of_conversation(conversation)?))
            .condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        match failpoint::around!("table.put_conversation", put.send().await) {
            Ok(_) => Ok(Recorded::New),
            Err(SdkError::ServiceError(service))
                if matches!(
                    service.err(),
                    PutItemError::ConditionalCheckFailedException(_) | PutItemError::TransactionConflictException(_)
                ) =>
            {
                Ok(Recorded::Stale)
            }
            Err(other) => Err(error::of(other)),
        }
    }

    /// Records a message, with the changes that came before it.
    async fn record_message(&self, conversation: &Conversation, message: &Message, dedupe: &DedupeKey) -> Result<Recorded, StoreError> {
        let mut message = message.clone();
        let mut waiting = 0;
        for _ in 0..ATTEMPTS {
            let writes = self.message_writes(conversation, &message, dedupe, waiting)?;
            match failpoint::around!("table.record_message", self.transact(writes).await)? {
                Ended::Written => return Ok(Recorded::New),
                Ended::Cancelled(verdicts) => match read_verdicts(&verdicts)? {
                    Obstacle::Recorded => return Ok(Recorded::Duplicate),
                    Obstacle::Changes(marker) => {
                        waiting = marker.changes.len();
                        for change in &marker.changes {
                            message.apply(change);
                        }
                    }
                    Obstacle::Other => return Ok(Recorded::Stale),
                },
            }
        }
        Ok(Recorded::Stale)
    }

    /// The writes of a message before which `waiting` changes came.
    pub(crate) fn message_writes(
        &self,
        conversation: &Conversation,
        message: &Message,
        dedupe: &DedupeKey,
        waiting: usize,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let row = key::message(&message.conversation, &message.id);
        let (mut item, pieces) = item::of_message(message)?;
        item::note_key(&mut item, dedupe);
        let marker = self.put_marker(dedupe, &row, waiting, self.key_of_message_ends_at(message))?;
        item::expire(&mut item, self.message_ends_at(message));
        let mut writes = vec![marker, self.conversation_write(conversation)?, self.put_new(item)?];
        for mut piece in pieces {
            item::expire(&mut piece, self.message_ends_at(message));
            writes.push(self.put_plain(piece)?);
        }
        Ok(writes)
    }

    /// The writes of an event, with the conversation that it moves, if any.
    pub(crate) fn event_writes(
        &self,
        conversation: Option<&Conversation>,
        event: &TimelineEvent,
        key: &Key,
        dedupe: &DedupeKey,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (mut item, pieces) = item::of_event(event, key)?;
        item::note_key(&mut item, dedupe);
        let key_ends_at = event.occurred_at.plus(KEY_OUTLASTS);
        let mut writes = vec![self.put_marker(dedupe, key, 0, Some(key_ends_at))?];
        if let Some(conversation) = conversation {
            writes.push(self.conversation_write(conversation)?);
        }
        let ends_at = retention::ends_at(self.retention.events, event.occurred_at);
        for mut item in std::iter::once(item).chain(pieces) {
            item::expire(&mut item, ends_at);
            writes.push(self.put_plain(item)?);
        }
        Ok(writes)
    }

    async fn record_event(
        &self,
        conversation: Option<&Conversation>,
        event: &TimelineEvent,
        key: &Key,
        dedupe: &DedupeKey,
    ) -> Result<Recorded, StoreError> {
        let writes = self.event_writes(conversation, event, key, dedupe)?;
        match failpoint::around!("table.record_event", self.transact(writes).await)? {
            Ended::Written => Ok(Recorded::New),
            Ended::Cancelled(verdicts) => match read_verdicts(&verdicts)? {
                Obstacle::Recorded | Obstacle::Changes(_) => Ok(Recorded::Duplicate),
                Obstacle::Other if conversation.is_some() => Ok(Recorded::Stale),
                Obstacle::Other => Err(StoreError::Unavailable { reason: "another transaction holds the event".into() }),
            },
        }
    }

    /// Notes under a dedupe key where the row stands. It fails when one is noted, or when more changes wait than were seen.
    fn put_marker(
        &self,
        dedupe: &DedupeKey,
        row: &Key,
        waiting: usize,
        ends_at: Option<Timestamp>,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut item = item::keyed(&key::marker(dedupe));
        item.insert("row_pk".into(), AttributeValue::S(row.pk.clone()));
        item.insert("row_sk".into(), AttributeValue::S(row.sk.clone()));
        item::expire(&mut item, ends_at);
        let put = Put::builder().table_name(&self.name).set_item(Some(item)).return_values_on_condition_check_failure(SHOW);
        transaction::put(if waiting == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("attribute_not_exists(row_pk) AND size(changes) = :seen")
                .expression_attribute_values(":seen", AttributeValue::N(waiting.to_string()))
        })
    }

    pub(crate) fn conversation_write(&self, conversation: &Conversation) -> Result<TransactWriteItem, StoreError> {
        let (condition, values) = version_condition(conversation);
        let mut put =
            Put::builder().table_name(&self.name).set_item(Some(item::of_conversation(conversation)?)).condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        transaction::put(put)
    }

    /// Puts an item that must not be there.
    pub(crate) fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        transaction::put(Put::builder().table_name(&self.name).set_item(Some(item)).condition_expression("attribute_not_exists(pk)"))
    }

    pub(crate) fn put_plain(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        transaction::put(Put::builder().table_name(&self.name).set_item(Some(item)))
    }

    /// Makes the Page listable, once a process: a row that never changes.
    pub(crate) async fn register_page(&self, page: &PageId) -> Result<(), StoreError> {
        let known = |table: &Self| table.known_pages.lock().is_ok_and(|pages| pages.contains(page));
        if known(self) {
            return Ok(());
        }
        let item = item::keyed(&key::page(page));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        failpoint::around!("table.register_page", put.send().await).map_err(error::of)?;
        if let Ok(mut pages) = self.known_pages.lock() {
            pages.insert(page.clone());
        }
        Ok(())
    }
}

/// What stood in the way of a recording.
enum Obstacle {
    Recorded,
    /// Changes wait for the message that nobody had seen.
    Changes(Marker),
    Other,
}

fn read_verdicts(verdicts: &[Verdict]) -> Result<Obstacle, StoreError> {
    let Some(Verdict::Refused(found)) = verdicts.first() else { return Ok(Obstacle::Other) };
    let marker = found.as_ref().map(item::to_marker).transpose()?.unwrap_or_default();
    Ok(if marker.row.is_some() { Obstacle::Recorded } else { Obstacle::Changes(marker) })
}

/// The condition under which a conversation is written: nobody wrote it since it was read.
fn version_condition(conversation: &Conversation) -> (&'static str, Vec<(&'static str, AttributeValue)>) {
    if conversation.version == 0 {
        ("attribute_not_exists(pk)", Vec::new())
    } else {
        ("version = :version", vec![(":version", AttributeValue::N(conversation.version.to_string()))])
    }
}

impl Table {
    fn message_ends_at(&self, message: &Message) -> Option<Timestamp> {
        retention::ends_at(self.retention.messages, message.occurred_at)
    }

    /// A message's keys outlast its row, so that a repetition is not taken as new.
    fn key_of_message_ends_at(&self, message: &Message) -> Option<Timestamp> {
        self.message_ends_at(message).map(|at| at.plus(KEY_OUTLASTS))
    }

    /// Says of the items of an accepted message when they go.
    pub(crate) fn expire_message(&self, message: &Message, item: &mut Item) {
        item::expire(item, self.message_ends_at(message));
    }

    /// The writes of a changed message: the row first, then what is findable under its platform ids, then its place among the pending.
    fn save_writes(
        &self,
        message: &Message,
        due_at: Option<Timestamp>,
        waiting: &[(PlatformMessageId, usize)],
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let row = key::message(&message.conversation, &message.id);
        let mut writes = vec![self.update_message(message, &row)?];
        let Some(sending) = &message.sending else { return Ok(writes) };
        for platform_id in &message.platform_ids {
            let seen = waiting.iter().find(|(known, _)| known == platform_id).map(|(_, count)| *count);
            let ends_at = self.key_of_message_ends_at(message);
            writes.push(self.find_by(&DedupeKey::of_message(&message.page, platform_id), &row, seen, ends_at)?);
        }
        if sending.outcome.may_be_decided() {
            let mut locator = item::of_locator(message);
            item::expire(&mut locator, self.key_of_message_ends_at(message));
            writes.push(self.put_plain(locator)?);
        }
        writes.push(if sending.outcome.is_pending() {
            self.put_plain(item::of_pending(message, due_at))?
        } else {
            let pending = key::pending(&message.conversation, &message.id);
            transaction::delete(Delete::builder().table_name(&self.name).set_key(Some(item::key_of(&pending))))?
        });
        Ok(writes)
    }

    fn update_message(&self, message: &Message, row: &Key) -> Result<TransactWriteItem, StoreError> {
        let mut update = self.update_builder(row);
        let mut expression = String::from("SET message = :message, revision = revision + :one");
        if let Some(ends_at) = self.message_ends_at(message) {
            expression.push_str(", expires_at = :ends");
            update = update.expression_attribute_values(":ends", AttributeValue::N(item::expiry(ends_at, 0)));
        }
        if message.unsent_at.is_some() {
            // `raw` is a word of DynamoDB's own.
            let names: Vec<String> = blob::ATTRIBUTES.iter().map(|name| format!("#{name}")).collect();
            expression.push_str(" REMOVE ");
            expression.push_str(&names.join(", "));
            for (placeholder, name) in names.into_iter().zip(blob::ATTRIBUTES) {
                update = update.expression_attribute_names(placeholder, name);
            }
        }
        transaction::update(
            update
                .update_expression(expression)
                .condition_expression("revision = :revision")
                .expression_attribute_values(":message", item::message_value(message)?)
                .expression_attribute_values(":one", AttributeValue::N("1".into()))
                .expression_attribute_values(":revision", AttributeValue::N(message.revision.to_string())),
        )
    }

    /// Takes away what of a raw event stands beside its row: the words of a message that was unsent go everywhere.
    async fn piece_deletes(&self, message: &Message) -> Result<Vec<TransactWriteItem>, StoreError> {
        let row = key::message(&message.conversation, &message.id);
        let pieces = self.get(&row).await?.as_ref().map_or(0, blob::pieces);
        let delete = |number| {
            let piece = item::key_of(&key::piece(&row, number));
            transaction::delete(Delete::builder().table_name(&self.name).set_key(Some(piece)))
        };
        (1..=pieces).map(delete).collect()
    }

    /// Notes where a message of ours stands under the platform's id. It fails when changes wait that were not seen.
    fn find_by(
        &self,
        dedupe: &DedupeKey,
        row: &Key,
        seen: Option<usize>,
        ends_at: Option<Timestamp>,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = self.update_builder(&key::marker(dedupe));
        let update = match ends_at {
            Some(at) => update
                .update_expression("SET row_pk = :pk, row_sk = :sk, #schema = :schema, expires_at = :ends REMOVE changes")
                .expression_attribute_values(":ends", AttributeValue::N(item::expiry(at, 0))),
            None => update.update_expression("SET row_pk = :pk, row_sk = :sk, #schema = :schema REMOVE changes, expires_at"),
        };
        let update = update
            .expression_attribute_names("#schema", "schema")
            .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into()))
            .expression_attribute_values(":pk", AttributeValue::S(row.pk.clone()))
            .expression_attribute_values(":sk", AttributeValue::S(row.sk.clone()))
            .return_values_on_condition_check_failure(SHOW);
        transaction::update(match seen {
            None => update.condition_expression("attribute_not_exists(changes)"),
            Some(count) => update
                .condition_expression("size(changes) = :seen")
                .expression_attribute_values(":seen", AttributeValue::N(count.to_string())),
        })
    }

    pub(crate) fn update_builder(&self, key: &Key) -> UpdateBuilder {
        Update::builder().table_name(&self.name).set_key(Some(item::key_of(key)))
    }
}
