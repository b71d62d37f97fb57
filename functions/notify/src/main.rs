//! The Lambda function behind the orders queue.

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
    let make = |environment: &Environment| notify::start(environment, Arc::new(SystemClock));
    let notify = Arc::new(Rotating::start(environment, notify::WANTED, Arc::new(SystemClock), make).await?);
    run(service_fn(move |event: LambdaEvent<aws_lambda_events::event::sqs::SqsEvent>| {
        let (notify, metrics) = (Arc::clone(&notify), metrics.clone());
        async move {
            let origin = Origin::traced(event.context.xray_trace_id);
            metrics.of(origin.of(async { notify.current().await.handle(event.payload).await })).await
        }
    }))
    .await
}
