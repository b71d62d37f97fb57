//! A parcel on its way. Its progress only moves forward, however late or often a carrier tells of it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Where a carrier says that a parcel is: one list for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelStatus {
    Unknown,
    LabelCreated,
    InTransit,
    OutForDelivery,
    /// It waits for the customer at a shop or a locker.
    ReadyForPickup,
    /// The carrier was there and could not hand it over.
    AttemptFailed,
    /// Damaged, lost, held, refused, late: a person should look.
    Exception,
    Delivered,
    Returned,
    Cancelled,
}

impl ParcelStatus {
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::LabelCreated,
        Self::InTransit,
        Self::OutForDelivery,
        Self::ReadyForPickup,
        Self::AttemptFailed,
        Self::Exception,
        Self::Delivered,
        Self::Returned,
        Self::Cancelled,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::LabelCreated => "label_created",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::AttemptFailed => "attempt_failed",
            Self::Exception => "exception",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == value)
    }

    /// Tells whether something went wrong that a person should see to.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::AttemptFailed | Self::Exception)
    }

    /// How far along the way it is; trouble is no progress.
    const fn rank(self) -> Option<u8> {
        match self {
            Self::Unknown => Some(0),
            Self::LabelCreated => Some(1),
            Self::InTransit => Some(2),
            Self::OutForDelivery => Some(3),
            Self::ReadyForPickup => Some(4),
            Self::Delivered => Some(5),
            Self::Cancelled | Self::Returned => Some(6),
            Self::AttemptFailed | Self::Exception => None,
        }
    }

    /// Tells whether the parcel has arrived or never will: nothing on the way to it is worth telling any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned | Self::Cancelled)
    }
}

/// How far a parcel has come, and what is in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The furthest that it has come; never trouble.
    pub reached: ParcelStatus,
    /// When it was there last, as far as is known.
    pub reached_at: Timestamp,
    /// How far it had come when it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_from: Option<ParcelStatus>,
    /// The last trouble, while no progress came after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<(ParcelStatus, Timestamp)>,
}

impl Progress {
    /// Starts where nobody has told anything.
    #[must_use]
    pub const fn begin(at: Timestamp) -> Self {
        Self { reached: ParcelStatus::Unknown, reached_at: at, cancelled_from: None, trouble: None }
    }

    /// Takes what a carrier tells of the moment `at`, and tells whether it is news: further along, or new trouble before the end. What is
    /// late, repeated or leads backwards is none.
    pub fn tell(&mut self, status: ParcelStatus, at: Timestamp) -> bool {
        if self.reached == ParcelStatus::Cancelled && at > self.reached_at && status != ParcelStatus::Cancelled {
            return self.begin_again(status, at);
        }
        let Some(rank) = status.rank() else { return self.tell_trouble(status, at) };
        let ends_early = matches!(status, ParcelStatus::Cancelled | ParcelStatus::Returned);
        let went_on = at < self.reached_at && self.reached > ParcelStatus::LabelCreated;
        let has_arrived = status == ParcelStatus::Cancelled && self.reached == ParcelStatus::Delivered;
        if ends_early && (went_on || has_arrived) {
            return false;
        }
        if self.reached.rank().is_some_and(|reached| reached >= rank) {
            // It moves again.
            if self.reached == status && self.trouble.is_some_and(|(_, since)| since < at) {
                self.trouble = None;
                self.reached_at = at;
            }
            return false;
        }
        self.cancelled_from = (status == ParcelStatus::Cancelled).then_some(self.reached);
        self.reached = status;
        self.reached_at = at;
        self.trouble = self.trouble.filter(|(_, since)| *since > at && !status.is_final());
        true
    }

    /// A shop that cancels a parcel may send it after all. A customer who knew that it was on its way is not told again.
    fn begin_again(&mut self, status: ParcelStatus, at: Timestamp) -> bool {
        let known = self.cancelled_from.unwrap_or(ParcelStatus::InTransit).min(ParcelStatus::InTransit);
        *self = Self { reached: known, reached_at: at, cancelled_from: None, trouble: None };
        self.tell(status, at)
    }

    fn tell_trouble(&mut self, status: ParcelStatus, at: Timestamp) -> bool {
        let is_late = at < self.reached_at && self.reached > ParcelStatus::LabelCreated;
        let is_known = self.trouble.is_some_and(|(known, since)| known == status || at <= since);
        if self.reached.is_final() || is_late || is_known {
            return false;
        }
        self.trouble = Some((status, at));
        true
    }

