//! The REST API of the shop's backend and of agents.
//!
//! `routes` has a file for each resource, `dto` its shapes as JSON, `problem` its errors; `openapi` makes the document of both.

mod config;
mod cursor;
mod dto;
mod extract;
mod idempotency;
mod keys;
mod openapi;
mod problem;
pub mod reading;
mod routes;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Response;
pub use config::WANTED;
use domain::announce::InsecureHosts;
use domain::ports::Clock;
use domain::secret::Secret;
use dynamodb_store::Table;
use lambda_http::Request;
use lambda_http::tower::Service;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::rotating::Rotating;
use sqs_jobs::events::EventsQueue;
use sqs_jobs::orders::OrdersQueue;
use sqs_jobs::outbound::OutboundJobs;

use crate::keys::ApiKeys;

/// Everything that the function holds between calls.
#[derive(Debug)]
struct Api {
    table: Table,
    outbound: OutboundJobs,
    orders: OrdersQueue,
    events: EventsQueue,
    insecure: InsecureHosts,
    keys: ApiKeys,
    link_secrets: Vec<Secret>,
    clock: Arc<dyn Clock>,
}

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Router, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    Ok(routes::router(Arc::new(Api {
        table: Table::new(aws.dynamodb(), config.table_name).keeping(config.retention),
        outbound: OutboundJobs::new(aws.sqs(), config.outbound_queue_url),
        orders: OrdersQueue::new(aws.sqs(), config.orders_queue_url),
        events: EventsQueue::new(aws.sqs(), config.events_queue_url),
        insecure: config.insecure,
        keys: config.keys,
        link_secrets: config.link_secrets,
        clock,
    })))
}

/// Answers one call. A key that is not known is looked for among newer ones, when there are any: nothing was done for it yet.
pub async fn answer(api: &Rotating<Router>, request: Request) -> Result<Response, Infallible> {
    let again = request.headers().contains_key(header::AUTHORIZATION).then(|| request.clone());
    let answer = Router::clone(&*api.current().await).call(request).await?;
    match again {
        Some(request) if answer.status() == StatusCode::UNAUTHORIZED => Router::clone(&*api.after_refusal().await).call(request).await,
        Some(_) | None => Ok(answer),
    }
}

/// Returns the OpenAPI document, as `GET /v1/openapi.json` answers it.
#[must_use]
pub fn document() -> String {
    openapi::document()
}
