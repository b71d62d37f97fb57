//! Schedules: a function called at a rate, one call after another.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::Clock;
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
        let event = json!({
            "version": "0",
            "id": format!("{}", next.as_millis()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": "000000000000",
            "time": next.to_rfc3339(),
            "region": "us-east-1",
            "resources": [],
            "detail": {},
        });
        // A failed run is logged where it failed; the next one starts where it stopped.
        drop(function.call(event).await);
    }
}