    /// Returns what the parcel's state is now.
    #[must_use]
    pub fn status(&self) -> ParcelStatus {
        self.trouble.map_or(self.reached, |(status, _)| status)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_parcel_moves_forward_and_what_comes_late_or_twice_is_no_news() {
        let mut parcel = Progress::begin(at(0));
        assert!(parcel.tell(ParcelStatus::InTransit, at(10)));
        assert!(!parcel.tell(ParcelStatus::InTransit, at(11)));
        assert!(parcel.tell(ParcelStatus::Delivered, at(30)));
        assert!(!parcel.tell(ParcelStatus::OutForDelivery, at(20)), "it came after the delivery");
        assert!(!parcel.tell(ParcelStatus::Exception, at(40)), "it has arrived");
        assert_eq!(parcel.status(), ParcelStatus::Delivered);
    }

    #[test]
    fn trouble_is_news_once_and_ends_when_the_parcel_moves() {
        let mut parcel = Progress::begin(at(0));
        parcel.tell(ParcelStatus::OutForDelivery, at(10));
        assert!(parcel.tell(ParcelStatus::AttemptFailed, at(20)));
        assert!(!parcel.tell(ParcelStatus::AttemptFailed, at(21)));
        assert_eq!(parcel.status(), ParcelStatus::AttemptFailed);
        assert!(!parcel.tell(ParcelStatus::OutForDelivery, at(30)), "the customer knows of it");
        assert_eq!(parcel.status(), ParcelStatus::OutForDelivery);
        assert!(parcel.tell(ParcelStatus::Delivered, at(40)));
    }

    #[test]
    fn trouble_that_is_older_than_the_progress_is_late() {
        let mut parcel = Progress::begin(at(0));
        parcel.tell(ParcelStatus::OutForDelivery, at(30));
        assert!(!parcel.tell(ParcelStatus::Exception, at(20)));
    }

    #[test]
    fn a_parcel_that_was_cancelled_may_be_sent_after_all() {
        let mut parcel = Progress::begin(at(0));
        parcel.tell(ParcelStatus::InTransit, at(10));
        assert!(parcel.tell(ParcelStatus::Cancelled, at(20)));
        assert!(!parcel.tell(ParcelStatus::OutForDelivery, at(15)), "it came before");
        assert!(!parcel.tell(ParcelStatus::InTransit, at(30)), "the customer knows of it");
        assert!(parcel.tell(ParcelStatus::OutForDelivery, at(40)));
        assert!(parcel.tell(ParcelStatus::Delivered, at(50)));
    }

    #[test]
    fn a_parcel_whose_label_was_voided_is_told_when_it_goes_after_all() {
        let mut parcel = Progress::begin(at(0));
        parcel.tell(ParcelStatus::LabelCreated, at(10));
        assert!(parcel.tell(ParcelStatus::Cancelled, at(20)));
        assert!(!parcel.tell(ParcelStatus::LabelCreated, at(30)), "nobody was told of the label");
        assert!(parcel.tell(ParcelStatus::InTransit, at(40)), "nobody was told that it is on its way");
    }

    #[test]
    fn an_end_that_is_older_than_the_delivery_takes_nothing_back() {
        for late in [ParcelStatus::Cancelled, ParcelStatus::Returned] {
            let mut parcel = Progress::begin(at(0));
            parcel.tell(ParcelStatus::Delivered, at(40));
            assert!(!parcel.tell(late, at(20)));
            assert!(!parcel.tell(ParcelStatus::Delivered, at(41)), "it is told once");
            assert!(!parcel.tell(ParcelStatus::Cancelled, at(45)), "it has arrived");
            assert_eq!(parcel.status(), ParcelStatus::Delivered);
            assert!(parcel.tell(ParcelStatus::Returned, at(50)), "the customer sent it back");
        }
    }

    #[test]
    fn trouble_that_comes_again_after_the_parcel_moved_on_is_no_news() {
        let mut parcel = Progress::begin(at(0));
        parcel.tell(ParcelStatus::InTransit, at(10));
        assert!(parcel.tell(ParcelStatus::AttemptFailed, at(20)));
        parcel.tell(ParcelStatus::InTransit, at(30));
        assert!(!parcel.tell(ParcelStatus::AttemptFailed, at(20)), "the same delivery, once more");
        assert!(parcel.tell(ParcelStatus::AttemptFailed, at(40)), "another attempt");
    }

    #[test]
    fn names_are_read_back() {
        for status in ParcelStatus::ALL {
            assert_eq!(ParcelStatus::parse(status.as_str()), Some(status));
        }
    }

    proptest! {
        #[test]
        fn whatever_the_order_progress_never_goes_back(steps in proptest::collection::vec((0_usize..10, 0_i64..100), 1..40)) {
            let mut parcel = Progress::begin(at(0));
            let mut furthest = 0;
            for (status, moment) in steps {
                let Some(status) = ParcelStatus::ALL.get(status) else { continue };
                if parcel.reached == ParcelStatus::Cancelled {
                    furthest = 0;
                }
                parcel.tell(*status, at(moment));
                let rank = parcel.reached.rank().unwrap_or(0);
                prop_assert!(rank >= furthest);
                furthest = rank;
            }
        }
    }
}
