//! The Graph API client: the Send API, user profiles, and Meta's error codes as classes.
//!
//! ```text
//! send::SendApi ─┐                            ┌─ a `message_id` ─▶ Ok
//!                ├─▶ GraphApi::call ─▶ Answer ┤
//! profile::…   ──┘         │                  └─ `error` ─▶ errors ─▶ errors::table ─▶ Class and words
//!                          └─ no answer ─▶ CallError: surely not sent, or nobody knows
//! ```
//!
//! The question behind every error here is whether the customer may have the message. What surely did not reach Meta is tried again; what
//! may have reached it never is, until an echo or a person tells.
//!
//! To teach it a new error code, add a line to `errors/table.rs`. The access token travels in a header only: it is in no URL, no log line,
//! no `Debug` and no error. The one exception is `debug_token`, which takes it as a parameter; URLs are never logged.

mod answer;
mod call;
mod client;
mod errors;
mod message;
mod page;
mod profile;
mod proof;
pub mod reading;
mod receipt;
mod record;
mod send;
pub mod setup;
pub mod templates;
mod usage;

pub use client::{BuildError, GraphApi, Settings, Timeouts};
pub use proof::InvalidAppSecret;
