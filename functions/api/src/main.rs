//! The Lambda function behind `/v1/*`.

use std::sync::Arc;

use lambda_http::{Error, Request, run, service_fn};
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
    let make = |environment: &Environment| api::start(environment, Arc::new(SystemClock));
    let api = Arc::new(Rotating::start(environment, api::WANTED, Arc::new(SystemClock), make).await?);
    run(service_fn(move |request: Request| {
        let (api, metrics) = (Arc::clone(&api), metrics.clone());
        async move { metrics.of(api::answer(&api, request)).await }
    }))
    .await
}
