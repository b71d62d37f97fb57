//! Messenger on the desk: a Graph API that behaves as Meta's does, webhooks as Meta sends them, and a page on which you are the
//! customer.
//!
//! A walk along one reply: [`Simulator::graph_router`] takes `POST /v26.0/{page}/messages`, checks the token, the faults that are
//! switched on, the request's shape, the person and the messaging window; keeps the message and its webhooks (echo, delivery, read)
//! in one transaction; answers. [`Simulator::run`] posts the webhooks, signed, in order for each person, until each is answered with
//! 200. [`Simulator::page_router`] shows the thread.
//!
//! What Meta does not document, or what nobody has confirmed, says "unconfirmed" where it is decided.

mod clock;
mod customer;
mod faults;
mod graph;
mod ids;
mod page;
mod random;
mod settings;
mod simulator;
mod store;
mod webhooks;
mod window;
mod witness;

pub use clock::Clock;
pub use customer::{ActionError, Attachment};
pub use faults::{ActiveFault, Faults, Lasting, SendFault, WebhookFaults};
pub use ids::PAGE_INBOX_APP_ID;
pub use settings::{PageSettings, ReplyHint, Settings};
pub use simulator::{Counters, OpenError, Refused, Simulator};
pub use store::StoreError;
pub use store::customers::Customer;
pub use store::graph_objects::Subscription;
pub use store::messages::{Content, Direction, MessageState, ThreadMessage};
pub use webhooks::post::{Answer, HandshakeError};
pub use webhooks::{sign, wire};
