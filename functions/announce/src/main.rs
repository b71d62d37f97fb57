//! The Lambda function behind the queue of announcements.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format};
use lambda_support::metrics::Metrics;
use lambda_support::origin::Origin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    logging::start(&environment, Format::Json)?;
    let metrics = Metrics::from_environment(&environment);
    let announce = Arc::new(announce::start(&environment, Arc::new(SystemClock))?);
    run(service_fn(move |event: LambdaEvent<aws_lambda_events::event::sqs::SqsEvent>| {
        let (announce, metrics) = (Arc::clone(&announce), metrics.clone());
        async move {
            let origin = Origin::traced(event.context.xray_trace_id);
            metrics.of(origin.of(announce.handle(event.payload))).await
        }
    }))
    .await
}
