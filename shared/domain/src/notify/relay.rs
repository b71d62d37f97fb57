//! Bringing back notices that nobody decided about, or whose time has come.

use std::time::Duration;

use super::OrdersJobs;
use crate::job::OrdersJob;
use crate::notice::Notices;
use crate::ports::{JobQueueError, StoreError};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// When a notice that was asked about is looked at again, if nothing came of it.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

#[derive(Debug, thiserror::Error)]
pub enum NoticeRelayError {
    #[error("what is due could not be read or postponed")]
    Store(#[source] StoreError),
    #[error("a job could not be enqueued")]
    Queue(#[source] JobQueueError),
}

impl Retryable for NoticeRelayError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Queue(err) => err.retry(),
        }
    }
}

/// Asks for decisions about notices that are due, at most `limit`, and returns how many there were.
pub async fn relay_notices<S: Notices>(
    store: &S,
    queue: &impl OrdersJobs,
    now: Timestamp,
    limit: usize,
) -> Result<usize, NoticeRelayError> {
    let due = store.due_notices(now, limit).await.map_err(NoticeRelayError::Store)?;
    for due in &due {
        queue.put(&OrdersJob::Decide { notice: due.notice.clone() }).await.map_err(NoticeRelayError::Queue)?;
        store.postpone_notice(due, now.plus(AGAIN_AFTER)).await.map_err(NoticeRelayError::Store)?;
    }
    Ok(due.len())
}
