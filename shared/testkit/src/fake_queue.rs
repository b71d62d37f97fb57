//! The outbound queue and the orders queue in memory.

use std::sync::Mutex;

use domain::job::{Occasion, OrdersJob, OutboundJob};
use domain::notify::OrdersJobs;
use domain::ports::{JobQueueError, OutboundQueue};

use crate::lock::locked;

/// A queue that takes the same job for the same occasion once, and fails when it is told to.
#[derive(Debug, Default)]
pub struct FakeQueue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: Vec<(OutboundJob, Occasion)>,
    orders_jobs: Vec<OrdersJob>,
    seen: Vec<String>,
    asked: usize,
    /// How many of the next calls fail.
    failures: usize,
}

impl FakeQueue {
    /// Lets the next `calls` calls fail.
    pub fn fail(&self, calls: usize) {
        locked(&self.0).failures = calls;
    }

    /// Returns the jobs that are in the queue, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<OutboundJob> {
        locked(&self.0).jobs.iter().map(|(job, _)| job.clone()).collect()
    }

    /// Returns the jobs with their occasions.
    #[must_use]
    pub fn occasions(&self) -> Vec<(OutboundJob, Occasion)> {
        locked(&self.0).jobs.clone()
    }

    /// Returns the jobs of the orders queue, oldest first, and takes them out.
    pub fn take_orders_jobs(&self) -> Vec<OrdersJob> {
        std::mem::take(&mut locked(&self.0).orders_jobs)
    }

    /// Returns how often it was asked to take a job.
    #[must_use]
    pub fn asked(&self) -> usize {
        locked(&self.0).asked
    }

    /// Empties the queue. What was in it is taken again, as the real one does after five minutes.
    pub fn clear(&self) {
        let mut state = locked(&self.0);
        state.jobs.clear();
        state.seen.clear();
    }
}

impl OutboundQueue for FakeQueue {
    async fn enqueue(&self, job: &OutboundJob, occasion: &Occasion) -> Result<(), JobQueueError> {
        let mut state = locked(&self.0);
        state.asked += 1;
        if state.failures > 0 {
            state.failures -= 1;
            return Err(JobQueueError { reason: "the queue is not there".into() });
        }
        let id = job.deduplication_id(occasion);
        if !state.seen.contains(&id) {
            state.seen.push(id);
            state.jobs.push((job.clone(), occasion.clone()));
        }
        Ok(())
    }
}

impl OrdersJobs for FakeQueue {
    async fn put(&self, job: &OrdersJob) -> Result<(), JobQueueError> {
        let mut state = locked(&self.0);
        if state.failures > 0 {
            state.failures -= 1;
            return Err(JobQueueError { reason: "the queue is not there".into() });
        }
        state.orders_jobs.push(job.clone());
        Ok(())
    }
}
