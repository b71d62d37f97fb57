//! What every store must do, whatever it is made of. [`store_contract!`](macro@crate::store_contract) makes a test of each case.
//!
//! A case is an async function over a fresh, empty store. It fails by an assertion or by its error.

pub mod aside;
pub mod changes;
pub mod deleting;
pub mod due;
pub mod erasing;
pub mod extremes;
pub mod inbox;
pub mod notices;
pub mod orders;
pub mod pages;
pub mod pending;
pub mod recording;
pub mod saving;
pub mod sending;
pub mod timeline;
pub mod together;
pub mod unanswered;

mod steps;

use domain::notice::Notices;
use domain::orders::Orders;
use domain::ports::{Deletions, DueIndex, Erasure, Exporting, History, Holds, Inbox, Outbox, ParkedWork, UnansweredIndex, Watches};

/// Every port of the store at once.
pub trait Store:
    History + Outbox + Inbox + DueIndex + UnansweredIndex + Holds + Watches + ParkedWork + Erasure + Exporting + Deletions + Orders + Notices
{
}

impl<
    S: History
        + Outbox
        + Inbox
        + DueIndex
        + UnansweredIndex
        + Holds
        + Watches
        + ParkedWork
        + Erasure
        + Exporting
        + Deletions
        + Orders
        + Notices,
> Store for S
{
}

/// How a case ends.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;
