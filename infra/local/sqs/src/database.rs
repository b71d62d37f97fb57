use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::bells::Bells;
use crate::session::Session;
use crate::{Clock, EngineError, OpenError};

const SCHEMA: &str = include_str!("schema.sql");
/// Goes up with every change of the schema; there are no migrations.
const SCHEMA_VERSION: i64 = 1;
/// More than there are statements in this crate.
const CACHED_STATEMENTS: usize = 100;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The connection, on a thread of its own, because `SQLite` blocks.
///
/// One piece of work is one transaction, answered after its commit. Dropping the last handle waits for the work that
/// was given, and closes the file.
pub(crate) struct Database {
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    clock: Clock,
    bells: Arc<Bells>,
}

impl Database {
    pub(crate) fn open(path: &Path, clock: Clock, bells: Arc<Bells>) -> Result<Self, OpenError> {
        Self::start(Connection::open(path)?, clock, bells)
    }

    pub(crate) fn in_memory(clock: Clock, bells: Arc<Bells>) -> Result<Self, OpenError> {
        Self::start(Connection::open_in_memory()?, clock, bells)
    }

    fn start(mut connection: Connection, clock: Clock, bells: Arc<Bells>) -> Result<Self, OpenError> {
        prepare(&mut connection)?;
        let (sender, receiver) = mpsc::channel::<Work>();
        let thread = thread::Builder::new().name("local-sqs".to_owned()).spawn(move || {
            for work in receiver {
                work(&mut connection);
            }
        })?;
        Ok(Self { work: Some(sender), thread: Some(thread), clock, bells })
    }

    /// Runs `work` in a transaction, commits, rings the bells of the queues it changed, and gives back its answer.
    ///
    /// An error rolls everything back. Work whose caller has gone away is not begun: a receive that nobody waits for
    /// must not hide messages.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, EngineError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (clock, bells) = (self.clock.clone(), Arc::clone(&self.bells));
        let work: Work = Box::new(move |connection| {
            if !answer.is_closed() {
                // The caller may have gone away meanwhile; what was committed stays.
                answer.send(transact(connection, &clock, &bells, work)).ok();
            }
        });
        let sender = self.work.as_ref().ok_or(EngineError::Closed)?;
        sender.send(work).map_err(|_| EngineError::Closed)?;
        answered.await.map_err(|_| EngineError::Closed)?
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on stderr.
            thread.join().ok();
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

fn transact<T>(
    connection: &mut Connection,
    clock: &Clock,
    bells: &Bells,
    work: impl FnOnce(&mut Session<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut session = Session::new(transaction, clock.now_ms());
    let answer = work(&mut session)?;
    bells.ring(&session.commit()?);
    Ok(answer)
}

fn prepare(connection: &mut Connection) -> Result<(), OpenError> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        SCHEMA_VERSION => {}
        found => return Err(OpenError::OtherVersion { found, known: SCHEMA_VERSION }),
    }
    Ok(transaction.commit()?)
}
