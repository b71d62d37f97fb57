//! From an event to what is written, with a store in memory: what is left is our own work.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use domain::history::apply;
use domain::inbound::{InboundEvent, Party};
use domain::ingest::{Addition, ingest, ingest_all};
use testkit::events::customer_says;
use testkit::ids::{MIA, at, user};
use testkit::messages::conversation;
use testkit::{FakeQueue, FakeStore};

use crate::deliveries::MANY;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let event = customer_says("Hi, where is my order 20418?").build();
    let current = conversation();
    let mut group = criterion.benchmark_group("ingest");
    group.bench_function("apply", |bencher| bencher.iter(|| apply(Some(black_box(&current)), &user(MIA), &event)));
    group.bench_function("1", |bencher| {
        let run = |store| runtime.block_on(ingest(&store, &FakeQueue::default(), black_box(&event), at(0)));
        bencher.iter_batched(FakeStore::default, run, BatchSize::SmallInput);
    });
    group.bench_function(MANY.to_string(), |bencher| {
        let says = |number| customer_says("Hi").by(&format!("8{number}")).numbered(&format!("m_{number}")).build();
        let events: Vec<InboundEvent> = (0..MANY).map(says).collect();
        let additions: Vec<Addition<'_>> = events.iter().filter_map(|event| Addition::of(event, at(0))).collect();
        let run = |store| runtime.block_on(ingest_all(&store, &FakeQueue::default(), black_box(&additions), at(0)));
        bencher.iter_batched(FakeStore::default, run, BatchSize::SmallInput);
    });
    group.bench_function("ids", |bencher| {
        bencher.iter(|| {
            let Party::Person(user) = &event.party else { return None };
            Some((domain::id::ConversationId::of(&event.page, user), black_box(&event).dedupe_key()))
        });
    });
}
