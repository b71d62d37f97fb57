//! The sweep's work: bring back what a crash left behind.

use std::time::Duration;

use crate::job::{Occasion, OutboundJob};
use crate::ports::{DueIndex, JobQueueError, OutboundQueue, StoreError};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// When a message that was relayed is looked at again.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("what is due could not be read or moved")]
    Store(#[source] StoreError),
    #[error("what is due could not be enqueued")]
    Queue(#[source] JobQueueError),
}

impl Retryable for RelayError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Queue(err) => err.retry(),
        }
    }
}

/// What a round of the sweep brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relayed {
    pub count: usize,
    /// When the oldest of them was due.
    pub oldest_due_at: Option<Timestamp>,
}

/// Enqueues a job for each pending message that is due, at most `limit`. Two sweeps at once do no harm: they make
/// the same jobs, which the queue takes once, and only one of them moves the due moment.
pub async fn relay(index: &impl DueIndex, queue: &impl OutboundQueue, now: Timestamp, limit: usize) -> Result<Relayed, RelayError> {
    let due = index.due(now, limit).await.map_err(RelayError::Store)?;
    for item in &due {
        let job = OutboundJob::Wake { conversation: item.conversation.clone() };
        queue.enqueue(&job, &Occasion::Relayed(item.due_at)).await.map_err(RelayError::Queue)?;
        index.postpone(item, now.plus(AGAIN_AFTER)).await.map_err(RelayError::Store)?;
    }
    Ok(Relayed { count: due.len(), oldest_due_at: due.first().map(|item| item.due_at) })
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
