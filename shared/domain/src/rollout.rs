//! Notices for a share of the customers first: the rest are held out, and what becomes of both is counted.
//!
//! ```text
//! a notice is to be ─▶ place: which arm? ─▶ Member, counted once ─▶ note: sent, delivered, answered … ─▶ Counters of the arm
//!                                                                     └─▶ stop_if_needed: too many blocks or failures end it
//! ```
//!
//! The arm is a digest of salt and customer, so nobody who is chosen falls out when the share grows. The counters are kept as things happen:
//! a report is one small read, however many orders there were.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{self, ConversationId, PageId};
use crate::notice::{NoticeId, NoticeKind};
use crate::ports::StoreError;
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// A whole, in basis points.
const WHOLE: u16 = 10_000;

/// How long after a notice what the customer does is counted as following from it.
pub const WINDOW: Duration = Duration::from_hours(7 * 24);

/// The most bytes of a salt.
pub const LONGEST_SALT: usize = 100;

/// How often a write is tried again after losing a race for the rollout.
const ATTEMPTS: u32 = 5;

/// Which notices a rollout is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The receipt, and what changes it.
    Receipt,
    /// News of the parcel.
    Shipping,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Receipt, Self::Shipping];

    #[must_use]
    pub const fn of(notice: NoticeKind) -> Self {
        match notice {
            NoticeKind::Receipt | NoticeKind::Refunded => Self::Receipt,
            NoticeKind::Shipped
            | NoticeKind::OutForDelivery
            | NoticeKind::Delivered
            | NoticeKind::ReadyForPickup
            | NoticeKind::Delayed
            | NoticeKind::Problem => Self::Shipping,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Shipping => "shipping",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == value)
    }
}

/// A rollout: `rlt_` and 26 characters, one for each Page and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RolloutId(String);

impl RolloutId {
    #[must_use]
    pub fn of(page: &PageId, kind: Kind) -> Self {
        Self(id::tagged("rlt_", &["rollout", page.as_str(), kind.as_str()]))
    }

    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        id::is_tagged_ulid("rlt_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A share of a whole, in basis points: 10,000 are all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(u16);

impl Share {
    pub const NOBODY: Self = Self(0);
    pub const EVERYBODY: Self = Self(WHOLE);

    /// Returns nothing when it is more than a whole.
    #[must_use]
    pub const fn from_basis_points(points: u16) -> Option<Self> {
        if points <= WHOLE { Some(Self(points)) } else { None }
    }

    #[must_use]
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Reads a percentage with up to two decimals: `5`, `2.5`, `99.99`.
    #[must_use]
    pub fn parse_percent(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let decimals = decimals.trim_end_matches('0');
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 2 || !all_digits(whole) || !all_digits(decimals) {
            return None;
        }
        let hundredths: u16 = format!("{decimals:0<2}").parse().ok()?;
        let points = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
        Self::from_basis_points(points)
    }

    /// Tells whether `part` of `all` is more than this share.
    #[must_use]
    const fn is_passed_by(self, part: u64, all: u64) -> bool {
        part.saturating_mul(WHOLE as u64) > all.saturating_mul(self.0 as u64)
    }
}

impl fmt::Display for Share {
    /// Writes it as a percentage: `5`, `2.5`, `99.99`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match (hundredths, hundredths % 10) {
            (0, _) => write!(f, "{whole}"),
            (_, 0) => write!(f, "{whole}.{}", hundredths / 10),
            (_, _) => write!(f, "{whole}.{hundredths:02}"),
        }
    }
}

/// Whether a customer gets the notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    Notified,
    HoldOut,
}

impl Arm {
    pub const ALL: [Self; 2] = [Self::Notified, Self::HoldOut];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notified => "notified",
            Self::HoldOut => "hold_out",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arm| arm.as_str() == value)
    }
}

/// When a rollout stops by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLimits {
    /// Of how few tries nothing is concluded.
    pub least: u32,
    pub blocked: Share,
    pub failed: Share,
}

impl Default for StopLimits {
    /// One in fifty who does not want it, or one in five that does not arrive, of fifty at least: fewer than that are chance.
    fn default() -> Self {
        Self { least: 50, blocked: Share(200), failed: Share(2_000) }
    }
}

/// Why a rollout stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum StopReason {
    /// Too many customers do not want it.
    Blocked { blocked: u64, of: u64 },
    /// Too many could not be sent.
    Failed { failed: u64, of: u64 },
    /// Somebody said so.
    ByHand,
}

