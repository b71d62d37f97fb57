//! When a webhook that was not answered with 200 comes again.
//!
//! Documented: 200 within 5 seconds; otherwise "a few more times" at once; after one hour of failure the app is unsubscribed
//! from the Page. <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

/// How long the app may take to answer.
pub(crate) const ANSWER_WITHIN_MS: i64 = 5_000;

/// After how long of failure the Page's webhooks are disabled.
pub(crate) const DISABLED_AFTER_MS: i64 = 3_600_000;

/// How many tries follow one another without a pause. Unconfirmed: Meta only says "a few".
const AT_ONCE: u32 = 3;

/// The pauses after that, the last of them for ever. Unconfirmed: Meta gives no numbers for Messenger.
const GAPS_MS: [i64; 8] = [2_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000];

/// Says how long to wait after the `failures`-th failed try.
pub(crate) fn gap_ms(failures: u32) -> i64 {
    let Some(step) = failures.checked_sub(AT_ONCE) else { return 0 };
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    GAPS_MS.get(step).or(GAPS_MS.last()).copied().unwrap_or(DISABLED_AFTER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retries_come_at_once_and_the_later_ones_ever_slower() {
        let gaps: Vec<i64> = (1..=12).map(gap_ms).collect();
        assert_eq!(gaps, [0, 0, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
    }
}
