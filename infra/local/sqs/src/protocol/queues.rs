use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Call};
use crate::{EngineError, QueueAttributes, QueueName};

/// Every attribute that may be asked for by name; a queue need not have it.
const ATTRIBUTE_NAMES: [&str; 22] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
    ALL,
];
const ALL: &str = "All";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    queue_name: String,
    #[serde(default)]
    attributes: QueueAttributes,
    // Lower case in Amazon's own model.
    #[serde(default, rename = "tags")]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes {
    queue_url: String,
    attributes: QueueAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    queue_url: String,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Untag {
    queue_url: String,
    tag_keys: Vec<String>,
}

pub(super) async fn create(call: &Call, request: Create) -> Answer {
    let queue = QueueName::parse(&request.queue_name)?;
    call.engine.create_queue(&queue, &request.attributes).await?;
    if !request.tags.is_empty() {
        call.engine.tag_queue(&queue, request.tags).await?;
    }
    Ok(json!({ "QueueUrl": call.url(&queue) }))
}

pub(super) async fn url(call: &Call, request: Named) -> Answer {
    let queue = QueueName::parse(&request.queue_name)?;
    call.engine.find_queue(&queue).await?;
    Ok(json!({ "QueueUrl": call.url(&queue) }))
}

/// Lists queues by name. The token of the next page is the last name of this one.
pub(super) async fn list(call: &Call, request: List) -> Answer {
    let mut queues = call.engine.queues().await?;
    queues.retain(|queue| {
        queue.as_str().starts_with(&request.queue_name_prefix) && request.next_token.as_deref().is_none_or(|token| queue.as_str() > token)
    });
    let page = request.max_results.unwrap_or(1000);
    let more = queues.len() > page;
    queues.truncate(page);
    let next = queues.last().filter(|_| more && request.max_results.is_some());
    let urls: Vec<String> = queues.iter().map(|queue| call.url(queue)).collect();
    Ok(match next {
        Some(last) => json!({ "QueueUrls": urls, "NextToken": last.as_str() }),
        None => json!({ "QueueUrls": urls }),
    })
}

pub(super) async fn delete(call: &Call, request: OfQueue) -> Answer {
    call.engine.delete_queue(&QueueName::from_url(&request.queue_url)?).await?;
    Ok(json!({}))
}

pub(super) async fn purge(call: &Call, request: OfQueue) -> Answer {
    call.engine.purge_queue(&QueueName::from_url(&request.queue_url)?).await?;
    Ok(json!({}))
}

pub(super) async fn attributes(call: &Call, request: GetAttributes) -> Answer {
    let names = request.attribute_names;
    if let Some(unknown) = names.iter().find(|name| !ATTRIBUTE_NAMES.contains(&name.as_str())) {
        return Err(EngineError::InvalidAttributeName(unknown.clone()).into());
    }
    let mut attributes = call.engine.attributes(&QueueName::from_url(&request.queue_url)?).await?;
    attributes.retain(|name, _| names.iter().any(|asked| asked == ALL || asked == name));
    Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
}

pub(super) async fn set_attributes(call: &Call, request: SetAttributes) -> Answer {
    call.engine.set_attributes(&QueueName::from_url(&request.queue_url)?, request.attributes).await?;
    Ok(json!({}))
}

pub(super) async fn tag(call: &Call, request: Tag) -> Answer {
    call.engine.tag_queue(&QueueName::from_url(&request.queue_url)?, request.tags).await?;
    Ok(json!({}))
}

pub(super) async fn untag(call: &Call, request: Untag) -> Answer {
    call.engine.untag_queue(&QueueName::from_url(&request.queue_url)?, request.tag_keys).await?;
    Ok(json!({}))
}

pub(super) async fn tags(call: &Call, request: OfQueue) -> Answer {
    let tags = call.engine.tags(&QueueName::from_url(&request.queue_url)?).await?;
    Ok(json!({ "Tags": tags }))
}

pub(super) async fn dead_letter_sources(call: &Call, request: OfQueue) -> Answer {
    let sources = call.engine.dead_letter_sources(&QueueName::from_url(&request.queue_url)?).await?;
    let urls: Vec<String> = sources.iter().map(|queue| call.url(queue)).collect();
    // Lower case in Amazon's own model.
    Ok(json!({ "queueUrls": urls }))
}
