use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Call};
use crate::digest::md5_of_attributes;
use crate::{Message, MessageAttribute, MessageAttributes, NewMessage, QueueName, Receive, Sent};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    queue_url: String,
    #[serde(flatten)]
    message: Outgoing,
}

/// What `SendMessage` and an entry of `SendMessageBatch` have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outgoing {
    #[serde(default)]
    message_body: String,
    #[serde(default)]
    message_attributes: MessageAttributes,
    #[serde(default)]
    message_system_attributes: SystemAttributes,
    delay_seconds: Option<u32>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct SystemAttributes {
    #[serde(rename = "AWSTraceHeader")]
    trace_header: Option<MessageAttribute>,
}

impl From<Outgoing> for NewMessage {
    fn from(message: Outgoing) -> Self {
        Self {
            body: message.message_body,
            attributes: message.message_attributes,
            trace_header: message.message_system_attributes.trace_header.and_then(|header| header.string_value),
            delay: message.delay_seconds.map(seconds),
            group_id: message.message_group_id,
            deduplication_id: message.message_deduplication_id,
        }
    }
}

/// What `SendMessage` and an entry of `SendMessageBatch` answer.
#[derive(Serialize)]
pub(super) struct SentFields {
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_system_attributes: Option<String>,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl From<Sent> for SentFields {
    fn from(sent: Sent) -> Self {
        Self {
            message_id: sent.message_id,
            md5_of_body: sent.md5_of_body,
            md5_of_attributes: sent.md5_of_attributes,
            md5_of_system_attributes: sent.md5_of_system_attributes,
            sequence_number: sent.sequence_number,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    wait_time_seconds: Option<u32>,
    visibility_timeout: Option<u32>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    /// The name of the field above before 2023.
    #[serde(default)]
    attribute_names: Vec<String>,
}

/// A message as `ReceiveMessage` answers it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    body: String,
    #[serde(rename = "Attributes", skip_serializing_if = "BTreeMap::is_empty")]
    system_attributes: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(rename = "MessageAttributes", skip_serializing_if = "MessageAttributes::is_empty")]
    attributes: MessageAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: u32,
}

pub(super) async fn send(call: &Call, request: Send) -> Answer {
    let queue = QueueName::from_url(&request.queue_url)?;
    let sent = call.engine.send(&queue, request.message.into()).await?;
    Ok(json!(SentFields::from(sent)))
}

pub(super) async fn receive(call: &Call, request: ReceiveMessage) -> Answer {
    let queue = QueueName::from_url(&request.queue_url)?;
    let receive = Receive {
        max: request.max_number_of_messages.unwrap_or(1),
        wait: request.wait_time_seconds.map(seconds),
        visibility: request.visibility_timeout.map(seconds),
    };
    let messages = call.engine.receive(&queue, receive).await?;
    if messages.is_empty() {
        return Ok(json!({}));
    }
    let messages: Vec<Shown> = messages.into_iter().map(|message| show(message, &request)).collect();
    Ok(json!({ "Messages": messages }))
}

pub(super) async fn delete(call: &Call, request: Delete) -> Answer {
    call.engine.delete(&QueueName::from_url(&request.queue_url)?, &request.receipt_handle).await?;
    Ok(json!({}))
}

pub(super) async fn change_visibility(call: &Call, request: ChangeVisibility) -> Answer {
    let queue = QueueName::from_url(&request.queue_url)?;
    call.engine.change_visibility(&queue, &request.receipt_handle, seconds(request.visibility_timeout)).await?;
    Ok(json!({}))
}

pub(super) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Shows a message with those of its attributes that were asked for.
fn show(message: Message, request: &ReceiveMessage) -> Shown {
    let asked_system = || request.message_system_attribute_names.iter().chain(&request.attribute_names);
    let mut system_attributes = message.system_attributes();
    system_attributes.retain(|name, _| asked_system().any(|asked| asked == "All" || asked == name));
    let md5_of_body = message.md5_of_body();
    let mut attributes = message.attributes;
    attributes.retain(|name, _| request.message_attribute_names.iter().any(|asked| asks_for(asked, name)));
    Shown {
        message_id: message.message_id,
        receipt_handle: message.receipt_handle,
        md5_of_body,
        body: message.body,
        system_attributes,
        md5_of_attributes: md5_of_attributes(&attributes),
        attributes,
    }
}

/// `All`, `.*`, a name, or a beginning of names: `bar.*`.
fn asks_for(asked: &str, name: &str) -> bool {
    asked == "All" || asked == name || asked.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}
