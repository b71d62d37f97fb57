//! A batch is many jobs: each ends on its own, and only what may succeed later goes back.
//!
//! On a FIFO queue the first job of a group that goes back holds the rest of its group, and only that group.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use futures::StreamExt;
use futures::stream;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// It is done, or parked.
    Done,
    /// It stays in the queue and comes again after the pause, or after the queue's visibility timeout when there is none.
    GiveBack { pause: Option<Duration> },
}

/// The order that a queue keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// Each job for itself.
    None,
    /// Jobs of a message group one after another.
    ByGroup,
}

/// How many groups are worked side by side: more connections than this cost more than they bring.
const SIDE_BY_SIDE: usize = 8;

/// The longest pause that SQS takes: twelve hours.
const LONGEST_PAUSE: Duration = Duration::from_hours(12);

/// The consuming end of a queue, for pauses.
#[derive(Debug, Clone)]
pub struct SourceQueue {
    client: Client,
    url: String,
}

impl SourceQueue {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Hides a message for `pause`. When that fails it comes again after the queue's own timeout, which is only later.
    async fn pause(&self, message: &SqsMessage, pause: Duration) {
        let Some(receipt) = &message.receipt_handle else { return };
        // Whole seconds, rounded up: a pause of zero would spin.
        let seconds = i32::try_from(pause.min(LONGEST_PAUSE).as_millis().div_ceil(1000)).unwrap_or(i32::MAX).max(1);
        let changed = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt).visibility_timeout(seconds);
        if let Err(err) = failpoint::around!("queue.pause", changed.send().await) {
            tracing::warn!(error = crate::reason(&err), job.id = message.message_id, "the pause of a job could not be set");
        }
    }
}

/// Works every message of `event` with `job`, and answers which go back.
pub async fn work<F, Work>(queue: &SourceQueue, event: SqsEvent, ordering: Ordering, job: F) -> SqsBatchResponse
where
    F: Fn(SqsMessage) -> Work,
    Work: Future<Output = JobEnd>,
{
    let groups = grouped(event.records, ordering);
    let job = &job;
    let failures: Vec<Vec<BatchItemFailure>> =
        stream::iter(groups).map(|group| work_group(queue, group, job)).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().flatten().collect();
    response
}

/// Works the messages of `event` all at once with `jobs`, which says of each, in order, how it ended, and answers which go back.
///
/// It is for a queue without order, whose jobs are cheaper together. A message of which nothing is said goes back.
pub async fn work_together<Work>(queue: &SourceQueue, event: SqsEvent, jobs: impl FnOnce(Vec<SqsMessage>) -> Work) -> SqsBatchResponse
where
    Work: Future<Output = Vec<JobEnd>>,
{
    let messages = event.records;
    let ends = jobs(messages.clone()).await.into_iter().chain(std::iter::repeat(JobEnd::GiveBack { pause: None }));
    let unfinished = messages.into_iter().zip(ends).filter_map(|(message, end)| match end {
        JobEnd::Done => None,
        JobEnd::GiveBack { pause } => Some((message, pause)),
    });
    let give_back = |(message, pause): (SqsMessage, Option<Duration>)| async move {
        if let Some(pause) = pause {
            queue.pause(&message, pause).await;
        }
        failure(message)
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = stream::iter(unfinished).map(give_back).buffered(SIDE_BY_SIDE).collect().await;
    response
}

async fn work_group<F, Work>(queue: &SourceQueue, group: Vec<SqsMessage>, job: &F) -> Vec<BatchItemFailure>
where
    F: Fn(SqsMessage) -> Work,
    Work: Future<Output = JobEnd>,
{
    let mut messages = group.into_iter();
    while let Some(message) = messages.next() {
        let JobEnd::GiveBack { pause } = job(message.clone()).await else { continue };
        let held: Vec<SqsMessage> = std::iter::once(message).chain(messages).collect();
        if let Some(pause) = pause {
            for message in &held {
                queue.pause(message, pause).await;
            }
        }
        return held.into_iter().map(failure).collect();
    }
    Vec::new()
}

fn failure(message: SqsMessage) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.unwrap_or_default();
    failure
}

/// Puts messages that must keep their order together, in order.
fn grouped(messages: Vec<SqsMessage>, ordering: Ordering) -> Vec<Vec<SqsMessage>> {
    if ordering == Ordering::None {
        return messages.into_iter().map(|message| vec![message]).collect();
    }
    let mut groups: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
    for message in messages {
        let group = message.attributes.get("MessageGroupId").cloned().unwrap_or_default();
        groups.entry(group).or_default().push(message);
    }
    groups.into_values().collect()
}

/// Returns how often a message was received, this time included.
#[must_use]
pub fn receive_count(message: &SqsMessage) -> u32 {
    message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn queue() -> SourceQueue {
        let config = aws_sdk_sqs::Config::builder().behavior_version_latest().build();
        SourceQueue::new(Client::from_conf(config), String::new())
    }

    fn message(id: &str, group: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.into());
        message.attributes.insert("MessageGroupId".into(), group.into());
        message
    }

    async fn run(ordering: Ordering, messages: Vec<SqsMessage>, fails: &str) -> (Vec<String>, Vec<String>) {
        let worked = Mutex::new(Vec::new());
        let mut event = SqsEvent::default();
        event.records = messages;
        let response = work(&queue(), event, ordering, |message| {
            let id = message.message_id.unwrap_or_default();
            worked.lock().unwrap().push(id.clone());
            async move { if fails.contains(&id) { JobEnd::GiveBack { pause: None } } else { JobEnd::Done } }
        })
        .await;
        let mut worked = worked.into_inner().unwrap();
        worked.sort();
        (worked, response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect())
    }

    #[tokio::test]
    async fn a_failed_job_holds_the_rest_of_its_group_and_no_other() {
        let messages = vec![message("a1", "a"), message("b1", "b"), message("a2", "a"), message("a3", "a"), message("b2", "b")];
        let (worked, failed) = run(Ordering::ByGroup, messages, "a2").await;
        assert_eq!(worked, ["a1", "a2", "b1", "b2"]);
        assert_eq!(failed, ["a2", "a3"]);
    }

    #[tokio::test]
    async fn together_each_ends_on_its_own_and_what_is_not_spoken_of_goes_back() {
        let mut event = SqsEvent::default();
        event.records = vec![message("a", ""), message("b", ""), message("c", "")];
        let ends = vec![JobEnd::GiveBack { pause: None }, JobEnd::Done];
        let response = work_together(&queue(), event, |_| async { ends }).await;
        let failed: Vec<_> = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["a", "c"]);
    }

    #[tokio::test]
    async fn without_order_each_job_ends_on_its_own() {
        let messages = vec![message("a1", "a"), message("a2", "a"), message("a3", "a")];
        let (worked, failed) = run(Ordering::None, messages, "a1").await;
        assert_eq!(worked, ["a1", "a2", "a3"]);
        assert_eq!(failed, ["a1"]);
    }
}
