//! The log of deliveries: for each endpoint and announcement one row, which also says what is still to be done.

use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Announcement, AnnouncementId, EndpointId, plan};
use crate::ports::StoreError;
use crate::time::Timestamp;

/// How long the log is kept.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// The most attempts that a row shows; of more, the oldest go.
const MOST_ATTEMPTS: usize = 20;

/// How long an attempt may take before another worker takes it for lost: longer than any call.
const LEASE: Duration = Duration::from_mins(2);

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub at: Timestamp,
    /// What the endpoint answered, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is no success, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub took_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Delivered,
    Failed,
}

impl DeliveryState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// An announcement on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub endpoint: EndpointId,
    pub announcement: Announcement,
    pub state: DeliveryState,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// How many attempts were made since it began, or since somebody asked for it again.
    #[serde(default)]
    pub tries: u32,
    /// Not before this moment; while an attempt is made, when it counts as lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

impl Delivery {
    #[must_use]
    pub const fn begin(endpoint: EndpointId, announcement: Announcement, now: Timestamp) -> Self {
        Self {
            endpoint,
            announcement,
            state: DeliveryState::Pending,
            attempts: Vec::new(),
            tries: 0,
            next_at: Some(now),
            created_at: now,
            revision: 0,
        }
    }

    /// Returns when the row goes.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.plus(KEPT)
    }

    /// Returns how long it must still wait at `now`; nothing when it may be tried.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> Option<Duration> {
        self.next_at.filter(|next| now < *next).map(|next| next.since(now))
    }

    /// Begins an attempt: until its lease ends, nobody else makes one.
    pub fn take(&mut self, now: Timestamp) {
        self.next_at = Some(now.plus(LEASE));
    }

    /// Notes an attempt that got through.
    pub fn succeeded(&mut self, attempt: Attempt) {
        self.note(attempt);
        self.end(DeliveryState::Delivered);
    }

    /// Notes an attempt that did not get through, and plans the next one; the last ends it.
    pub fn failed(&mut self, attempt: Attempt, asked: Option<Duration>, dice: u64) {
        let at = attempt.at.plus(Duration::from_millis(attempt.took_ms));
        self.note(attempt);
        match plan::pause(self.tries, asked, dice) {
            Some(pause) => self.next_at = Some(at.plus(pause)),
            None => self.end(DeliveryState::Failed),
        }
    }

    /// Notes an attempt after which no other makes sense, or why none was made.
    pub fn given_up(&mut self, attempt: Attempt) {
        self.note(attempt);
        self.end(DeliveryState::Failed);
    }

    /// Begins anew, with all attempts of the plan.
    pub const fn replay(&mut self, now: Timestamp) {
        self.state = DeliveryState::Pending;
        self.tries = 0;
        self.next_at = Some(now);
    }

    fn note(&mut self, attempt: Attempt) {
        self.tries = self.tries.saturating_add(1);
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(MOST_ATTEMPTS);
        self.attempts.drain(..surplus);
    }

    const fn end(&mut self, state: DeliveryState) {
        self.state = state;
        self.next_at = None;
    }
}

/// What became of beginning a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    New,
    /// It had begun before, and stands like this; nothing was written.
    Before(Box<Delivery>),
}

/// The log of deliveries.
pub trait Deliveries: Sync {
    /// Writes a delivery that is not there yet.
    fn begin_delivery(&self, delivery: &Delivery) -> impl Future<Output = Result<Begun, StoreError>> + Send;

    fn delivery(
        &self,
        endpoint: &EndpointId,
        announcement: &AnnouncementId,
    ) -> impl Future<Output = Result<Option<Delivery>, StoreError>> + Send;

    /// Writes a delivery whose `revision` is the one that was read. Tells whether it was written: a lost race writes nothing.
    fn put_delivery(&self, delivery: &Delivery) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Lists the deliveries of an endpoint, those of the newest announcements first, after `after`; at most `limit`.
    fn deliveries(
        &self,
        endpoint: &EndpointId,
        after: Option<&AnnouncementId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Delivery>, StoreError>> + Send;
}
