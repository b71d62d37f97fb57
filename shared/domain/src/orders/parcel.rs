//! A parcel of an order, and what its news is called.

use serde::{Deserialize, Serialize};

use super::order::merge;
use crate::notice::NoticeKind;
use crate::order::ShipmentFacts;
use crate::parcel::{ParcelStatus, Progress};
use crate::shop::Source;
use crate::time::Timestamp;

/// A parcel of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The sources' own ids, as `<source>:<id>`: a shop and a carrier tell of the same parcel.
    pub known_as: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    pub progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(default)]
    pub is_late: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<String>,
    /// The moment of the latest word about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

impl Parcel {
    pub(super) const fn begin(at: Timestamp) -> Self {
        Self {
            known_as: Vec::new(),
            tracking_number: None,
            tracking_url: None,
            carrier: None,
            progress: Progress::begin(at),
            detail: None,
            is_late: false,
            expected_on: None,
            told_at: Some(at),
        }
    }

    /// What is said of the place and the day counts when the event is news or the latest word: else it tells of the past.
    pub(super) fn learn(&mut self, told: &ShipmentFacts, at: Timestamp, is_news: bool) {
        let counts = is_news || self.told_at.is_none_or(|latest| latest <= at);
        self.told_at = self.told_at.max(Some(at));
        merge(false, &mut self.tracking_number, told.tracking_number.as_ref());
        merge(false, &mut self.tracking_url, told.tracking_url.as_ref());
        merge(false, &mut self.carrier, told.carrier.as_ref());
        merge(counts, &mut self.detail, told.detail.as_ref());
        merge(counts, &mut self.expected_on, told.expected_on.as_ref());
        self.is_late |= told.is_late;
    }

    /// Returns what names the parcel in its notices' ids: its first name, which stays.
    #[must_use]
    pub fn subject(&self) -> String {
        self.known_as.first().cloned().unwrap_or_default()
    }

    /// Says what is wrong, for a person who sees to it.
    #[must_use]
    pub fn trouble_in_words(&self) -> String {
        let status = self.progress.status();
        let what = if status == ParcelStatus::AttemptFailed { "could not be handed over" } else { "is in trouble" };
        let carrier = self.carrier.as_deref().unwrap_or("the carrier");
        let number = self.tracking_number.as_deref().map_or_else(String::new, |number| format!(" {number}"));
        let detail = self.detail.as_deref().map_or_else(String::new, |detail| format!(": {}", detail.replace('_', " ")));
        format!("The parcel{number} of {carrier} {what}{detail}.")
    }
}

/// The most times that the same thing happens to one parcel.
const MOST_TIMES: usize = 9;

/// Returns the names of a piece of news of a parcel: the first time, the second, and so on.
pub(super) fn event_names(kind: NoticeKind, status: ParcelStatus, subject: &str) -> Vec<String> {
    let what = match kind {
        // A failed attempt and damage are two pieces of news.
        NoticeKind::Problem => status.as_str(),
        NoticeKind::Receipt
        | NoticeKind::Shipped
        | NoticeKind::OutForDelivery
        | NoticeKind::Delivered
        | NoticeKind::ReadyForPickup
        | NoticeKind::Delayed
        | NoticeKind::Refunded => kind.as_str(),
    };
    let again = (2..=MOST_TIMES).map(|time| format!("{what}:{subject}:{time}"));
    std::iter::once(format!("{what}:{subject}")).chain(again).collect()
}

/// Returns which notice the status of a parcel makes; some make none.
#[must_use]
pub const fn notice_of(status: ParcelStatus) -> Option<NoticeKind> {
    match status {
        ParcelStatus::InTransit => Some(NoticeKind::Shipped),
        ParcelStatus::OutForDelivery => Some(NoticeKind::OutForDelivery),
        ParcelStatus::ReadyForPickup => Some(NoticeKind::ReadyForPickup),
        ParcelStatus::Delivered => Some(NoticeKind::Delivered),
        ParcelStatus::AttemptFailed | ParcelStatus::Exception => Some(NoticeKind::Problem),
        ParcelStatus::Unknown | ParcelStatus::LabelCreated | ParcelStatus::Returned | ParcelStatus::Cancelled => None,
    }
}

/// How a source names a parcel.
pub(super) fn known_as(source: Source, told: &ShipmentFacts) -> String {
    format!("{}:{}", source.as_str(), told.external_id)
}

/// A tracking number without what people put into it.
pub(super) fn normal(tracking_number: &str) -> String {
    tracking_number.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}
