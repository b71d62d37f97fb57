use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// The time of a whole stack: the machine's, or one that a test moves.
///
/// Clones show the same time. Everything here that depends on time (visibility, delay, deduplication, retention, long
/// polls) asks this clock, so that a test can pass five minutes in no time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start_ms` (milliseconds since 1970) until [`advance`](Self::advance) moves it.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start_ms))))
    }

    /// Moves a manual clock and wakes whoever waits for a moment now reached. Does nothing to the machine's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now_ms| *now_ms = now_ms.saturating_add(millis(by)));
        }
    }

    /// Moves a manual clock back, as when a machine's time is set right. Does nothing to the machine's clock.
    pub fn turn_back(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now_ms| *now_ms = now_ms.saturating_sub(millis(by)));
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System => system_now_ms(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until the clock shows `moment_ms` or later. Costs no CPU in between.
    pub async fn wait_until(&self, moment_ms: i64) {
        match &self.0 {
            Source::System => sleep_until(moment_ms).await,
            Source::Manual(time) => {
                // The sender is behind `self`, so it outlives this wait and the error of a closed channel cannot come.
                drop(time.subscribe().wait_for(|now_ms| *now_ms >= moment_ms).await);
            }
        }
    }
}

/// Whole milliseconds, as the store counts them.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_now_ms() -> i64 {
    // A machine set before 1970 shows 0.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// Sleeps in a loop, because the timer counts another clock than the one on the wall.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
async fn sleep_until(moment_ms: i64) {
    loop {
        let Ok(left @ 1..) = u64::try_from(moment_ms.saturating_sub(system_now_ms())) else {
            return;
        };
        tokio::time::sleep(Duration::from_millis(left)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_on_a_manual_clock_ends_when_the_clock_reaches_the_moment() {
        let clock = Clock::manual(1_000);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.wait_until(3_000).await }
        });
        clock.advance(Duration::from_millis(1_999));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_millis(1));
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn a_moment_in_the_past_is_not_waited_for() {
        Clock::system().wait_until(0).await;
        Clock::manual(5).wait_until(5).await;
    }
}
