//! One run of the sweep.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use domain::hold::attend;
use domain::id::PageId;
use domain::notify::{NoticeRelayError, relay_notices};
use domain::ports::{Clock, StoreError, UnansweredIndex};
use domain::relay::{RelayError, relay};
use domain::time::Timestamp;
use domain::watch::{WatchError, watch};
use dynamodb_store::Table;
use futures::FutureExt;
use graph_api::GraphApi;
use lambda_support::{logging, metrics};
use sqs_jobs::queues::Queues;

use crate::slow::Slow;

/// How many pending messages one round takes, and how many rounds a run has: what is left waits a minute.
const A_ROUND: usize = 100;
const ROUNDS: usize = 10;

/// A run did not get through.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error("what is due was not relayed")]
    Relay(#[source] RelayError),
    #[error("what is due of notices was not relayed")]
    Notices(#[source] NoticeRelayError),
    #[error("the Pages were not watched")]
    Watch(#[source] WatchError),
    #[error("who waits for an answer was not seen")]
    Unanswered(#[source] StoreError),
}

/// Everything that the function holds between runs.
#[derive(Debug)]
pub struct Sweep {
    table: Table,
    graph: Slow<GraphApi>,
    pages: Vec<PageId>,
    queues: Queues,
    clock: Arc<dyn Clock>,
}

impl Sweep {
    #[must_use]
    pub fn new(table: Table, graph: GraphApi, pages: Vec<PageId>, queues: Queues, clock: Arc<dyn Clock>) -> Self {
        Self { table, graph: Slow::new(graph), pages, queues, clock }
    }

    /// One run. Its parts do not stand in each other's way; a failed one is an error of the function, which its alarm counts, and the next
    /// run starts where it stopped.
    pub async fn handle(&self, _event: EventBridgeEvent) -> Result<(), SweepError> {
        // Boxed: so many calls within one another are a type too deep for the compiler.
        let (relayed, noticed, watched, seen) =
            futures::join!(self.relay().boxed(), self.relay_notices().boxed(), self.watch().boxed(), self.see_who_waits().boxed());
        relayed.map_err(SweepError::Relay)?;
        noticed.map_err(SweepError::Notices)?;
        watched.map_err(SweepError::Watch)?;
        seen.map_err(SweepError::Unanswered)
    }

    /// Asks for decisions about notices that are due.
    async fn relay_notices(&self) -> Result<(), NoticeRelayError> {
        let mut relayed = 0;
        for _ in 0..ROUNDS {
            let round = relay_notices(&self.table, &self.queues, self.clock.now(), A_ROUND).await?;
            relayed += round;
            if round < A_ROUND {
                break;
            }
        }
        metrics::gauge(metrics::NOTICES_RELAYED, relayed);
        Ok(())
    }

    /// Measures how long the customer has waited who waits longest for an answer.
    async fn see_who_waits(&self) -> Result<(), StoreError> {
        let oldest = self.table.oldest_unanswered().await?;
        metrics::measure(metrics::OLDEST_UNANSWERED, self.age(oldest));
        Ok(())
    }

    /// How long ago something was; nothing is no time ago.
    fn age(&self, since: Option<Timestamp>) -> Duration {
        let now = self.clock.now();
        now.since(since.unwrap_or(now))
    }

    /// Looks after the Pages.
    async fn watch(&self) -> Result<(), WatchError> {
        let watched = watch(&self.table, &self.graph, &self.queues, &self.pages, self.clock.now()).await?;
        metrics::gauge(metrics::PAGES_TOKEN_DEAD, watched.tokens_dead);
        metrics::gauge(metrics::PAGES_TOKEN_ENDING, watched.tokens_ending);
        metrics::gauge(metrics::PAGES_UNSUBSCRIBED, watched.unsubscribed);
        for event in &watched.told {
            logging::operator(event);
        }
        Ok(())
    }

    /// Relays what is due, and attends to the Pages on hold.
    async fn relay(&self) -> Result<(), RelayError> {
        let mut relayed = 0;
        for number in 0..ROUNDS {
            let round = relay(&self.table, &self.queues, self.clock.now(), A_ROUND).await?;
            if number == 0 {
                metrics::measure(metrics::OLDEST_PENDING, self.age(round.oldest_due_at));
            }
            relayed += round.count;
            if round.count < A_ROUND {
                break;
            }
        }
        let attended = attend(&self.table, &self.queues, self.clock.now()).await?;
        metrics::gauge(metrics::PAGES_HELD, attended.held);
        relayed += attended.woken;
        metrics::gauge(metrics::MESSAGES_RELAYED, relayed);
        if relayed > 0 {
            tracing::info!(relayed, "pending messages relayed");
        }
        Ok(())
    }
}
