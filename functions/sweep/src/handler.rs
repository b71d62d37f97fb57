//! One run of the sweep.

use std::sync::Arc;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use domain::hold::attend;
use domain::id::PageId;
use domain::ports::Clock;
use domain::relay::{RelayError, relay};
use domain::watch::{WatchError, watch};
use dynamodb_store::Table;
use graph_api::GraphApi;
use lambda_support::logging;
use sqs_jobs::outbound::OutboundJobs;

use crate::slow::Slow;

/// How many pending messages one round takes, and how many rounds a run has: what is left waits a minute.
const A_ROUND: usize = 100;
const ROUNDS: usize = 10;

/// A run did not get through.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error("what is due was not relayed")]
    Relay(#[source] RelayError),
    #[error("the Pages were not watched")]
    Watch(#[source] WatchError),
}

/// Everything that the function holds between runs.
#[derive(Debug)]
pub struct Sweep {
    table: Table,
    graph: Slow<GraphApi>,
    pages: Vec<PageId>,
    outbound: OutboundJobs,
    clock: Arc<dyn Clock>,
}

impl Sweep {
    #[must_use]
    pub fn new(table: Table, graph: GraphApi, pages: Vec<PageId>, outbound: OutboundJobs, clock: Arc<dyn Clock>) -> Self {
        Self { table, graph: Slow::new(graph), pages, outbound, clock }
    }

    /// One run. Its parts do not stand in each other's way; a failed one is an error of the function, which its alarm counts, and the next
    /// run starts where it stopped.
    pub async fn handle(&self, _event: EventBridgeEvent) -> Result<(), SweepError> {
        let (relayed, watched) = futures::join!(self.relay(), Box::pin(self.watch()));
        relayed.map_err(SweepError::Relay)?;
        watched.map_err(SweepError::Watch)
    }

    /// Looks after the Pages.
    async fn watch(&self) -> Result<(), WatchError> {
        for event in watch(&self.table, &self.graph, &self.outbound, &self.pages, self.clock.now()).await? {
            logging::operator(&event);
        }
        Ok(())
    }

    /// Relays what is due, and attends to the Pages on hold.
    async fn relay(&self) -> Result<(), RelayError> {
        let mut relayed = 0;
        for _ in 0..ROUNDS {
            let round = relay(&self.table, &self.outbound, self.clock.now(), A_ROUND).await?;
            relayed += round;
            if round < A_ROUND {
                break;
            }
        }
        relayed += attend(&self.table, &self.outbound, self.clock.now()).await?;
        if relayed > 0 {
            tracing::info!(relayed, "pending messages relayed");
        }
        Ok(())
    }
}
