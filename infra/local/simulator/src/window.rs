//! The time in which the Page may write.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy/> (September 28, 2026) and
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>.

const HOUR_MS: i64 = 3_600_000;

/// How long the window stays open after most actions of the person.
const STANDARD_MS: i64 = 24 * HOUR_MS;

/// How long it may stay open after the first message that follows a click-to-Messenger ad. Meta says "up to"; the simulator
/// gives all of it, and error 10/2018278 stays the judge.
const AFTER_AD_MS: i64 = 7 * 24 * HOUR_MS;

/// How long a person may still answer with the tag `HUMAN_AGENT`.
const HUMAN_AGENT_MS: i64 = 7 * 24 * HOUR_MS;

/// What a person did that opens the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A message, a tapped button, an m.me link into the thread, a reaction.
    Action,
    /// The first message after a click-to-Messenger ad.
    FirstMessageAfterAd,
}

/// Says until when the window is open after an action at `at_ms`, given how long it was open already.
pub(crate) fn open_until(opening: Opening, at_ms: i64, already_ms: i64) -> i64 {
    let length = match opening {
        Opening::Action => STANDARD_MS,
        Opening::FirstMessageAfterAd => AFTER_AD_MS,
    };
    already_ms.max(at_ms.saturating_add(length))
}

/// Says until when `HUMAN_AGENT` is allowed after an action at `at_ms`.
pub(crate) fn human_agent_until(at_ms: i64) -> i64 {
    at_ms.saturating_add(HUMAN_AGENT_MS)
}

/// Says whether a window that ends at `until_ms` is still open: the last millisecond counts as inside.
pub(crate) fn is_open(until_ms: i64, now_ms: i64) -> bool {
    now_ms <= until_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_ends_after_the_last_second_of_24_hours() {
        let until = open_until(Opening::Action, 1_000, 0);
        assert!(is_open(until, 1_000 + 24 * HOUR_MS));
        assert!(!is_open(until, 1_001 + 24 * HOUR_MS));
    }

    #[test]
    fn a_later_action_never_shortens_the_window_of_an_ad() {
        let ad = open_until(Opening::FirstMessageAfterAd, 0, 0);
        assert_eq!(open_until(Opening::Action, HOUR_MS, ad), 7 * 24 * HOUR_MS);
    }
}
