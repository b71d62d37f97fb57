//! The single table. `key` is its grammar, `docs/TABLE.md` its access patterns; there is one file for each port.
//!
//! A failed condition is an outcome of the port, never an error. No item carries more than DynamoDB's 400 KB: what is longer is
//! compressed, then cut, see `blob`.

mod announcements;
mod blob;
mod consents;
mod deletions;
mod due;
mod endpoints;
mod erasure;
mod error;
mod export;
mod history;
mod inbox;
mod item;
pub mod key;
mod notices;
mod orders;
mod outbox;
mod pages;
mod parked;
mod rollouts;
mod templates;
mod together;
mod transaction;
mod unanswered;

use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_dynamodb::Client;
use domain::id::PageId;
use domain::retention::Retention;

/// The table, reached through one client. It implements every port of the store.
#[derive(Debug)]
pub struct Table {
    client: Client,
    name: String,
    retention: Retention,
    /// Pages whose registration this process has seen.
    known_pages: Mutex<BTreeSet<PageId>>,
}

impl Table {
    #[must_use]
    pub const fn new(client: Client, name: String) -> Self {
        Self { client, name, retention: Retention::BY_DEFAULT, known_pages: Mutex::new(BTreeSet::new()) }
    }

    /// Says how long the rows of each class stay.
    #[must_use]
    pub fn keeping(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }
}
