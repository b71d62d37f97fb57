//! Moments and spans. Milliseconds and seconds do not mix: a [`Timestamp`] is always milliseconds since the Unix epoch.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC, in milliseconds since the Unix epoch. Never negative, never after the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Values below this are seconds: 10^12 ms is September 2001, 10^12 s is the year 33658.
const SECONDS_BELOW: i64 = 1_000_000_000_000;

/// The last millisecond of the year 9999: RFC 3339 has four digits for the year, and keys have fifteen digits for the moment.
const LATEST_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Takes milliseconds since the epoch; values outside the years 1970 to 9999 are clamped.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        if ms < 0 {
            Self(0)
        } else if ms > LATEST_MS {
            Self(LATEST_MS)
        } else {
            Self(ms)
        }
    }

    /// Takes what a platform calls a timestamp, which is sometimes seconds where milliseconds are documented.
    ///
    /// Lead-ad events and `changes` carry seconds, and production systems report seconds in ordinary messages too.
    #[must_use]
    pub const fn from_platform(value: i64) -> Self {
        if value < SECONDS_BELOW { Self::from_millis(value.saturating_mul(1000)) } else { Self::from_millis(value) }
    }

    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(millis(span)))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(millis(span)))
    }

    /// Returns the time since `earlier`, or zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Writes it for people, to the minute: `2026-11-21 10:30 UTC`.
    #[must_use]
    pub fn in_words(self) -> String {
        let text = self.to_rfc3339();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        let minutes: String = time.chars().take(5).collect();
        format!("{date} {minutes} UTC")
    }

    /// Reads RFC 3339, with any offset.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self::from_millis(at.as_millisecond()))
    }

    /// Returns the moment as RFC 3339 with milliseconds, in UTC: `2026-11-21T10:00:00.000Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| String::from("9999-12-31T23:59:59.999Z"), |at| format!("{at:.3}"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_name_the_same_moment() {
        assert_eq!(Timestamp::from_platform(1_795_255_200), Timestamp::from_platform(1_795_255_200_000));
    }

    #[test]
    fn nonsense_is_clamped_not_refused() {
        assert_eq!(Timestamp::from_platform(-5).as_millis(), 0);
        assert_eq!(Timestamp::from_platform(i64::MAX).to_rfc3339(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_moment_is_written_with_milliseconds_in_utc() {
        assert_eq!(Timestamp::from_millis(1_795_255_200_007).to_rfc3339(), "2026-11-21T10:00:00.007Z");
        assert_eq!(Timestamp::from_millis(1_795_255_200_000).to_rfc3339(), "2026-11-21T10:00:00.000Z");
    }
}
