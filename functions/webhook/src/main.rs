//! The Lambda function behind `/webhooks/*`.

use std::sync::Arc;

use lambda_http::{Error, run, service_fn};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format};
use lambda_support::metrics::Metrics;
use lambda_support::rotating::Rotating;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    logging::start(&environment, Format::Json)?;
    let metrics = Metrics::from_environment(&environment);
    let make = |environment: &Environment| webhook::start(environment, Arc::new(SystemClock));
    let webhook = Arc::new(Rotating::start(environment, webhook::WANTED, Arc::new(SystemClock), make).await?);
    run(service_fn(move |request| {
        let (webhook, metrics) = (Arc::clone(&webhook), metrics.clone());
        async move { metrics.of(webhook::answer(&webhook, request)).await }
    }))
    .await
}
