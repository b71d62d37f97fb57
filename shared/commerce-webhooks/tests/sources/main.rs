//! What the crate promises, from outside: signatures, every payload, amounts to the minor unit, and what becomes of all others.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod golden;
mod hostile;
mod orders;
mod parcels;
mod payloads;
mod signatures;
