//! Sends what conversations accepted, once and in order, and records what came of it.

mod config;
mod gate;
mod handler;
mod pace;

use std::sync::Arc;

pub use config::WANTED;
use domain::ports::Clock;
use dynamodb_store::Table;
use graph_api::GraphApi;
pub use handler::Deliver;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
pub use pace::MOST_A_SECOND;
use sqs_jobs::batch::SourceQueue;
use sqs_jobs::orders::OrdersQueue;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Deliver, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let graph =
        GraphApi::new(config.graph).map_err(|err| EnvironmentError::Invalid { name: "GRAPH_API_URL".into(), reason: err.to_string() })?;
    let source = SourceQueue::new(aws.sqs(), config.outbound_queue_url);
    let orders = OrdersQueue::new(aws.sqs(), config.orders_queue_url);
    Ok(Deliver::new(Table::new(aws.dynamodb(), config.table_name).keeping(config.retention), graph, source, orders, clock))
}
