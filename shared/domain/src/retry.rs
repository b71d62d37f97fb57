//! What to do with a job after an error. Every error type answers [`Retryable::retry`] variant by variant.

use std::time::Duration;

/// Whether the same work may be tried again, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It can never succeed, or trying again would do harm.
    Never,
    /// It may succeed later; wait a little longer each time.
    Backoff,
    /// The other side said when to come back.
    After(Duration),
}

/// An error that knows its class. Implementations name every variant: no default and no `_` arm.
pub trait Retryable: std::error::Error {
    fn retry(&self) -> Retry;
}

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// The pause before the second attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Returns the pause before attempt `attempt + 1`: doubling from two seconds to fifteen minutes, of which a random half is taken off.
///
/// `dice` is any number that differs between jobs, so that jobs that failed together do not come back together.
#[must_use]
pub fn backoff(attempt: u32, dice: u64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    let capped = u64::try_from(doubled.min(LONGEST_PAUSE).as_millis()).unwrap_or(u64::MAX);
    let half = capped / 2;
    Duration::from_millis(half + dice % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pause_is_between_one_second_and_fifteen_minutes(attempt in 0_u32..1000, dice: u64) {
            let pause = backoff(attempt, dice);
            prop_assert!(pause >= Duration::from_secs(1));
            prop_assert!(pause <= LONGEST_PAUSE);
        }

        #[test]
        fn a_later_attempt_never_has_a_shorter_floor(attempt in 1_u32..40) {
            prop_assert!(backoff(attempt + 1, 0) >= backoff(attempt, 0));
        }
    }
}
