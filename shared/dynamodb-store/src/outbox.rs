//! The port `Outbox`: what a conversation accepted and has not sent.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem};
use domain::conversation::Conversation;
use domain::erase::Standing;
use domain::id::{ConversationId, MessageId};
use domain::message::{Message, Outcome, RequestKey, WaitingFor};
use domain::ports::{Accepted, Claim, OpenConversation, Outbox, StoreError};
use domain::reply::MOST_PENDING;
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::key::Key;
use crate::transaction::{self, Ended, SHOW, Verdict};
use crate::{Table, error, key};

impl Outbox for Table {
    async fn find(&self, message: &MessageId) -> Result<Option<Message>, StoreError> {
        let Some(locator) = self.get(&key::locator(message)).await?.as_ref().map(item::to_marker).transpose()? else { return Ok(None) };
        let Some(row) = locator.row else { return Ok(None) };
        self.get(&row).await?.as_ref().map(item::to_message).transpose()
    }

    async fn open(&self, id: &ConversationId) -> Result<Option<OpenConversation>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :open)")
            .expression_attribute_values(":pk", AttributeValue::S(key::conversation_partition(id)))
            .expression_attribute_values(":open", AttributeValue::S(key::OPEN_PREFIX.into()))
            .consistent_read(true)
            .limit(i32::try_from(MOST_PENDING + 1).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(error::of)?;
        let items = found.items();
        // The summary sorts before what is pending.
        let Some(summary) = items.first().filter(|item| item::to_pending(item).is_none()) else { return Ok(None) };
        let Some(conversation) = item::to_standing(summary)?.into_conversation() else { return Ok(None) };
        let pending = items.iter().filter_map(item::to_pending).collect();
        Ok(Some(OpenConversation { conversation, pending }))
    }

    async fn accept(&self, message: &Message, conversation: &Conversation, due_at: Timestamp) -> Result<Accepted, StoreError> {
        let (mut item, mut pieces) = item::of_message(message)?;
        for item in std::iter::once(&mut item).chain(&mut pieces) {
            self.expire_message(message, item);
        }
        let mut writes =
            vec![self.conversation_write(conversation)?, self.put_new(item)?, self.put_plain(item::of_pending(message, Some(due_at)))?];
        for piece in pieces {
            writes.push(self.put_plain(piece)?);
        }
        if let Some(request) = &message.request {
            // First, so that its verdict is the first one.
            writes.insert(0, self.put_request(request, &key::message(&message.conversation, &message.id))?);
        }
        let verdicts = match failpoint::around!("table.accept", self.transact(writes).await)? {
            Ended::Written => return Ok(Accepted::Accepted),
            Ended::Cancelled(verdicts) => verdicts,
        };
        match (&message.request, verdicts.into_iter().next()) {
            (Some(request), Some(Verdict::Refused(Some(found)))) => self.accepted_before(request, &found).await,
            _ => Ok(Accepted::Stale),
        }
    }

    async fn accepted(&self, request: &RequestKey) -> Result<Option<Accepted>, StoreError> {
        match self.get(&key::marker(&request.key)).await? {
            Some(found) => self.accepted_before(request, &found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn claim(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
        failpoint::before("table.claim");
        let claimed = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::message(conversation, message))))
            .update_expression(
                "SET message.sending.outcome = :sending, message.sending.attempts = message.sending.attempts + :one, \
                 revision = revision + :one",
            )
            .condition_expression("message.sending.outcome.#state IN (:queued, :waiting)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":sending", item::encode(Outcome::Sending { lease_until })?)
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":queued", AttributeValue::S("queued".into()))
            .expression_attribute_values(":waiting", AttributeValue::S("waiting".into()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(SHOW)
            .send()
            .await;
        failpoint::after("table.claim");
        match claimed {
            Ok(output) => {
                let item = output.attributes.unwrap_or_default();
                Ok(Claim::Ours(Box::new(item::to_message(&item)?)))
            }
            Err(failed) => not_ours(error::refused_item(failed)?.as_ref(), now),
        }
    }

    async fn forget(&self, conversation: &ConversationId, message: &MessageId) -> Result<(), StoreError> {
        let key = key::pending(conversation, message);
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(item::key_of(&key)));
        delete.send().await.map(drop).map_err(error::of)
    }

    async fn set_waiting(&self, conversation: &ConversationId, on: Option<WaitingFor>) -> Result<Option<Conversation>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::conversation(conversation))))
            .condition_expression("attribute_exists(conversation)")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .return_values(ReturnValue::AllNew);
        let update = match on {
            Some(on) => update
                .update_expression("SET conversation.waiting_for = :on, version = version + :one")
                .expression_attribute_values(":on", item::encode(on)?),
            None => update.update_expression("SET version = version + :one REMOVE conversation.waiting_for"),
        };
        match failpoint::around!("table.set_waiting", update.send().await) {
            Ok(output) => output.attributes.as_ref().map(item::to_conversation).transpose(),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(None),
            Err(other) => Err(error::of(other)),
        }
    }

    async fn close_window(
        &self,
        conversation: &ConversationId,
        estimate: Timestamp,
        closed_at: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::conversation(conversation))))
            .update_expression("SET conversation.window_ends_at = :closed, version = version + :one")
            .condition_expression("conversation.window_ends_at = :estimate")
            .expression_attribute_values(":closed", item::encode(closed_at)?)
            .expression_attribute_values(":estimate", item::encode(estimate)?)
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(SHOW);
        let stored = match update.send().await {
            Ok(output) => output.attributes,
            Err(failed) => error::refused_item(failed)?,
        };
        let standing = stored.as_ref().map(item::to_standing).transpose()?;
        Ok(standing.and_then(Standing::into_conversation))
    }
}

