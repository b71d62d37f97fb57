//! The queues and the table refuse, throttle, conflict, and lose their answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use reqwest::StatusCode;

use super::load::Load;
use super::program::Program;
use super::table::Tally;
use crate::{Case, Extent};
use shopbell_tests::proxy::{Deed, Proxy, cancelled, dynamodb_error};

/// A stack whose calls to one of the stores come by a proxy.
pub(crate) async fn behind(variable: &str) -> (Program, Proxy) {
    let proxy = Proxy::start().await;
    let program = Program::start(&[(variable, &proxy.url())]).await;
    let addresses = program.addresses().await;
    proxy.to(if variable == "SHOPBELL_SQS_URL" { &addresses.sqs } else { &addresses.dynamodb });
    (program, proxy)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("queue down at intake", queue_down_at_intake),
        Case::new("queue answers lost at intake", queue_answers_lost),
        Case::new("queue down when replies are accepted", queue_down_at_accept),
        Case::new("many writers of one conversation at once", a_storm_of_writers),
    ];
    for (fault, deed) in [
        ("table throttled in mid-batch", dynamodb_error("ProvisionedThroughputExceededException")),
        ("table throttled by its partition in mid-batch", dynamodb_error("ThrottlingException")),
        ("table fails in mid-batch", Deed::Answer(500, r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#.into())),
        ("table unreachable in mid-batch", Deed::Refuse),
        ("transactions throttled in mid-batch", cancelled("ThrottlingError")),
        ("transactions conflict in mid-batch", cancelled("TransactionConflict")),
        ("table answers lost after writing", Deed::LoseAnswer),
    ] {
        cases.push(Case::new(fault, move |extent| table_in_trouble(deed, extent)));
    }
    cases
}

/// The front says 503 to everything, and the platform's retry brings it in.
async fn queue_down_at_intake(extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_SQS_URL").await;
    let mut load = Load::new(5);
    let bodies = load.messages(if extent == Extent::Full { 200 } else { 20 });
    proxy.rule(|_| Deed::Refuse);
    let answers = join_all(bodies.iter().map(|body| program.post(body))).await;
    let refused = answers.iter().filter(|answer| **answer == Some(StatusCode::SERVICE_UNAVAILABLE)).count();
    assert_eq!(refused, bodies.len(), "each is told to come again: {answers:?}");
    proxy.pass();
    Load::deliver(&program, &bodies, async |_| ()).await;
    let mut tally = load.settle(&program).await;
    tally.injected = refused;
    tally
}

/// The queue takes a delivery and the answer is lost: what was asked again stands twice in the queue, and once in the history.
async fn queue_answers_lost(extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_SQS_URL").await;
    let mut load = Load::new(5);
    let bodies = load.messages(if extent == Extent::Full { 200 } else { 20 });
    proxy.rule(|seen| if seen.number % 2 == 0 { Deed::LoseAnswer } else { Deed::Pass });
    Load::deliver(&program, &bodies, async |_| ()).await;
    load.reply(&program, 2, async || ()).await;
    let mut tally = load.settle(&program).await;
    tally.injected = proxy.injected();
    tally
}

/// Replies are accepted into the table, and the sweep enqueues them later.
async fn queue_down_at_accept(extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_SQS_URL").await;
    let mut load = Load::new(5);
    let bodies = load.messages(10);
    Load::deliver(&program, &bodies, async |_| ()).await;
    load.conversations(&program).await;
    let before = proxy.injected();
    proxy.rule(|_| Deed::Refuse);
    load.reply(&program, if extent == Extent::Full { 10 } else { 2 }, async || ()).await;
    proxy.pass();
    let mut tally = load.settle(&program).await;
    tally.injected = proxy.injected() - before;
    tally
}

/// For a stretch of calls the table is in trouble, then it is well again, and so on for some stretches: while deliveries are worked, and
/// again while replies leave.
async fn table_in_trouble(deed: Deed, extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_DYNAMODB_URL").await;
    let mut load = Load::new(5);
    let (deliveries, each, stretches) = if extent == Extent::Full { (200, 8, 8) } else { (30, 2, 2) };
    let bodies = load.messages(deliveries);
    trouble(&proxy, &deed, stretches);
    Load::deliver(&program, &bodies, async |_| ()).await;
    load.conversations(&program).await;
    // Meta's record shows the newest twenty messages of a thread. Were all of them of this moment, it could not tell about a claim whose
    // answer was lost, and the message would stay unconfirmed for a person.
    program.advance(Duration::from_mins(1)).await;
    trouble(&proxy, &deed, stretches);
    load.reply(&program, each, async || ()).await;
    let mut tally = load.settle(&program).await;
    tally.injected = proxy.injected();
    tally
}

fn trouble(proxy: &Proxy, deed: &Deed, stretches: usize) {
    const WELL: usize = 25;
    const IN_TROUBLE: usize = 15;
    let deed = deed.clone();
    let of_transactions = matches!(&deed, Deed::Answer(_, body) if body.contains("TransactionCanceled"));
    let calls = AtomicUsize::new(0);
    proxy.rule(move |seen| {
        if of_transactions && !seen.operation.ends_with("TransactWriteItems") {
            return Deed::Pass;
        }
        let number = calls.fetch_add(1, Ordering::SeqCst);
        let in_trouble = number < stretches * (WELL + IN_TROUBLE) && number % (WELL + IN_TROUBLE) >= WELL;
        if in_trouble { deed.clone() } else { Deed::Pass }
    });
}

/// Everybody writes to the same conversation: customers' messages by several workers, and replies.
async fn a_storm_of_writers(extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_DYNAMODB_URL").await;
    let mut load = Load::new(1);
    let first = load.message(0);
    program.deliver(&first).await;
    load.conversations(&program).await;
    let bodies = load.messages(if extent == Extent::Full { 200 } else { 60 });
    let replies = if extent == Extent::Full { 20 } else { 5 };
    let mut others = Load { customers: load.customers.clone(), ..Load::new(0) };
    futures::join!(Load::deliver(&program, &bodies, async |_| ()), others.reply(&program, replies, async || ()), async {
        // Time must pass for what lost too many races and was given back.
        for _ in 0..20 {
            program.advance(Duration::from_secs(5)).await;
        }
    });
    load.customers[0].replies.clone_from(&others.customers[0].replies);
    let mut tally = load.settle(&program).await;
    tally.injected = proxy.conflicts();
    tally
}
