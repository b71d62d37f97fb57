//! The Lambda function behind the schedule of each minute.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format};
use lambda_support::metrics::Metrics;
use lambda_support::origin::Origin;
use lambda_support::rotating::Rotating;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    logging::start(&environment, Format::Json)?;
    let metrics = Metrics::from_environment(&environment);
    let make = |environment: &Environment| sweep::start(environment, Arc::new(SystemClock));
    let sweep = Arc::new(Rotating::start(environment, sweep::WANTED, Arc::new(SystemClock), make).await?);
    run(service_fn(move |event: LambdaEvent<aws_lambda_events::event::eventbridge::EventBridgeEvent>| {
        let (sweep, metrics) = (Arc::clone(&sweep), metrics.clone());
        async move {
            let origin = Origin::traced(event.context.xray_trace_id);
            metrics.of(origin.of(async { sweep.current().await.handle(event.payload).await })).await.map_err(Error::from)
        }
    }))
    .await
}
