//! The Lambda function behind the schedule of each minute.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format};
use lambda_support::metrics::Metrics;
use lambda_support::origin::Origin;
use lambda_support::secrets;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    logging::start(&environment, Format::Json)?;
    let environment = secrets::fetch(environment).await?;
    let metrics = Metrics::from_environment(&environment);
    let sweep = Arc::new(sweep::start(&environment, Arc::new(SystemClock))?);
    run(service_fn(move |event: LambdaEvent<aws_lambda_events::event::eventbridge::EventBridgeEvent>| {
        let (sweep, metrics) = (Arc::clone(&sweep), metrics.clone());
        async move {
            let origin = Origin::traced(event.context.xray_trace_id);
            metrics.of(origin.of(sweep.handle(event.payload))).await.map_err(Error::from)
        }
    }))
    .await
}
