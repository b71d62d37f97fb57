//! From what a shop tells to notices, once, and each by the way that policy allows now.
//!
//! ```text
//! ShopEvent ─▶ take ─▶ Order with its new Notices, in one transaction ─▶ decide ─▶ way_out ─▶ a message, an e-mail, or it waits
//!                                                                          ▲
//! a link is tapped, the customer writes, a message ends, the sweep ────────┘
//! ```

mod announcing;
mod counting;
mod customer;
mod decide;
mod follow_up;
mod look;
mod relay;
mod still;
mod take;
mod tell;

pub use customer::{Followed, customer_acted, marks};
pub use decide::{DecideError, Decided, decide};
pub use follow_up::{OrdersJobs, job_of};
pub use relay::{NoticeRelayError, relay_notices};
pub use still::kept_back;
pub use take::{TakeError, Taken, take};

use crate::announce::{Endpoints, EventQueue};
use crate::consent::Consents;
use crate::mail::Mailer;
use crate::notice::Notices;
use crate::orders::Orders;
use crate::ports::{Clock, History, OutboundQueue, Outbox};
use crate::rollout::Rollouts;
use crate::template::Templates;
use crate::time::Timestamp;

/// Every port of the store that notices need.
pub trait Store: Orders + Notices + History + Outbox + Consents + Rollouts + Templates + Endpoints {}

impl<S: Orders + Notices + History + Outbox + Consents + Rollouts + Templates + Endpoints> Store for S {}

/// What deciding about notices needs of the world.
#[derive(Debug)]
pub struct World<'a, S, Q, M, E> {
    pub store: &'a S,
    /// Of the messages that leave.
    pub queue: &'a Q,
    pub mail: &'a M,
    /// Of what the shop's own programs are told.
    pub events: &'a E,
    pub clock: &'a dyn Clock,
    pub random: u128,
}

/// A [`World`], whatever it is made of.
pub trait Ports: Sync {
    type Store: Store;
    type Queue: OutboundQueue;
    type Mail: Mailer;
    type Events: EventQueue;

    fn store(&self) -> &Self::Store;
    fn queue(&self) -> &Self::Queue;
    fn mail(&self) -> &Self::Mail;
    fn events(&self) -> &Self::Events;
    fn now(&self) -> Timestamp;
    fn random(&self) -> u128;
}

impl<S: Store, Q: OutboundQueue, M: Mailer, E: EventQueue> Ports for World<'_, S, Q, M, E> {
    type Store = S;
    type Queue = Q;
    type Mail = M;
    type Events = E;

    fn store(&self) -> &S {
        self.store
    }

    fn queue(&self) -> &Q {
        self.queue
    }

    fn mail(&self) -> &M {
        self.mail
    }

    fn events(&self) -> &E {
        self.events
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn random(&self) -> u128 {
        self.random
    }
}
