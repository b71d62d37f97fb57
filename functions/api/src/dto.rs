//! The shapes of the API, apart from the domain's: one may change without the other.

pub(crate) mod consent;
pub(crate) mod conversation;
mod fields;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod notification_request;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod problem;
pub(crate) mod rollout;
pub(crate) mod webhook_endpoint;
