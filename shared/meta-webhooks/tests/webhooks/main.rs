//! What the crate promises, from outside: signatures, the handshake, every payload that Meta shows, and what becomes of all others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod envelopes;
mod golden;
mod handshake;
mod kinds;
mod leniency;
mod nothing_is_lost;
mod payloads;
mod signatures;
mod signed_requests;
mod splitting;