impl StopReason {
    /// Says it in plain words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Blocked { blocked, of } => format!("{blocked} of {of} customers blocked the Page or said STOP after a notice."),
            Self::Failed { failed, of } => format!("{failed} of {of} notices could not be sent."),
            Self::ByHand => String::from("A person stopped it."),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    Running,
    Stopped { reason: StopReason, at: Timestamp },
}

/// A rollout of one kind of notices on one Page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    pub id: RolloutId,
    pub page: PageId,
    pub kind: Kind,
    pub share: Share,
    /// Another salt chooses other customers.
    pub salt: String,
    pub state: State,
    pub stop: StopLimits,
    /// What was counted when it was resumed: it stops for what came since.
    #[serde(default)]
    pub resumed_from: Counters,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

impl Rollout {
    /// Begins a rollout. Its id is its salt, unless it gets another.
    #[must_use]
    pub fn begin(page: PageId, kind: Kind, share: Share, now: Timestamp) -> Self {
        let id = RolloutId::of(&page, kind);
        Self {
            salt: id.to_string(),
            id,
            page,
            kind,
            share,
            state: State::Running,
            stop: StopLimits::default(),
            resumed_from: Counters::default(),
            created_at: now,
            changed_at: now,
            revision: 0,
        }
    }

    #[must_use]
    pub const fn is_running(&self) -> bool {
        match self.state {
            State::Running => true,
            State::Stopped { .. } => false,
        }
    }
}

/// Chooses a customer's arm: always the same one for the same salt, and once notified, notified at every greater share. While a rollout is
/// stopped, everybody is held out.
#[must_use]
pub fn arm(rollout: &Rollout, customer_key: &str) -> Arm {
    if !rollout.is_running() {
        return Arm::HoldOut;
    }
    let digest = id::hash(&["rollout", &rollout.salt, customer_key]);
    let number = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
    if number % u64::from(WHOLE) < u64::from(rollout.share.0) { Arm::Notified } else { Arm::HoldOut }
}

/// What is counted of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Sent,
    Delivered,
    Read,
    /// The customer wrote.
    Answered,
    /// The customer does not want it: Meta says that they blocked the Page, or they said STOP. Noted beside `Sent` or `Failed`.
    Blocked,
    Failed,
    CaseOpened,
}

impl What {
    pub const ALL: [Self; 7] = [Self::Sent, Self::Delivered, Self::Read, Self::Answered, Self::Blocked, Self::Failed, Self::CaseOpened];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Answered => "answered",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::CaseOpened => "case_opened",
        }
    }

    /// Tells whether it is counted only for so long after the notice: what the customer does later has other reasons.
    const fn is_of_the_window(self) -> bool {
        match self {
            Self::Answered | Self::Blocked | Self::CaseOpened => true,
            Self::Sent | Self::Delivered | Self::Read | Self::Failed => false,
        }
    }
}

/// A notice in a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub rollout: RolloutId,
    pub arm: Arm,
    pub notice: NoticeId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    pub chosen_at: Timestamp,
    /// What was noted of it, and when it happened.
    #[serde(skip)]
    pub noted: BTreeMap<What, Timestamp>,
}

impl Member {
    /// Tells whether what happened at `at` is counted: each thing once, and what the customer does within seven days of the notice; of who
    /// was held out, within seven days of the choice.
    #[must_use]
    pub fn counts(&self, what: What, at: Timestamp) -> bool {
        let since = self.noted.get(&What::Sent).copied().unwrap_or(self.chosen_at);
        let in_time = !what.is_of_the_window() || (at >= since && at.since(since) <= WINDOW);
        in_time && !self.noted.contains_key(&what)
    }
}

/// What was counted of an arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    pub chosen: u64,
    pub sent: u64,
    pub delivered: u64,
    pub read: u64,
    pub answered: u64,
    pub blocked: u64,
    pub failed: u64,
    pub case_opened: u64,
}

impl Counters {
    /// Adds what another part of the same arm counted.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            chosen: self.chosen.saturating_add(other.chosen),
            sent: self.sent.saturating_add(other.sent),
            delivered: self.delivered.saturating_add(other.delivered),
            read: self.read.saturating_add(other.read),
            answered: self.answered.saturating_add(other.answered),
            blocked: self.blocked.saturating_add(other.blocked),
            failed: self.failed.saturating_add(other.failed),
            case_opened: self.case_opened.saturating_add(other.case_opened),
        }
    }

    pub const fn add(&mut self, what: What) {
        let counter = match what {
            What::Sent => &mut self.sent,
            What::Delivered => &mut self.delivered,
            What::Read => &mut self.read,
            What::Answered => &mut self.answered,
            What::Blocked => &mut self.blocked,
            What::Failed => &mut self.failed,
            What::CaseOpened => &mut self.case_opened,
        };
        *counter = counter.saturating_add(1);
    }
}

