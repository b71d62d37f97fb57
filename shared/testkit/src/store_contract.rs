//! What every store must do, whatever it is made of. [`store_contract!`](macro@crate::store_contract) makes a test of each case.
//!
//! A case is an async function over a fresh, empty store. It fails by an assertion or by its error.

pub mod announcing;
pub mod aside;
pub mod changes;
pub mod consenting;
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
pub mod rollouts;
pub mod saving;
pub mod sending;
pub mod templates;
pub mod timeline;
pub mod together;
pub mod unanswered;

mod steps;

use domain::announce::{Deliveries, Endpoints};
use domain::consent::Consents;
use domain::notice::Notices;
use domain::orders::Orders;
use domain::ports::{Deletions, DueIndex, Erasure, Exporting, History, Holds, Inbox, Outbox, ParkedWork, UnansweredIndex, Watches};
use domain::rollout::Rollouts;
use domain::template::Templates;

/// Declares the trait of every port of the store at once.
macro_rules! store_of {
    ($first:ident $(, $port:ident)*) => {
        /// Every port of the store at once.
        pub trait Store: $first $(+ $port)* {}

        impl<S: $first $(+ $port)*> Store for S {}
    };
}

store_of!(
    History,
    Outbox,
    Inbox,
    DueIndex,
    UnansweredIndex,
    Holds,
    Watches,
    ParkedWork,
    Erasure,
    Exporting,
    Deletions,
    Orders,
    Notices,
    Consents,
    Rollouts,
    Templates,
    Endpoints,
    Deliveries
);

/// How a case ends.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;
