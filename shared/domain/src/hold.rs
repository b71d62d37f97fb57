//! A Page on which nothing can be sent: its token is dead, Meta restricts it, or the app may not write to the public.
//!
//! ```text
//! deliver: refused ─▶ Hold ─ until probe_at, nothing is tried on this Page ─▶ one message is the probe
//!                       ▲                                                        │
//!                       └──────── refused again: the pause doubles ──────────────┤
//! sweep: wakes the probe when its time has come, and everything else once it went through ◀──────┘
//! ```
//!
//! Other Pages do not notice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::PageId;
use crate::job::{Occasion, OutboundJob};
use crate::ports::{Due, DueIndex, Holds, OutboundQueue, StoreError};
use crate::relay::RelayError;
use crate::time::Timestamp;

/// How many messages of a Page that goes on again are woken at once, and how often a run of the sweep does so: more than a Page may send
/// in that minute.
const A_ROUND: usize = 200;
const ROUNDS: usize = 10;

/// When a message that was woken is looked at again.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

/// How often a write is tried again after losing a race for the hold.
const ATTEMPTS: u32 = 3;

/// Why a Page is on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// There is no token, or it is dead: somebody must connect the Page again.
    Token,
    /// Meta restricts the Page, or has taken messaging from it.
    Restricted,
    /// The app may not write to the public, or access was switched off.
    NotApproved,
}

impl HoldCause {
    /// The pause before the first probe, and the longest one. A probe with a dead token harms nobody; a restricted Page should rest.
    const fn pauses(self) -> (Duration, Duration) {
        match self {
            Self::Token => (Duration::from_mins(1), Duration::from_mins(15)),
            Self::Restricted | Self::NotApproved => (Duration::from_mins(30), Duration::from_hours(4)),
        }
    }
}

/// A Page's hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub page: PageId,
    pub cause: HoldCause,
    /// What happened and what to do, in plain words.
    pub reason: String,
    pub since: Timestamp,
    /// How many probes were refused.
    pub refused: u32,
    /// When one message is tried again; until then nothing is.
    pub probe_at: Timestamp,
    /// A send went through, or a person said to go on: what waits is being woken.
    #[serde(default)]
    pub lifted: bool,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

impl Hold {
    /// Starts a hold.
    #[must_use]
    pub fn begin(page: PageId, cause: HoldCause, reason: &str, now: Timestamp) -> Self {
        let (first, _) = cause.pauses();
        Self { page, cause, reason: reason.to_owned(), since: now, refused: 1, probe_at: now.plus(first), lifted: false, revision: 0 }
    }

    /// Goes on after a refused probe: each pause is twice the one before, up to the longest.
    #[must_use]
    pub fn again(self, cause: HoldCause, reason: &str, now: Timestamp) -> Self {
        let (first, longest) = cause.pauses();
        let pause = first.saturating_mul(2_u32.saturating_pow(self.refused)).min(longest);
        Self { cause, reason: reason.to_owned(), refused: self.refused.saturating_add(1), probe_at: now.plus(pause), ..self }
    }

    /// Tells whether nothing should be tried at `now`.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        !self.lifted && now < self.probe_at
    }

    /// Says why a message waits, and until when.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} The Page is tried again at {}.", self.reason, self.probe_at.in_words())
    }
}

/// Notes that the platform refused a send because of the whole Page, and returns the hold that is in force. Several workers that are refused
/// at once count as one.
pub async fn refused(holds: &impl Holds, page: &PageId, cause: HoldCause, reason: &str, now: Timestamp) -> Result<Hold, StoreError> {
    let mut next = Hold::begin(page.clone(), cause, reason, now);
    for _ in 0..ATTEMPTS {
        next = match holds.hold(page).await? {
            Some(known) if known.holds_at(now) => return Ok(known),
            Some(known) if known.lifted => Hold { revision: known.revision, ..Hold::begin(page.clone(), cause, reason, now) },
            Some(known) => known.again(cause, reason, now),
            None => Hold::begin(page.clone(), cause, reason, now),
        };
        if holds.put_hold(&next).await? {
            break;
        }
    }
    Ok(next)
}

/// Lifts the Page's hold, and tells whether it had one: the sweep wakes what waits.
pub async fn lift(holds: &impl Holds, page: &PageId) -> Result<bool, StoreError> {
    for _ in 0..ATTEMPTS {
        let Some(hold) = holds.hold(page).await?.filter(|hold| !hold.lifted) else { return Ok(false) };
        if holds.put_hold(&Hold { lifted: true, ..hold }).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the sweep found of the Pages on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attended {
    /// How many conversations it woke.
    pub woken: usize,
    /// How many Pages are on hold.
    pub held: usize,
}

/// The sweep's part: wakes the probe of each Page whose time has come, and what waits for a Page that goes on again. Two sweeps at once do no harm: the queue takes a job for the same occasion once.
pub async fn attend<S: Holds + DueIndex>(store: &S, queue: &impl OutboundQueue, now: Timestamp) -> Result<Attended, RelayError> {
    let mut attended = Attended::default();
    for hold in store.holds().await.map_err(RelayError::Store)? {
        attended.held += usize::from(!hold.lifted);
        if hold.holds_at(now) {
            continue;
        }
        attended.woken += if hold.lifted { release(store, queue, &hold, now).await? } else { probe(store, queue, &hold).await? };
    }
    Ok(attended)
}

/// Wakes the message that has waited longest. It keeps its place: its own attempt tells what became of it.
async fn probe<S: Holds + DueIndex>(store: &S, queue: &impl OutboundQueue, hold: &Hold) -> Result<usize, RelayError> {
    let waiting = store.held(&hold.page, 1).await.map_err(RelayError::Store)?;
    let Some(item) = waiting.first() else {
        // Nothing waits: the next message that somebody writes finds out by itself.
        store.remove_hold(hold).await.map_err(RelayError::Store)?;
        return Ok(0);
    };
    wake(queue, item, hold.probe_at).await?;
    Ok(1)
}

/// Wakes what waited for a Page that goes on again, and forgets the hold when nothing is left.
async fn release<S: Holds + DueIndex>(store: &S, queue: &impl OutboundQueue, hold: &Hold, now: Timestamp) -> Result<usize, RelayError> {
    let mut woken = 0;
    for _ in 0..ROUNDS {
        let waiting = store.held(&hold.page, A_ROUND).await.map_err(RelayError::Store)?;
        if waiting.is_empty() {
            store.remove_hold(hold).await.map_err(RelayError::Store)?;
            break;
        }
        for item in waiting {
            wake(queue, &item, item.due_at).await?;
            store.postpone(&item, now.plus(AGAIN_AFTER)).await.map_err(RelayError::Store)?;
            woken += 1;
        }
    }
    Ok(woken)
}

async fn wake(queue: &impl OutboundQueue, item: &Due, occasion: Timestamp) -> Result<(), RelayError> {
    let job = OutboundJob::Wake { conversation: item.conversation.clone() };
    queue.enqueue(&job, &Occasion::Relayed(occasion)).await.map_err(RelayError::Queue)
}

#[cfg(test)]
#[path = "hold_tests.rs"]
mod tests;
