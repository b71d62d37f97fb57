use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Transaction};

use crate::{EngineError, QueueName};

mod groups;
mod in_flight;
mod move_tasks;
mod queues;
mod receive;
mod send;

pub use move_tasks::{MoveStatus, MoveTask};
pub(crate) use queues::Queue;
pub(crate) use receive::Taken;

/// One transaction at one moment. The files beneath add what can be done in it, one concern each.
///
/// Whatever is wrong with a request is found before anything is written for it, so that one bad entry of a batch leaves
/// nothing behind and the others can be committed.
pub(crate) struct Session<'c> {
    transaction: Transaction<'c>,
    now_ms: i64,
    changed: BTreeSet<QueueName>,
}

impl<'c> Session<'c> {
    pub(crate) fn new(transaction: Transaction<'c>, now_ms: i64) -> Self {
        Self { transaction, now_ms, changed: BTreeSet::new() }
    }

    /// Commits, and says which queues may now have something to give.
    pub(crate) fn commit(self) -> Result<BTreeSet<QueueName>, EngineError> {
        self.transaction.commit()?;
        Ok(self.changed)
    }

    fn sql(&self, sql: &str) -> Result<CachedStatement<'_>, EngineError> {
        Ok(self.transaction.prepare_cached(sql)?)
    }

    /// Wakes the long polls of a queue after the commit.
    fn changed(&mut self, queue: &QueueName) {
        self.changed.insert(queue.clone());
    }
}
