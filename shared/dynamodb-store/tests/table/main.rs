//! The table on the real engine, in memory, with the keys and indexes of `infra/data.yaml`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

mod calls;
mod contract;
mod engine;
mod items;
