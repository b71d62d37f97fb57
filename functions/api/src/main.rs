//! The Lambda function behind `/v1/*`.

use std::sync::Arc;

use lambda_http::{Error, run};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format};
use lambda_support::secrets;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    logging::start(&environment, Format::Json)?;
    let environment = secrets::fetch(environment).await?;
    run(api::start(&environment, Arc::new(SystemClock))?).await
}
