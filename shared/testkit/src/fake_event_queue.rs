//! The queue of announcements in memory.

use std::sync::Mutex;

use domain::announce::{EventJob, EventQueue, EventQueueError};

use crate::lock::locked;

/// A queue that takes everything.
#[derive(Debug, Default)]
pub struct FakeEventQueue(Mutex<Vec<EventJob>>);

impl FakeEventQueue {
    /// Returns the jobs that are in the queue, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<EventJob> {
        locked(&self.0).clone()
    }
}

impl EventQueue for FakeEventQueue {
    async fn enqueue(&self, job: &EventJob) -> Result<(), EventQueueError> {
        locked(&self.0).push(job.clone());
        Ok(())
    }
}
