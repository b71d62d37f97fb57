//! What is to happen at which call.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use domain::ports::StoreError;

use super::{Call, FakeStore};

pub(super) type Action = Box<dyn FnOnce(FakeStore) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// One thing that happens at a call.
pub(super) enum Fault {
    Fail(StoreError),
    LoseAnswer,
    Before(Action),
    After(Action),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail(_) => "Fail",
            Self::LoseAnswer => "LoseAnswer",
            Self::Before(_) => "Before",
            Self::After(_) => "After",
        })
    }
}

/// What is planned, by method and by the number of its call.
#[derive(Debug, Default)]
pub(super) struct Script {
    made: BTreeMap<Call, usize>,
    planned: BTreeMap<(Call, usize), Vec<Fault>>,
}

impl Script {
    pub(super) fn plan(&mut self, call: Call, nth: usize, fault: Fault) {
        let number = self.made.get(&call).copied().unwrap_or(0) + nth;
        self.planned.entry((call, number)).or_default().push(fault);
    }

    /// Counts a call, and returns what happens at it.
    pub(super) fn next(&mut self, call: Call) -> Vec<Fault> {
        let made = self.made.entry(call).or_default();
        *made += 1;
        self.planned.remove(&(call, *made)).unwrap_or_default()
    }
}