/// What was counted of both arms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub notified: Counters,
    pub hold_out: Counters,
}

impl Report {
    pub const fn arm_mut(&mut self, arm: Arm) -> &mut Counters {
        match arm {
            Arm::Notified => &mut self.notified,
            Arm::HoldOut => &mut self.hold_out,
        }
    }
}

/// Judges what the notified arm counted: nothing to say while it goes well, or while there is too little to say anything.
#[must_use]
pub fn verdict(rollout: &Rollout, notified: &Counters) -> Option<StopReason> {
    if !rollout.is_running() {
        return None;
    }
    let from = &rollout.resumed_from;
    let failed = notified.failed.saturating_sub(from.failed);
    let blocked = notified.blocked.saturating_sub(from.blocked);
    let of = notified.sent.saturating_sub(from.sent).saturating_add(failed);
    let StopLimits { least, blocked: most_blocked, failed: most_failed } = rollout.stop;
    if of < u64::from(least) {
        None
    } else if most_blocked.is_passed_by(blocked, of) {
        Some(StopReason::Blocked { blocked, of })
    } else if most_failed.is_passed_by(failed, of) {
        Some(StopReason::Failed { failed, of })
    } else {
        None
    }
}

/// Whether a notice was put into its arm now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    First,
    Before(Box<Member>),
}

/// The rollouts, their members and their counters.
pub trait Rollouts: Sync {
    /// Lists every rollout: a handful, two for each Page at most.
    fn rollouts(&self) -> impl Future<Output = Result<Vec<Rollout>, StoreError>> + Send;

    fn rollout(&self, id: &RolloutId) -> impl Future<Output = Result<Option<Rollout>, StoreError>> + Send;

    /// Writes a rollout whose `revision` is the one that was read, 0 for a new one. Tells whether it was written.
    fn put_rollout(&self, rollout: &Rollout) -> impl Future<Output = Result<bool, StoreError>> + Send;

    fn member(&self, rollout: &RolloutId, notice: &NoticeId) -> impl Future<Output = Result<Option<Member>, StoreError>> + Send;

    /// Puts a notice into its arm and counts it there, in one transaction, unless it is in one.
    fn choose(&self, member: &Member) -> impl Future<Output = Result<Chosen, StoreError>> + Send;

    /// Notes what happened to a member and counts it in its arm, in one transaction. Tells whether it did: each thing is noted once.
    fn mark(&self, member: &Member, what: What, at: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Reads the counters of both arms.
    fn report(&self, id: &RolloutId) -> impl Future<Output = Result<Report, StoreError>> + Send;
}

/// A notice that is about to be.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub page: &'a PageId,
    pub kind: NoticeKind,
    pub notice: &'a NoticeId,
    /// What names the customer, always in the same way: the conversation, the digest of the address, the shop's id.
    pub customer_key: &'a str,
    pub conversation: Option<&'a ConversationId>,
    /// Whether the customer agreed to notices.
    pub agreed: bool,
}

/// Where a notice was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub arm: Arm,
    /// The rollout that decided; without one everybody is notified.
    pub rollout: Option<RolloutId>,
}

/// Puts a notice into its arm; of a customer who agreed for ever, and counted: others are in no comparison. While a rollout is stopped,
/// new notices are held out and not counted: they would be held out without chance.
pub async fn place<S: Rollouts>(store: &S, candidate: &Candidate<'_>, now: Timestamp) -> Result<Placed, StoreError> {
    let id = RolloutId::of(candidate.page, Kind::of(candidate.kind));
    let Some(rollout) = store.rollout(&id).await? else { return Ok(Placed { arm: Arm::Notified, rollout: None }) };
    if !rollout.is_running() {
        let before = store.member(&id, candidate.notice).await?;
        // Also one that was chosen before and has not left yet: stopped is stopped.
        return Ok(Placed { arm: Arm::HoldOut, rollout: before.map(|_| id) });
    }
    if !candidate.agreed {
        return Ok(Placed { arm: arm(&rollout, candidate.customer_key), rollout: None });
    }
    let member = Member {
        rollout: id.clone(),
        arm: arm(&rollout, candidate.customer_key),
        notice: candidate.notice.clone(),
        conversation: candidate.conversation.cloned(),
        chosen_at: now,
        noted: BTreeMap::new(),
    };
    let arm = match store.choose(&member).await? {
        Chosen::First => member.arm,
        Chosen::Before(before) => before.arm,
    };
    Ok(Placed { arm, rollout: Some(id) })
}

