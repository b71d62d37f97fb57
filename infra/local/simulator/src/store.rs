//! The simulator's memory: one SQLite database, one transaction for what belongs together.
//!
//! A crash keeps every committed row (write-ahead log). Power loss may cost the last moments: this is a desk, not a bank.

pub(crate) mod counters;
pub(crate) mod customers;
pub(crate) mod graph_objects;
pub(crate) mod messages;
pub(crate) mod outbox;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// The name of the database in the data folder.
const FILE: &str = "messenger.db";

/// Why the memory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("database")]
    Database(#[from] rusqlite::Error),
    #[error("a stored value is not JSON")]
    Json(#[from] serde_json::Error),
    #[error("data folder")]
    Folder(#[source] std::io::Error),
}

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customer (
  psid TEXT PRIMARY KEY, page_id TEXT NOT NULL, number INTEGER NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
  last_action_ms INTEGER, window_until_ms INTEGER NOT NULL, came_by_ad TEXT, auto_read INTEGER NOT NULL,
  thread_owner TEXT, typing_until_ms INTEGER NOT NULL, link_ref TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
  number INTEGER PRIMARY KEY, mid TEXT NOT NULL UNIQUE, page_id TEXT NOT NULL, psid TEXT NOT NULL, from_page INTEGER NOT NULL,
  app_id TEXT, metadata TEXT, content TEXT NOT NULL, at_ms INTEGER NOT NULL, delivered_ms INTEGER, read_ms INTEGER,
  customer_reaction TEXT, page_reaction TEXT);
CREATE INDEX IF NOT EXISTS message_thread ON message (psid, number);
CREATE TABLE IF NOT EXISTS webhook (
  number INTEGER PRIMARY KEY, page_id TEXT NOT NULL, lane TEXT NOT NULL, position_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  body TEXT NOT NULL, failures INTEGER NOT NULL, failing_since_ms INTEGER, last_error TEXT);
CREATE INDEX IF NOT EXISTS webhook_lane ON webhook (lane, position_ms, number);
CREATE TABLE IF NOT EXISTS receipt (page_id TEXT, order_number TEXT, PRIMARY KEY (page_id, order_number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS template (
  page_id TEXT, name TEXT, language TEXT, id TEXT NOT NULL, status TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (page_id, name, language)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attachment (page_id TEXT, id TEXT, json TEXT NOT NULL, PRIMARY KEY (page_id, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS profile (page_id TEXT, name TEXT, json TEXT NOT NULL, PRIMARY KEY (page_id, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subscription (
  page_id TEXT PRIMARY KEY, fields TEXT NOT NULL, active INTEGER NOT NULL, disabled INTEGER NOT NULL) WITHOUT ROWID;
";

/// The database behind one simulator.
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the database in `folder`, or one in memory.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, StoreError> {
        let connection = match folder {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(StoreError::Folder)?;
                Connection::open(folder.join(FILE))?
            }
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` in one transaction: all of it is kept, or nothing.
    pub(crate) fn run<T, E: From<StoreError>>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
