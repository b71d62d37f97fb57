//! How long what is stored stays, by its class.

use std::time::Duration;

use crate::time::Timestamp;

/// How long parked work is kept when nobody says otherwise: long enough to be noticed and replayed.
const PARKED: Duration = Duration::from_hours(90 * 24);

const DAY: Duration = Duration::from_hours(24);

/// How long the rows of each class are kept; nothing for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages with their raw events.
    pub messages: Option<Duration>,
    /// Events of conversations and of Pages.
    pub events: Option<Duration>,
    /// Work that was set aside.
    pub parked: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self::BY_DEFAULT
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    #[error("entry {0:?} is not written class=days")]
    Shape(String),
    #[error("{0:?} is none of the classes messages, events and parked")]
    Class(String),
    #[error("the days of {0:?} are no whole number")]
    Days(String),
}

impl Retention {
    /// Everything for ever, but for parked work.
    pub const BY_DEFAULT: Self = Self { messages: None, events: None, parked: Some(PARKED) };

    /// Reads `messages=0,events=0,parked=90`: days, 0 for ever. A class that is not named is kept as it is by default.
    pub fn parse(text: &str) -> Result<Self, RetentionError> {
        let mut retention = Self::default();
        for entry in text.split(',') {
            let (class, days) = entry.split_once('=').ok_or_else(|| RetentionError::Shape(entry.trim().to_owned()))?;
            let class = class.trim();
            let days: u32 = days.trim().parse().map_err(|_| RetentionError::Days(class.to_owned()))?;
            let kept = (days > 0).then(|| DAY * days);
            match class {
                "messages" => retention.messages = kept,
                "events" => retention.events = kept,
                "parked" => retention.parked = kept,
                _ => return Err(RetentionError::Class(class.to_owned())),
            }
        }
        Ok(retention)
    }
}

/// Returns when what is kept for so long since `at` goes.
#[must_use]
pub fn ends_at(kept: Option<Duration>, at: Timestamp) -> Option<Timestamp> {
    kept.map(|kept| at.plus(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_days_and_zero_is_for_ever() {
        let retention = Retention::parse("messages=365, events=0,parked=30").unwrap();
        assert_eq!(retention, Retention { messages: Some(DAY * 365), events: None, parked: Some(DAY * 30) });
        assert_eq!(Retention::parse("messages=0,events=0,parked=90").unwrap(), Retention::default());
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_its_name() {
        for (text, name) in
            [("messages", "messages"), ("words=1", "words"), ("events=soon", "events"), ("events=-1", "events"), ("parked=1.5", "parked")]
        {
            assert!(Retention::parse(text).unwrap_err().to_string().contains(name), "{text}");
        }
        assert!(Retention::parse("messages=1,").is_err());
    }
}
