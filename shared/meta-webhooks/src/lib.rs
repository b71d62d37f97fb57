//! Meta's webhooks: who sent the bytes, and what they say.
//!
//! ```text
//! GET  ─▶ handshake::answer ─▶ the challenge, byte for byte
//! POST ─▶ signature::verify ─▶ VerifiedBody ─▶ queue ─▶ delivery::parse ─▶ WebhookDelivery { items }
//!                                    └─ too large for the queue: split::split ─▶ several bodies
//! POST ─▶ signed_request::read_deletion ─▶ DeletionRequest ─▶ queue
//! ```
//!
//! Inside, a body is taken apart in two steps. `envelope` finds the elements of a delivery and leaves each of them raw, so that one
//! unreadable element never costs its neighbours. `wire` then reads an element: its kind is chosen by the key that names it, and only
//! then is it read. What stays unread stays stored: an unknown kind becomes `EventKind::Unknown`, a known kind that does not read becomes
//! [`delivery::BrokenElement`].
//!
//! To add an event kind, add a file under `wire/` and a line to a table: `wire/messaging.rs` for what comes in `messaging` and `standby`,
//! `wire/changes.rs` for what comes in `changes`.

pub mod delivery;
mod envelope;
pub mod handshake;
mod json;
pub mod signature;
pub mod signed_request;
pub mod split;
mod surrogates;
mod wire;

pub use delivery::{BrokenElement, Item, ParseError, WebhookDelivery, parse};
pub use handshake::{HandshakeError, HandshakeQuery, answer};
pub use signature::{SignatureError, VerifiedBody, verify};
pub use signed_request::{SignedRequestError, read_deletion};
pub use split::{Split, TooLarge, split};
