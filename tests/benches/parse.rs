//! Reading a delivery, and cutting one that is too long for a queue.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use meta_webhooks::{VerifiedBody, parse, split};
use testkit::ids::at;

use crate::deliveries::{self, MANY};

/// More than a queue message takes, in messages.
const TOO_MANY: usize = 8_000;
const LONGEST: usize = 1024 * 1024;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for messages in [1, MANY] {
        let body = deliveries::of(messages);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(messages.to_string(), |bencher| {
            bencher.iter(|| parse(VerifiedBody::from_intake_queue(black_box(&body)), at(0)).unwrap());
        });
    }
    group.finish();

    let body = deliveries::of(TOO_MANY);
    let mut group = criterion.benchmark_group("split");
    group.sample_size(10).throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function(TOO_MANY.to_string(), |bencher| {
        bencher.iter(|| split(&VerifiedBody::from_intake_queue(black_box(&body)), |piece| piece.len() <= LONGEST).unwrap());
    });
}
