//! What the pieces of a path cost by themselves: `cargo bench -p shopbell-tests`. What whole functions cost is measured by `make bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

mod deliveries;
mod ingest;
mod parse;
mod policy;
mod send;
mod verify;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, verify::bench, parse::bench, ingest::bench, policy::bench, send::bench);
criterion_main!(benches);
