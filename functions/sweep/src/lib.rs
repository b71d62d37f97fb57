//! Brings back what a crash left behind: messages that were stored and never enqueued, or that nothing has moved for too long. Wakes what
//! waits for a Page that goes on, and watches each Page's token and subscription.

mod config;
mod handler;
mod slow;

use std::sync::Arc;

pub use config::WANTED;
use domain::ports::Clock;
use dynamodb_store::Table;
use graph_api::GraphApi;
pub use handler::Sweep;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use sqs_jobs::orders::OrdersQueue;
use sqs_jobs::outbound::OutboundJobs;
use sqs_jobs::queues::Queues;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Sweep, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let queues = Queues {
        outbound: OutboundJobs::new(aws.sqs(), config.outbound_queue_url),
        orders: OrdersQueue::new(aws.sqs(), config.orders_queue_url),
    };
    let pages = config.graph.page_tokens.keys().cloned().collect();
    let graph =
        GraphApi::new(config.graph).map_err(|err| EnvironmentError::Invalid { name: "GRAPH_API_URL".into(), reason: err.to_string() })?;
    Ok(Sweep::new(Table::new(aws.dynamodb(), config.table_name).keeping(config.retention), graph, pages, queues, clock))
}
