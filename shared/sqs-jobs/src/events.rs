//! The queue of announcements: what `announce` has to tell the shop's own programs.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::announce::{Announcement, EventJob, EventQueue, EventQueueError};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};

pub use crate::outbound::NotAJob;

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
    #[serde(flatten)]
    job: EventJob,
}

/// The producing end of the queue of announcements.
#[derive(Debug, Clone)]
pub struct EventsQueue {
    client: Client,
    url: String,
}

impl EventsQueue {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Announces one thing.
    pub async fn put(&self, announcement: &Announcement) -> Result<(), EventQueueError> {
        self.enqueue(&EventJob::Announce { announcement: announcement.clone() }).await
    }

    /// Announces several things, ten with one call, each of which ends by itself.
    pub async fn put_all(&self, announcements: &[Announcement]) -> Vec<Result<(), EventQueueError>> {
        if let [announcement] = announcements {
            return vec![self.put(announcement).await];
        }
        let batches: Vec<_> = announcements.chunks(MOST_JOBS).map(|announcements| self.put_batch(announcements)).collect();
        let put: Vec<Vec<_>> = stream::iter(batches).buffered(SIDE_BY_SIDE).collect().await;
        put.into_iter().flatten().collect()
    }

    /// What is not named among the successful has failed.
    async fn put_batch(&self, announcements: &[Announcement]) -> Vec<Result<(), EventQueueError>> {
        let entries: Result<Vec<_>, _> =
            announcements.iter().enumerate().map(|(number, announcement)| entry(number, announcement)).collect();
        let sent = match entries {
            Ok(entries) => {
                let sent = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
                sent.map_err(|err| crate::reason(&err))
            }
            Err(err) => Err(err.reason),
        };
        let ended = |number: usize| match &sent {
            Ok(output) if output.successful.iter().any(|entry| entry.id == number.to_string()) => Ok(()),
            Ok(output) => {
                let failed = output.failed.iter().find(|entry| entry.id == number.to_string());
                let reason = failed.map_or_else(|| String::from("it said nothing of the job"), |entry| entry.code.clone());
                Err(EventQueueError { reason })
            }
            Err(reason) => Err(EventQueueError { reason: reason.clone() }),
        };
        (0..announcements.len()).map(ended).collect()
    }
}

impl EventQueue for EventsQueue {
    async fn enqueue(&self, job: &EventJob) -> Result<(), EventQueueError> {
        let body = write(job).map_err(|err| EventQueueError { reason: err.to_string() })?;
        let sending = self.client.send_message().queue_url(&self.url).message_body(body).set_message_system_attributes(crate::trace());
        sending.send().await.map(drop).map_err(|err| EventQueueError { reason: crate::reason(&err) })
    }
}

fn entry(number: usize, announcement: &Announcement) -> Result<SendMessageBatchRequestEntry, EventQueueError> {
    let body = write(&EventJob::Announce { announcement: announcement.clone() });
    let body = body.map_err(|err| EventQueueError { reason: err.to_string() })?;
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(body)
        .set_message_system_attributes(crate::trace())
        .build()
        .map_err(|err| EventQueueError { reason: err.to_string() })
}

/// Writes a job as a message body.
pub fn write(job: &EventJob) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Envelope { v: VERSION, job: job.clone() })
}

/// Reads a job out of a message body.
pub fn read(body: &str) -> Result<EventJob, NotAJob> {
    let envelope: Envelope = serde_json::from_str(body).map_err(|err| NotAJob::Unreadable { line: err.line(), column: err.column() })?;
    if envelope.v == VERSION { Ok(envelope.job) } else { Err(NotAJob::UnknownVersion(envelope.v)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::announce::EndpointId;
    use domain::time::Timestamp;

    #[test]
    fn a_job_is_read_as_it_was_written() {
        let at = Timestamp::from_millis(1_795_255_200_000);
        let announcement = Announcement::test(&EndpointId::new(at, 1), 2, at);
        let deliver = EventJob::Deliver { endpoint: EndpointId::new(at, 1), announcement: announcement.id.clone() };
        for job in [EventJob::Announce { announcement }, deliver] {
            assert_eq!(read(&write(&job).unwrap()), Ok(job));
        }
    }

    #[test]
    fn what_is_no_job_is_not_repeated() {
        assert!(matches!(read(r#"{"v":1,"type":"my secret words"}"#), Err(NotAJob::Unreadable { .. })));
        assert!(matches!(read("{}"), Err(NotAJob::Unreadable { .. })));
    }
}
