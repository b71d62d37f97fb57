//! Tells the shop's own programs what happened: one signed POST for each endpoint that asked for it, repeated until it gets through.

mod config;
mod handler;

use std::sync::Arc;

use domain::ports::Clock;
use dynamodb_store::Table;
pub use handler::Announce;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::logging::chain;
use outgoing_webhooks::WebhookClient;
use sqs_jobs::batch::SourceQueue;
use sqs_jobs::events::EventsQueue;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Announce, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let client = WebhookClient::new(config.insecure)
        .map_err(|err| EnvironmentError::Invalid { name: "ANNOUNCE_INSECURE_HOSTS".into(), reason: chain(&err).to_string() })?;
    Ok(Announce::new(
        Table::new(aws.dynamodb(), config.table_name).keeping(config.retention),
        EventsQueue::new(aws.sqs(), config.events_queue_url.clone()),
        SourceQueue::new(aws.sqs(), config.events_queue_url),
        client,
        clock,
    ))
}