/// Notes what happened to a notice. Tells whether it was counted: not what happens again, too late, or to a notice of no rollout.
pub async fn note<S: Rollouts>(store: &S, id: &RolloutId, notice: &NoticeId, what: What, at: Timestamp) -> Result<bool, StoreError> {
    match store.member(id, notice).await? {
        Some(member) if member.counts(what, at) => store.mark(&member, what, at).await,
        Some(_) | None => Ok(false),
    }
}

/// A rollout could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error("there is no such rollout")]
    NoSuchRollout,
    #[error("the rollout could not be read or written")]
    Store(#[source] StoreError),
    #[error("the rollout was changed {ATTEMPTS} times while it was changed here")]
    Busy,
}

impl Retryable for RolloutError {
    fn retry(&self) -> Retry {
        match self {
            Self::NoSuchRollout => Retry::Never,
            Self::Store(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// Stops a rollout whose counters pass its limits. Returns the reason when it did.
pub async fn stop_if_needed<S: Rollouts>(store: &S, id: &RolloutId, now: Timestamp) -> Result<Option<StopReason>, RolloutError> {
    let report = store.report(id).await.map_err(RolloutError::Store)?;
    for _ in 0..ATTEMPTS {
        let Some(rollout) = store.rollout(id).await.map_err(RolloutError::Store)? else { return Ok(None) };
        let Some(reason) = verdict(&rollout, &report.notified) else { return Ok(None) };
        let state = State::Stopped { reason: reason.clone(), at: now };
        if store.put_rollout(&Rollout { state, changed_at: now, ..rollout }).await.map_err(RolloutError::Store)? {
            return Ok(Some(reason));
        }
    }
    Err(RolloutError::Busy)
}

/// What is to be otherwise; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    pub share: Option<Share>,
    pub salt: Option<String>,
    pub stop: Option<StopLimits>,
}

/// Begins the rollout of a Page and kind, or changes it. It does not resume a stopped one.
pub async fn set<S: Rollouts>(store: &S, page: &PageId, kind: Kind, setting: &Setting, now: Timestamp) -> Result<Rollout, RolloutError> {
    let id = RolloutId::of(page, kind);
    for _ in 0..ATTEMPTS {
        let known = store.rollout(&id).await.map_err(RolloutError::Store)?;
        let mut rollout = known.unwrap_or_else(|| Rollout::begin(page.clone(), kind, Share::NOBODY, now));
        rollout.share = setting.share.unwrap_or(rollout.share);
        rollout.salt = setting.salt.clone().unwrap_or(rollout.salt);
        rollout.stop = setting.stop.unwrap_or(rollout.stop);
        if let Some(written) = written(store, rollout, now).await? {
            return Ok(written);
        }
    }
    Err(RolloutError::Busy)
}

/// Stops a rollout by hand; one that is stopped stays as it is.
pub async fn stop<S: Rollouts>(store: &S, id: &RolloutId, now: Timestamp) -> Result<Rollout, RolloutError> {
    for _ in 0..ATTEMPTS {
        let rollout = known(store, id).await?;
        if !rollout.is_running() {
            return Ok(rollout);
        }
        let state = State::Stopped { reason: StopReason::ByHand, at: now };
        if let Some(written) = written(store, Rollout { state, ..rollout }, now).await? {
            return Ok(written);
        }
    }
    Err(RolloutError::Busy)
}

/// Lets a stopped rollout go on. What was counted so far does not stop it again.
pub async fn resume<S: Rollouts>(store: &S, id: &RolloutId, now: Timestamp) -> Result<Rollout, RolloutError> {
    for _ in 0..ATTEMPTS {
        let rollout = known(store, id).await?;
        if rollout.is_running() {
            return Ok(rollout);
        }
        let resumed_from = store.report(id).await.map_err(RolloutError::Store)?.notified;
        if let Some(written) = written(store, Rollout { state: State::Running, resumed_from, ..rollout }, now).await? {
            return Ok(written);
        }
    }
    Err(RolloutError::Busy)
}

async fn known<S: Rollouts>(store: &S, id: &RolloutId) -> Result<Rollout, RolloutError> {
    store.rollout(id).await.map_err(RolloutError::Store)?.ok_or(RolloutError::NoSuchRollout)
}

/// Writes a rollout and returns it as it is stored; nothing when it was changed since it was read.
async fn written<S: Rollouts>(store: &S, rollout: Rollout, now: Timestamp) -> Result<Option<Rollout>, RolloutError> {
    let rollout = Rollout { changed_at: now, ..rollout };
    let is_written = store.put_rollout(&rollout).await.map_err(RolloutError::Store)?;
    Ok(is_written.then(|| Rollout { revision: rollout.revision + 1, ..rollout }))
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
