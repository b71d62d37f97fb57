//! The messaging window: the time in which a Page may write to a person.
//!
//! The estimate kept here is corrected by the platform's own verdict (error 10/2018278).
//! Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy/>

use std::time::Duration;

use crate::time::Timestamp;

/// The standard messaging window, from a person's last opening action.
const STANDARD: Duration = Duration::from_hours(24);

/// The window from a person's first message after a click-to-Messenger ad, since the policy of 2026-09-28: "up to" seven days.
const AFTER_AD: Duration = Duration::from_hours(7 * 24);

/// Something a person did that opens the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpeningAction {
    /// A message, a button, an m.me link in an existing thread, or a reaction.
    Ordinary,
    /// The first message after a click on a click-to-Messenger ad.
    FirstMessageAfterAd,
}

/// Returns the moment at which a window that `action` opened at `at` closes.
#[must_use]
pub fn ends_at(action: OpeningAction, at: Timestamp) -> Timestamp {
    match action {
        OpeningAction::Ordinary => at.plus(STANDARD),
        OpeningAction::FirstMessageAfterAd => at.plus(AFTER_AD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_opens_a_day_and_an_ad_a_week() {
        let at = Timestamp::from_millis(1_795_255_200_000);
        assert_eq!(ends_at(OpeningAction::Ordinary, at).since(at), Duration::from_hours(24));
        assert_eq!(ends_at(OpeningAction::FirstMessageAfterAd, at).since(at), Duration::from_hours(168));
    }
}
