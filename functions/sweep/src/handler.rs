//! One run of the sweep.

use std::sync::Arc;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use domain::hold::attend;
use domain::ports::Clock;
use domain::relay::{RelayError, relay};
use dynamodb_store::Table;
use sqs_jobs::outbound::OutboundJobs;

/// How many pending messages one round takes, and how many rounds a run has: what is left waits a minute.
const A_ROUND: usize = 100;
const ROUNDS: usize = 10;

/// Everything that the function holds between runs.
#[derive(Debug)]
pub struct Sweep {
    table: Table,
    outbound: OutboundJobs,
    clock: Arc<dyn Clock>,
}

impl Sweep {
    #[must_use]
    pub fn new(table: Table, outbound: OutboundJobs, clock: Arc<dyn Clock>) -> Self {
        Self { table, outbound, clock }
    }

    /// Relays what is due and attends to the Pages on hold. A failed run is an error of the function, which its alarm counts; the next one starts where it stopped.
    pub async fn handle(&self, _event: EventBridgeEvent) -> Result<(), RelayError> {
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
