//! Schedules: a function called at a rate, one call after another.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use serde_json::json;

use crate::functions::RunningFunction;
use crate::shutdown::Shutdown;
use crate::time::StackClock;

/// Calls `function` every `every`, the first time after one such span, until the stop.
pub(crate) async fn run(function: Arc<RunningFunction>, every: Duration, clock: StackClock, shutdown: Shutdown) {
    loop {
        let next = clock.now().plus(every);
        tokio::select! {
            () = clock.wait_until(next) => {}
            () = shutdown.wanted() => return,
        }
        call(&function, next).await;
    }
}

/// Calls a function as its schedule does. A failed run is logged where it failed; the next one starts where it stopped.
pub(crate) async fn call(function: &Arc<RunningFunction>, at: Timestamp) {
    let event = json!({
        "version": "0",
        "id": format!("{}", at.as_millis()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": at.to_rfc3339(),
        "region": "us-east-1",
        "resources": [],
        "detail": {},
    });
    drop(function.call(event).await);
}
