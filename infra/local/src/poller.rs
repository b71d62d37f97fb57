//! Event source mappings: queues polled as Lambda does it. What succeeded is deleted; what failed stays in flight until its visibility
//! ends, or until the pause that the function set.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use local_sqs::{Engine, EngineError, Message, QueueName, Receive};
use serde_json::{Map, Value as Json, json};
use tokio::sync::Semaphore;

use crate::functions::RunningFunction;
use crate::shutdown::Shutdown;
use crate::template::QueueSource;

/// How long one receive waits for a message.
const LONG_POLL: Duration = Duration::from_secs(20);

/// Polls a queue for a function until the stop.
pub(crate) async fn run(queues: Engine, source: QueueSource, queue: QueueName, function: Arc<RunningFunction>, shutdown: Shutdown) {
    let workers = Arc::new(Semaphore::new(source.concurrency.max(1)));
    let request = Receive { max: source.batch_size.min(10), wait: Some(LONG_POLL), visibility: None };
    loop {
        let Ok(worker) = Arc::clone(&workers).acquire_owned().await else { return };
        let received = tokio::select! {
            received = queues.receive(&queue, request) => received,
            () = shutdown.wanted() => break,
        };
        match received {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                let batch = Batch { queues: queues.clone(), queue: queue.clone(), arn: source.queue_arn.clone() };
                let function = Arc::clone(&function);
                tokio::spawn(async move {
                    batch.work(&function, messages).await;
                    drop(worker);
                });
            }
            Err(err) => {
                tracing::error!(queue = %queue, error = %err, "queue cannot be polled; its function stands still");
                break;
            }
        }
    }
    // The batches that are being worked end before the stores stop.
    drop(workers.acquire_many(u32::try_from(source.concurrency.max(1)).unwrap_or(1)).await);
}

struct Batch {
    queues: Engine,
    queue: QueueName,
    arn: String,
}

impl Batch {
    async fn work(&self, function: &Arc<RunningFunction>, messages: Vec<Message>) {
        failpoint::after("poller.receive");
        let records: Vec<Json> = messages.iter().map(|message| record(message, &self.arn)).collect();
        // A failed call gives the whole batch back, when its visibility ends.
        let Ok(answer) = function.call(json!({ "Records": records })).await else { return };
        let failures = answer.get("batchItemFailures").and_then(Json::as_array).into_iter().flatten();
        let failed: BTreeSet<&str> = failures.filter_map(|failure| failure.get("itemIdentifier")?.as_str()).collect();
        let done = messages.iter().filter(|message| !failed.contains(message.message_id.as_str()));
        let handles: Vec<String> = done.map(|message| message.receipt_handle.clone()).collect();
        if handles.is_empty() {
            return;
        }
        if let Err(err) = failpoint::around!("poller.delete", self.delete(handles).await) {
            tracing::warn!(queue = %self.queue, error = %err, "done jobs could not be deleted; they come again and do nothing");
        }
    }

    async fn delete(&self, handles: Vec<String>) -> Result<(), EngineError> {
        self.queues.delete_batch(&self.queue, handles).await?.into_iter().collect()
    }
}

/// A message as it stands in an SQS event.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
fn record(message: &Message, queue_arn: &str) -> Json {
    let attributes: Map<String, Json> =
        message.system_attributes().into_iter().map(|(name, value)| (name.to_owned(), Json::String(value))).collect();
    let message_attributes: Map<String, Json> = message
        .attributes
        .iter()
        .map(|(name, value)| {
            let shown = json!({
                "dataType": value.data_type,
                "stringValue": value.string_value,
                "stringListValues": [],
                "binaryListValues": [],
            });
            (name.clone(), shown)
        })
        .collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": "us-east-1",
    })
}
