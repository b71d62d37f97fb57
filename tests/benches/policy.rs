//! Deciding what may leave now.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use domain::message::AuthorKind;
use domain::policy::decide;
use domain::window::OpeningAction;
use testkit::ids::at;
use testkit::messages::conversation;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut conversation = conversation();
    conversation.customer_wrote(at(0));
    conversation.open_window(OpeningAction::Ordinary, at(0));
    let late = at(0).plus(Duration::from_hours(30));
    let mut group = criterion.benchmark_group("policy");
    group.bench_function("inside the window", |bencher| bencher.iter(|| decide(black_box(&conversation), AuthorKind::Bot, at(60))));
    group.bench_function("after it", |bencher| bencher.iter(|| decide(black_box(&conversation), AuthorKind::Agent, late)));
    group.finish();
}
