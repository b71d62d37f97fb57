//! Proves who sent the bytes, puts them in a queue, answers. It reads nothing out of deliveries on the way and knows no table.

mod config;
mod handler;
mod shops;

use std::convert::Infallible;
use std::sync::Arc;

pub use config::WANTED;
use domain::ports::Clock;
pub use handler::Webhook;
use lambda_http::{Body, Request, Response};
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::rotating::Rotating;
pub use shops::Shops;
use sqs_jobs::intake::IntakeQueue;
use sqs_jobs::shop::ShopQueue;

/// Makes the function of what its environment says.
pub fn start(environment: &Environment, clock: Arc<dyn Clock>) -> Result<Webhook, EnvironmentError> {
    let config = config::Config::read(environment)?;
    let aws = Aws::from_environment(environment)?;
    let inbound = IntakeQueue::new(aws.sqs(), config.inbound_queue_url);
    let shops = Shops::new(config.shop_secrets, ShopQueue::new(aws.sqs(), config.orders_queue_url));
    Ok(Webhook::new(config.app_secrets, config.verify_token, inbound, shops, clock))
}

/// Answers one call. What the secrets at hand refuse is judged by newer ones, when there are any.
pub async fn answer(webhook: &Rotating<Webhook>, request: Request) -> Result<Response<Body>, Infallible> {
    match webhook.current().await.attempt(&request).await {
        Ok(answered) => Ok(answered),
        Err(_refused) => webhook.after_refusal().await.handle(request).await,
    }
}
