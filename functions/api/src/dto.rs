//! The shapes of the API, apart from the domain's: one may change without the other.

pub(crate) mod conversation;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod page;
