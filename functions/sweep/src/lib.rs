//! Brings back what a crash left behind: messages that were stored and never enqueued, or that nothing has moved for too long.

mod config;
mod handler;

use std::sync::Arc;

use domain::ports::Clock;
use dynamodb_store::Table;
pub use handler::Sweep;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use sqs_jobs::outbound::OutboundJobs;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Sweep, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let outbound = OutboundJobs::new(aws.sqs(), config.outbound_queue_url);
    Ok(Sweep::new(Table::new(aws.dynamodb(), config.table_name), outbound, clock))
}
