//! Turns what shops and carriers tell into receipts and shipping notices: each once, by the way that policy allows at that moment.

mod config;
mod handler;

use std::sync::Arc;

pub use config::WANTED;
use domain::ports::Clock;
use dynamodb_store::Table;
pub use handler::Notify;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use mail::Mail;
use sqs_jobs::batch::SourceQueue;
use sqs_jobs::events::EventsQueue;
use sqs_jobs::outbound::OutboundJobs;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Notify, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    Ok(Notify {
        table: Table::new(aws.dynamodb(), config.table_name).keeping(config.retention),
        outbound: OutboundJobs::new(aws.sqs(), config.outbound_queue_url),
        events: EventsQueue::new(aws.sqs(), config.events_queue_url),
        mail: Mail::new(&config.mail, &aws)?,
        link_secrets: config.link_secrets,
        source: SourceQueue::new(aws.sqs(), config.orders_queue_url),
        clock,
    })
}
