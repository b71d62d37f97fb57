//! The port `Outbox`: what a conversation accepted and has not sent.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::message::{Message, Outcome, WaitingFor};
use domain::ports::{Accepted, Claim, OpenConversation, Outbox, StoreError};
use domain::reply::MOST_PENDING;
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::transaction::{Ended, SHOW};
use crate::{Table, error, key};

impl Outbox for Table {
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
        let conversation = item::to_conversation(summary)?;
        let pending = items.iter().filter_map(item::to_pending).collect();
        Ok(Some(OpenConversation { conversation, pending }))
    }

    async fn accept(&self, message: &Message, conversation: &Conversation, due_at: Timestamp) -> Result<Accepted, StoreError> {
        let (item, pieces) = item::of_message(message)?;
        let mut writes =
            vec![self.conversation_write(conversation)?, self.put_new(item)?, self.put_plain(item::of_pending(message, Some(due_at)))?];
        for piece in pieces {
            writes.push(self.put_plain(piece)?);
        }
        Ok(match self.transact(writes).await? {
            Ended::Written => Accepted::Accepted,
            Ended::Cancelled(_) => Accepted::Stale,
        })
    }

    async fn claim(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Claim, StoreError> {
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
        let deleted = self.client.delete_item().table_name(&self.name).set_key(Some(item::key_of(&key))).send().await;
        deleted.map(drop).map_err(error::of)
    }

    async fn set_waiting(&self, conversation: &ConversationId, on: Option<WaitingFor>) -> Result<Option<Conversation>, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(item::key_of(&key::conversation(conversation))))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .return_values(ReturnValue::AllNew);
        let update = match on {
            Some(on) => update
                .update_expression("SET conversation.waiting_for = :on, version = version + :one")
                .expression_attribute_values(":on", item::encode(on)?),
            None => update.update_expression("SET version = version + :one REMOVE conversation.waiting_for"),
        };
        match update.send().await {
            Ok(output) => output.attributes.as_ref().map(item::to_conversation).transpose(),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(None),
            Err(other) => Err(error::of(other)),
        }
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
