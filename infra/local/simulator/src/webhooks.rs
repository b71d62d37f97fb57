//! What Meta tells the app: events, the bytes they travel in, their signature, and their delivery.

pub(crate) mod dispatch;
pub(crate) mod events;
pub(crate) mod post;
pub(crate) mod retry;
pub mod sign;
pub mod wire;
