//! The targets: any bytes in, and what must hold of whatever reads them.
//!
//! One function a reader. Each panics when something does not hold, so any engine can drive it: `tests/targets.rs` does, under `cargo test`
//! for a moment and under `make fuzz` for as long as it is told. See docs/adr/0017.

#![expect(clippy::missing_panics_doc, reason = "a target panics when something does not hold: that is its purpose")]

mod samples;
mod targets;

pub use targets::{cursors, deliveries, graph_answers, jobs, requests, shops, signatures, signed_requests, threads};
