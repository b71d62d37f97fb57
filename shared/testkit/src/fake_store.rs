//! Every port of the store in memory, as strict as the table, with scripted faults.

mod announcements;
mod consents;
mod deletions;
mod due;
mod erasure;
mod history;
mod inbox;
mod notices;
mod orders;
mod outbox;
mod pages;
mod parked;
mod rollouts;
mod script;
mod state;
mod templates;
mod unanswered;

use std::future::Future;
use std::sync::{Arc, Mutex};

use domain::history::TimelineEvent;
use domain::ports::{Parked, StoreError};

use crate::crash::Crash;
use crate::lock::locked;
use script::{Fault, Script};
use state::State;

/// A method of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Standing,
    Record,
    RecordPageEvent,
    Message,
    MessageByKey,
    Save,
    KeepChange,
    Park,
    ParkedOn,
    MarkParked,
    Unpark,
    Open,
    Accept,
    Claim,
    Forget,
    SetWaiting,
    Find,
    Accepted,
    CloseWindow,
    Hold,
    Holds,
    PutHold,
    RemoveHold,
    Held,
    Watches,
    PutWatch,
    Due,
    Postpone,
    OldestUnanswered,
    List,
    Messages,
    Bury,
    Remove,
    Records,
    Deletion,
    PutDeletion,
    KnownPages,
    Order,
    OrderBy,
    SaveOrder,
    KeepEvent,
    KeptEvents,
    Acquaintance,
    Acquaint,
    TiedOrders,
    NameOrder,
    RemoveOrder,
    Untie,
    Notice,
    SaveNotice,
    NoteRequest,
    DueNotices,
    PostponeNotice,
    AppendConsent,
    ConsentEntries,
    RemoveConsent,
    PutWords,
    Words,
    Rollouts,
    Rollout,
    PutRollout,
    Member,
    Choose,
    MarkMember,
    Report,
    Templates,
    PutTemplate,
    Endpoints,
    Endpoint,
    PutEndpoint,
    RemoveEndpoint,
    BeginDelivery,
    Delivery,
    PutDelivery,
    Deliveries,
}

/// A store in memory. Clones share what is stored. Each call lets other work go first, so that joined futures interleave.
#[derive(Debug, Clone, Default)]
pub struct FakeStore {
    state: Arc<Mutex<State>>,
    script: Arc<Mutex<Script>>,
    crash: Crash,
}

impl FakeStore {
    /// Makes a store whose callers stop when `crash` says so.
    #[must_use]
    pub fn that_crashes(crash: &Crash) -> Self {
        Self { crash: crash.clone(), ..Self::default() }
    }

    /// Fails the `nth` call of a method from now, the first being 1. Nothing is written.
    pub fn fail(&self, call: Call, nth: usize, error: StoreError) {
        locked(&self.script).plan(call, nth, Fault::Fail(error));
    }

    /// Does what the `nth` call of a method from now asks, and loses its answer.
    pub fn lose_the_answer(&self, call: Call, nth: usize) {
        locked(&self.script).plan(call, nth, Fault::LoseAnswer);
    }

    /// Runs `action` before the `nth` call of a method from now.
    pub fn before<F>(&self, call: Call, nth: usize, action: impl FnOnce(Self) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        locked(&self.script).plan(call, nth, Fault::Before(Box::new(|store| Box::pin(action(store)))));
    }

    /// Runs `action` after the `nth` call of a method from now.
    pub fn after<F>(&self, call: Call, nth: usize, action: impl FnOnce(Self) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        locked(&self.script).plan(call, nth, Fault::After(Box::new(|store| Box::pin(action(store)))));
    }

    /// Returns what was parked, in order.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        locked(&self.state).parked()
    }

    /// Returns the events of all timelines, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<TimelineEvent> {
        locked(&self.state).events()
    }

    async fn call<T>(&self, call: Call, work: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.crash.step().await;
        let faults = locked(&self.script).next(call);
        let mut after = Vec::new();
        let mut lost = false;
        for fault in faults {
            match fault {
                Fault::Fail(error) => return Err(error),
                Fault::LoseAnswer => lost = true,
                Fault::Before(action) => action(self.clone()).await,
                Fault::After(action) => after.push(action),
            }
        }
        let answer = work(&mut locked(&self.state));
        for action in after {
            action(self.clone()).await;
        }
        self.crash.step().await;
        if lost {
            return Err(StoreError::Unavailable { reason: format!("the answer of {call:?} was lost") });
        }
        answer
    }
}
