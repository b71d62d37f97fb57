//! The two queues that follow from what customers do, together.

use domain::job::{Occasion, OrdersJob, OutboundJob};
use domain::notify::OrdersJobs;
use domain::ports::{JobQueueError, OutboundQueue};

use crate::orders::OrdersQueue;
use crate::outbound::OutboundJobs;

/// The outbound queue and the orders queue.
#[derive(Debug, Clone)]
pub struct Queues {
    pub outbound: OutboundJobs,
    pub orders: OrdersQueue,
}

impl OutboundQueue for Queues {
    async fn enqueue(&self, job: &OutboundJob, occasion: &Occasion) -> Result<(), JobQueueError> {
        self.outbound.enqueue(job, occasion).await
    }

    async fn enqueue_all(&self, jobs: &[(OutboundJob, Occasion)]) -> Vec<Result<(), JobQueueError>> {
        self.outbound.enqueue_all(jobs).await
    }
}

impl OrdersJobs for Queues {
    async fn put(&self, job: &OrdersJob) -> Result<(), JobQueueError> {
        self.orders.put(job).await
    }
}
