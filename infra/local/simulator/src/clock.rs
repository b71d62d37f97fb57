//! Time as an argument: the wall's, or one that a test moves.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Tells the time in milliseconds since 1970, and wakes whoever waits for a later moment.
///
/// Clones of one clock show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// Makes a clock that follows the machine's time.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Makes a clock that stands at `start_ms` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start_ms))))
    }

    /// Moves a manual clock on and wakes those whose moment has come. Does nothing to the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now| *now = now.saturating_add(millis(by)));
        }
    }

    /// Moves a manual clock back, as when a machine's time is set right. Does nothing to the system's clock.
    pub fn turn_back(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now| *now = now.saturating_sub(millis(by)));
        }
    }

    /// Tells the milliseconds since 1970.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until the clock shows `at_ms` or later.
    #[expect(clippy::disallowed_methods, reason = "this is the clock, and no deployed function")]
    pub async fn wait_until(&self, at_ms: i64) {
        match &self.0 {
            Source::System => {
                let wait = u64::try_from(at_ms.saturating_sub(self.now_ms())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Source::Manual(time) => {
                // The sender lives as long as `self`, so the wait cannot fail; if it did, the moment would never come.
                if time.subscribe().wait_for(|now| *now >= at_ms).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// Gives a duration as whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
