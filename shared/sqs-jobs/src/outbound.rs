//! The outbound queue: what `deliver` has to do.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::job::{Occasion, OutboundJob};
use domain::ports::{JobQueueError, OutboundQueue};
use futures::{StreamExt, stream};
use lambda_support::origin;
use serde::{Deserialize, Serialize};

/// The most messages of one call.
const MOST_JOBS: usize = 10;

/// How many calls are made side by side.
const SIDE_BY_SIDE: usize = 4;

/// The version of the envelope.
const VERSION: u32 = 1;

/// A job with the version of its shape.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    v: u32,
    /// The gateway's id of the request that caused it, for the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(flatten)]
    job: OutboundJob,
}

/// A queue message that is no job of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAJob {
    #[error("the message is not a job (line {line}, column {column})")]
    Unreadable { line: usize, column: usize },
    #[error("the job has version {0}, and this function knows {VERSION}")]
    UnknownVersion(u32),
}

/// The producing end of the outbound queue.
#[derive(Debug, Clone)]
pub struct OutboundJobs {
    client: Client,
    url: String,
}

impl OutboundJobs {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl OutboundQueue for OutboundJobs {
    async fn enqueue(&self, job: &OutboundJob, occasion: &Occasion) -> Result<(), JobQueueError> {
        let body = write(job).map_err(|err| JobQueueError { reason: err.to_string() })?;
        failpoint::before("queue.outbound");
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_group_id(job.group())
            .message_deduplication_id(job.deduplication_id(occasion))
            .set_message_system_attributes(crate::trace())
            .send()
            .await;
        failpoint::after("queue.outbound");
        sent.map(drop).map_err(|err| JobQueueError { reason: crate::reason(&err) })
    }

    async fn enqueue_all(&self, jobs: &[(OutboundJob, Occasion)]) -> Vec<Result<(), JobQueueError>> {
        if let [(job, occasion)] = jobs {
            return vec![self.enqueue(job, occasion).await];
        }
        let batches: Vec<_> = jobs.chunks(MOST_JOBS).map(|jobs| self.enqueue_batch(jobs)).collect();
        let enqueued: Vec<Vec<_>> = stream::iter(batches).buffered(SIDE_BY_SIDE).collect().await;
        enqueued.into_iter().flatten().collect()
    }
}

impl OutboundJobs {
    /// Enqueues with one call as many jobs as it takes. What is not named among the successful has failed.
    async fn enqueue_batch(&self, jobs: &[(OutboundJob, Occasion)]) -> Vec<Result<(), JobQueueError>> {
        let entries: Result<Vec<_>, _> = jobs.iter().enumerate().map(|(number, (job, occasion))| entry(number, job, occasion)).collect();
        let sent = match entries {
            Ok(entries) => {
                let sending = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send();
                let sent = failpoint::around!("queue.outbound_many", sending.await);
                sent.map_err(|err| JobQueueError { reason: crate::reason(&err) })
            }
            Err(err) => Err(err),
        };
        let ended = |number: usize| match &sent {
            Ok(output) if output.successful.iter().any(|entry| entry.id == number.to_string()) => Ok(()),
            Ok(output) => {
                let failed = output.failed.iter().find(|entry| entry.id == number.to_string());
                let reason = failed.map_or_else(|| String::from("it said nothing of the job"), |entry| entry.code.clone());
                Err(JobQueueError { reason })
            }
            Err(err) => Err(JobQueueError { reason: err.reason.clone() }),
        };
        (0..jobs.len()).map(ended).collect()
    }
}

fn entry(number: usize, job: &OutboundJob, occasion: &Occasion) -> Result<SendMessageBatchRequestEntry, JobQueueError> {
    let body = write(job).map_err(|err| JobQueueError { reason: err.to_string() })?;
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(body)
        .message_group_id(job.group())
        .message_deduplication_id(job.deduplication_id(occasion))
        .set_message_system_attributes(crate::trace())
        .build()
        .map_err(|err| JobQueueError { reason: err.to_string() })
}

/// Writes a job as a message body, with the id of the request at hand.
pub fn write(job: &OutboundJob) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Envelope { v: VERSION, request_id: origin::request_of(job.conversation()), job: job.clone() })
}

/// Reads a job out of a message body.
pub fn read(body: &str) -> Result<OutboundJob, NotAJob> {
    read_with_request(body).map(|(job, _)| job)
}

/// Reads a job and the id of the request that caused it, when it tells it.
pub fn read_with_request(body: &str) -> Result<(OutboundJob, Option<String>), NotAJob> {
    let envelope: Envelope = serde_json::from_str(body).map_err(|err| NotAJob::Unreadable { line: err.line(), column: err.column() })?;
    if envelope.v == VERSION { Ok((envelope.job, envelope.request_id)) } else { Err(NotAJob::UnknownVersion(envelope.v)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{ConversationId, MessageId, PageId, UserId};
    use domain::time::Timestamp;

    fn conversation() -> ConversationId {
        ConversationId::of(&PageId::new("1").unwrap(), &UserId::new("2").unwrap())
    }

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let message = MessageId::new(Timestamp::from_millis(1_795_255_200_000), 1);
        for job in [
            OutboundJob::Deliver { conversation: conversation(), message },
            OutboundJob::Wake { conversation: conversation() },
            OutboundJob::LookUpName { conversation: conversation() },
        ] {
            assert_eq!(read(&write(&job).unwrap()), Ok(job));
        }
    }

    #[tokio::test]
    async fn a_job_tells_the_request_that_caused_it_and_one_without_is_readable() {
        let job = OutboundJob::Wake { conversation: conversation() };
        let origin = origin::Origin { trace: None, request: origin::Request::of("r1") };
        let caused = origin.of(async { write(&job).unwrap() }).await;
        assert_eq!(read_with_request(&caused), Ok((job.clone(), Some("r1".into()))));
        assert_eq!(read_with_request(&write(&job).unwrap()), Ok((job, None)));
    }

    #[test]
    fn another_version_is_named() {
        let body = write(&OutboundJob::Wake { conversation: conversation() }).unwrap().replace("\"v\":1", "\"v\":2");
        assert_eq!(read(&body), Err(NotAJob::UnknownVersion(2)));
    }

    #[test]
    fn words_that_are_no_job_are_not_repeated() {
        let error = read(r#"{"v":1,"type":"my secret words"}"#).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
