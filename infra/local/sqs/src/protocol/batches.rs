use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{ProtocolError, code};
use super::messages::{Outgoing, SentFields, seconds};
use super::{Answer, Call};
use crate::{EngineError, MAX_MESSAGE_BYTES, NewMessage, QueueName};

const MAX_ENTRIES: usize = 10;
const MAX_ID_CHARS: usize = 80;

/// Up to ten requests in one. Each entry has its own outcome; a batch that is wrong as a whole has none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<E> {
    queue_url: String,
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<E>>,
}

/// One request of a batch, or one answer.
#[derive(Deserialize, Serialize)]
pub(super) struct Entry<E> {
    #[serde(rename = "Id")]
    id: String,
    #[serde(flatten)]
    fields: E,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    receipt_handle: String,
    #[serde(default)]
    visibility_timeout: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    code: &'static str,
    sender_fault: bool,
    message: String,
}

impl From<&EngineError> for Failure {
    fn from(error: &EngineError) -> Self {
        let code = code(error);
        Self { code: code.query, sender_fault: code.sender_fault, message: error.to_string() }
    }
}

pub(super) async fn send(call: &Call, request: Batch<Outgoing>) -> Answer {
    let (queue, ids, entries) = open(request)?;
    let messages: Vec<NewMessage> = entries.into_iter().map(NewMessage::from).collect();
    if messages.iter().map(NewMessage::size).sum::<usize>() > MAX_MESSAGE_BYTES {
        return Err(ProtocolError::BatchTooLong);
    }
    let outcomes = call.engine.send_batch(&queue, messages).await?;
    Ok(report(ids, outcomes.into_iter().map(|outcome| outcome.map(SentFields::from))))
}

pub(super) async fn delete(call: &Call, request: Batch<Delete>) -> Answer {
    let (queue, ids, entries) = open(request)?;
    let handles = entries.into_iter().map(|entry| entry.receipt_handle).collect();
    let outcomes = call.engine.delete_batch(&queue, handles).await?;
    Ok(report(ids, outcomes.into_iter().map(|outcome| outcome.map(|()| json!({})))))
}

pub(super) async fn change_visibility(call: &Call, request: Batch<ChangeVisibility>) -> Answer {
    let (queue, ids, entries) = open(request)?;
    call.engine.find_queue(&queue).await?;
    let mut outcomes = Vec::new();
    for ChangeVisibility { receipt_handle, visibility_timeout } in entries {
        let outcome = call.engine.change_visibility(&queue, &receipt_handle, seconds(visibility_timeout)).await;
        outcomes.push(outcome.map(|()| json!({})));
    }
    Ok(report(ids, outcomes))
}

/// Takes a batch apart, after the checks that concern all of it.
fn open<E>(batch: Batch<E>) -> Result<(QueueName, Vec<String>, Vec<E>), ProtocolError> {
    let queue = QueueName::from_url(&batch.queue_url)?;
    let (ids, entries): (Vec<_>, Vec<_>) = batch.entries.into_iter().map(|entry| (entry.id, entry.fields)).unzip();
    if ids.is_empty() {
        return Err(ProtocolError::EmptyBatch);
    }
    if ids.len() > MAX_ENTRIES {
        return Err(ProtocolError::TooManyEntries);
    }
    if !ids.iter().all(|id| is_entry_id(id)) {
        return Err(ProtocolError::InvalidEntryId);
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(ProtocolError::EntryIdsNotDistinct);
    }
    Ok((queue, ids, entries))
}

fn is_entry_id(id: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_ID_CHARS).contains(&id.len()) && id.chars().all(legal)
}

fn report<T: Serialize>(ids: Vec<String>, outcomes: impl IntoIterator<Item = Result<T, EngineError>>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, outcome) in ids.into_iter().zip(outcomes) {
        match outcome {
            Ok(fields) => successful.push(Entry { id, fields }),
            Err(error) => failed.push(Entry { id, fields: Failure::from(&error) }),
        }
    }
    json!({ "Successful": successful, "Failed": failed })
}