impl Table {
    /// Notes which message a request made. It fails while the key is kept.
    fn put_request(&self, request: &RequestKey, row: &Key) -> Result<TransactWriteItem, StoreError> {
        let mut item = item::keyed(&key::marker(&request.key));
        item.insert("row_pk".into(), AttributeValue::S(row.pk.clone()));
        item.insert("row_sk".into(), AttributeValue::S(row.sk.clone()));
        item.insert("fingerprint".into(), AttributeValue::S(request.fingerprint.as_str().into()));
        item.insert("expires_at".into(), AttributeValue::N((request.kept_until.as_millis() / 1000).to_string()));
        transaction::put(
            Put::builder()
                .table_name(&self.name)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .return_values_on_condition_check_failure(SHOW),
        )
    }

    /// Reads the message that a key's first request made, unless that was another request.
    async fn accepted_before(&self, request: &RequestKey, found: &Item) -> Result<Accepted, StoreError> {
        let fingerprint = found.get("fingerprint").and_then(|value| value.as_s().ok());
        if fingerprint.map(String::as_str) != Some(request.fingerprint.as_str()) {
            return Ok(Accepted::KeyOfAnother);
        }
        let Some(row) = item::to_marker(found)?.row else { return Ok(Accepted::KeyOfAnother) };
        let first = self.get(&row).await?.as_ref().map(item::to_message).transpose()?;
        Ok(first.map_or(Accepted::KeyOfAnother, |message| Accepted::Repeated(Box::new(message))))
    }
}

/// Reads from the row why a claim failed.
fn not_ours(item: Option<&Item>, now: Timestamp) -> Result<Claim, StoreError> {
    let Some(item) = item else { return Ok(Claim::Ended) };
    let message = item::to_message(item)?;
    let Some(sending) = &message.sending else { return Ok(Claim::Ended) };
    Ok(match sending.outcome {
        Outcome::Sending { lease_until } if lease_until > now => Claim::HeldElsewhere(lease_until),
        Outcome::Sending { .. } => Claim::Abandoned(Box::new(message)),
        Outcome::Unconfirmed { since, .. } => Claim::Unconfirmed(since),
        // Queued or waiting by now: another worker was between; the job comes again.
        Outcome::Queued { .. } | Outcome::Waiting { .. } => Claim::HeldElsewhere(now),
        Outcome::Sent { .. } | Outcome::Failed { .. } => Claim::Ended,
    })
}
