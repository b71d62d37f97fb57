//! A notice: one piece of the shop's news for one customer, told once by the way that policy allows at that moment.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, MessageId, PageId};
use crate::message::RequestKey;
use crate::ports::StoreError;
use crate::rollout::RolloutId;
use crate::time::Timestamp;
use crate::way_out::{Decision, WayOut};

/// What a notice tells. Each has a template of its own in the catalogue of utility templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The receipt: the order is confirmed.
    Receipt,
    Shipped,
    OutForDelivery,
    Delivered,
    ReadyForPickup,
    Delayed,
    Problem,
    Refunded,
}

impl NoticeKind {
    pub const ALL: [Self; 8] = [
        Self::Receipt,
        Self::Shipped,
        Self::OutForDelivery,
        Self::Delivered,
        Self::ReadyForPickup,
        Self::Delayed,
        Self::Problem,
        Self::Refunded,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Shipped => "shipped",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::Delayed => "delayed",
            Self::Problem => "problem",
            Self::Refunded => "refunded",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == value)
    }
}

/// An order of a Page's shop: `ord_` and 26 characters, the same for the same Page and number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(String);

/// A notice: `ntf_` and 26 characters, the same for the same order and event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeId(String);

impl OrderId {
    /// Derives the id from the number that the customer knows, so that whoever names it means the same order. A leading `#` and the case of
    /// letters make no other order.
    #[must_use]
    pub fn of(page: &PageId, number: &str) -> Self {
        Self(crate::id::tagged("ord_", &["order", page.as_str(), &number.trim().trim_start_matches('#').to_ascii_lowercase()]))
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        crate::id::is_tagged_ulid("ord_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NoticeId {
    /// Derives the id from the order and what happened to it (`receipt`, `shipped:<parcel>`), so that it is told once, however often and by
    /// however many it is reported.
    #[must_use]
    pub fn of(order: &OrderId, event: &str) -> Self {
        Self(crate::id::tagged("ntf_", &["notice", order.as_str(), event]))
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        crate::id::is_tagged_ulid("ntf_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many decisions a notice remembers; the oldest go first.
const MOST_DECISIONS: usize = 20;

/// A notice as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub page: PageId,
    pub order: OrderId,
    pub kind: NoticeKind,
    /// What happened, as [`NoticeId::of`] took it.
    pub event: String,
    /// The parcel that it is about, by its place in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<usize>,
    pub state: NoticeState,
    /// What was decided about it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The ways that it was refused on; none is tried twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<WayOut>,
    /// How often it was made a message that did not leave.
    #[serde(default)]
    pub tries: u32,
    /// The rollout that it is counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutId>,
    /// The digest of what the receipt that left shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    pub created_at: Timestamp,
    /// After this it is not worth telling.
    pub expires_at: Timestamp,
    /// What became of it, in order, each with its moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// How many of `reached` the shop's own programs were told.
    #[serde(default)]
    pub announced: usize,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

/// Where a notice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NoticeState {
    /// Nothing is decided yet.
    Undecided,
    Waiting {
        on: WaitsFor,
        reason: String,
    },
    /// It is a message of the conversation, whose state is the notice's.
    Message {
        conversation: ConversationId,
        message: MessageId,
    },
    /// It is being handed to the mail server since then: whoever finds it so later cannot tell whether it was.
    Mailing {
        since: Timestamp,
    },
    /// The mail server took it.
    Mailed {
        at: Timestamp,
    },
    /// It is not told, because the customer is in the hold-out of a rollout.
    HeldOut,
    /// It is not told any more.
    Dropped {
        reason: String,
    },
    /// No way is left.
    Failed {
        reason: String,
    },
}

/// What a notice waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// A link: nobody knows yet whose thread it belongs into.
    Link,
    /// The messaging window: the customer must write first.
    Window,
}

/// A step that a notice has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    pub step: Step,
    pub at: Timestamp,
}

/// What becomes of a notice, as far as the shop is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Waiting,
    Sent,
    Delivered,
    Read,
    Failed,
}

impl NoticeState {
    /// Tells whether nothing more is decided about the notice.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        match self {
            Self::Mailed { .. } | Self::HeldOut | Self::Dropped { .. } | Self::Failed { .. } => true,
            Self::Undecided | Self::Waiting { .. } | Self::Message { .. } | Self::Mailing { .. } => false,
        }
    }
}

impl NoticeKind {
    /// How long after its event a notice is worth telling.
    #[must_use]
    pub const fn keeps(self) -> Duration {
        match self {
            Self::Receipt | Self::Refunded => Duration::from_hours(30 * 24),
            Self::Shipped | Self::OutForDelivery | Self::Delivered | Self::Delayed => Duration::from_hours(7 * 24),
            Self::ReadyForPickup | Self::Problem => Duration::from_hours(14 * 24),
        }
    }
}

impl Notice {
    /// Starts a notice of `order`.
    #[must_use]
    pub fn begin(page: PageId, order: OrderId, kind: NoticeKind, event: String, parcel: Option<usize>, now: Timestamp) -> Self {
        Self {
            id: NoticeId::of(&order, &event),
            page,
            order,
            kind,
            event,
            parcel,
            state: NoticeState::Undecided,
            decisions: Vec::new(),
            refused: Vec::new(),
            tries: 0,
            rollout: None,
            shown: None,
            created_at: now,
            expires_at: now.plus(kind.keeps()),
            reached: Vec::new(),
            announced: 0,
            revision: 0,
        }
    }

    /// Notes a decision. The same one again is no other.
    pub fn decided(&mut self, decision: Decision) {
        let repeats = self.decisions.last().is_some_and(|last| last.way == decision.way && last.reason == decision.reason);
        if !repeats {
            self.decisions.push(decision);
        }
        if self.decisions.len() > MOST_DECISIONS {
            self.decisions.remove(0);
        }
    }

    /// Notes that it reached a step, each once. Tells whether it is new.
    pub fn reach(&mut self, step: Step, at: Timestamp) -> bool {
        let is_new = !self.has_reached(step);
        if is_new {
            self.reached.push(Reached { step, at });
        }
        is_new
    }

    #[must_use]
    pub fn has_reached(&self, step: Step) -> bool {
        self.reached.iter().any(|reached| reached.step == step)
    }

    /// Returns the way that was decided on last.
    #[must_use]
    pub fn way(&self) -> Option<WayOut> {
        self.decisions.last().map(|decision| decision.way)
    }

    /// Returns which number a receipt has among those of its order, 1 for the first.
    #[must_use]
    pub fn receipt_number(&self) -> usize {
        self.event.strip_prefix("receipt-").and_then(|number| number.parse().ok()).unwrap_or(1)
    }
}

/// A notice that should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueNotice {
    pub notice: NoticeId,
    pub due_at: Timestamp,
}

/// The stored notices.
pub trait Notices: Sync {
    fn notice(&self, id: &NoticeId) -> impl Future<Output = Result<Option<Notice>, StoreError>> + Send;

    /// Writes a notice whose `revision` is the one that was read, to be looked at again at `due_at`, or never. Tells whether it was written.
    fn save_notice(&self, notice: &Notice, due_at: Option<Timestamp>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes the request that a notice comes of. Tells whether it is the first one of its key, or the same one again.
    fn note_request(&self, request: &RequestKey) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Lists what is due at `now`, by the sharded sparse index; at most `limit`.
    fn due_notices(&self, now: Timestamp, limit: usize) -> impl Future<Output = Result<Vec<DueNotice>, StoreError>> + Send;

    /// Moves what is still due at the moment that was read; a lost race does nothing.
    fn postpone_notice(&self, due: &DueNotice, until: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
}
