//! Proves who sent the bytes, puts them in a queue, answers. It reads nothing out of deliveries on the way and knows no table.

mod config;
mod handler;

use std::sync::Arc;

use domain::ports::Clock;
pub use handler::Webhook;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use sqs_jobs::intake::IntakeQueue;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Webhook, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let inbound = IntakeQueue::new(aws.sqs(), config.inbound_queue_url);
    Ok(Webhook::new(config.app_secrets, config.verify_token, inbound, clock))
}
