//! Turns platform events into stored history, once; settles echoes and marks; parks what can never succeed.

mod config;
mod handler;
mod tell;

use std::sync::Arc;

use domain::ports::Clock;
use dynamodb_store::Table;
pub use handler::Ingest;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use sqs_jobs::batch::SourceQueue;
use sqs_jobs::events::EventsQueue;
use sqs_jobs::orders::OrdersQueue;
use sqs_jobs::outbound::OutboundJobs;
use sqs_jobs::queues::Queues;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Ingest, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    Ok(Ingest::new(
        Table::new(aws.dynamodb(), config.table_name).keeping(config.retention),
        Queues {
            outbound: OutboundJobs::new(aws.sqs(), config.outbound_queue_url),
            orders: OrdersQueue::new(aws.sqs(), config.orders_queue_url),
        },
        EventsQueue::new(aws.sqs(), config.events_queue_url),
        SourceQueue::new(aws.sqs(), config.inbound_queue_url),
        clock,
    ))
}
