//! The queue of announcements in memory.

use std::sync::Mutex;

use domain::announce::{EventJob, EventQueue, EventQueueError};

use crate::lock::locked;

/// A queue that takes everything but the job that it was told to refuse.
#[derive(Debug, Default)]
pub struct FakeEventQueue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: Vec<EventJob>,
    refuses_next: bool,
}

impl FakeEventQueue {
    /// Returns the jobs that are in the queue, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<EventJob> {
        locked(&self.0).jobs.clone()
    }

    /// Refuses the next job.
    pub fn refuse(&self) {
        locked(&self.0).refuses_next = true;
    }
}

impl EventQueue for FakeEventQueue {
    async fn enqueue(&self, job: &EventJob) -> Result<(), EventQueueError> {
        let mut state = locked(&self.0);
        if std::mem::take(&mut state.refuses_next) {
            return Err(EventQueueError { reason: "the queue is down".into() });
        }
        state.jobs.push(job.clone());
        Ok(())
    }
}
