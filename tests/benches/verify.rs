//! Proving where a body came from.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use domain::secret::Secret;
use meta_webhooks::verify;
use shopbell_tests::sign;

use crate::deliveries::{self, MANY};

const SECRET: &str = "0f9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b";

pub(crate) fn bench(criterion: &mut Criterion) {
    let secrets = [Secret::new(SECRET).unwrap()];
    let mut group = criterion.benchmark_group("verify");
    for messages in [1, MANY] {
        let body = deliveries::of(messages);
        let signature = sign(SECRET, &body);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(messages.to_string(), |bencher| {
            bencher.iter(|| verify(&secrets, black_box(&body), Some(&signature)).unwrap().as_bytes().len());
        });
    }
}
