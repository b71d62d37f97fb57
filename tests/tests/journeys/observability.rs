//! What each function counts of its work.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use lambda_support::metrics;
use local_stack::StackClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually, text_delivery};

use super::replies::a_conversation;
use super::time_passes::states_become;

/// Waits until a function has counted at least so much.
async fn counts(test: &TestStack, function: &str, metric: metrics::Metric, at_least: u64) {
    eventually(&format!("{} of {function}", metric.name()), || async {
        (test.stack.counted(function).get(metric.name()).copied().unwrap_or(0) >= at_least).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_function_counts_what_it_did() {
    let clock = StackClock::manual(Timestamp::from_millis(1_795_255_200_000));
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let waiting = test.get(&format!("/v1/conversations/{id}")).await;
    assert!(waiting["unanswered_since"].is_string(), "{waiting}");
    test.reply(&id, "It left this morning.").await;
    assert_eq!(test.get(&format!("/v1/conversations/{id}")).await["unanswered_since"], Json::Null);
    states_become(&test, &clock, &id, &["read"]).await;
    assert_eq!(test.post_webhook(b"{}".to_vec(), Some("sha256=00"), "application/json").await, StatusCode::UNAUTHORIZED);
    clock.advance(Duration::from_mins(1));
    for _ in 0..2 {
        test.deliver(text_delivery(&psid, "m_twice", clock.now().as_millis(), "Hello?")).await;
    }
    test.deliver(b"no JSON".to_vec()).await;
    let (status, _) = test.api(Method::POST, "/v1/conversations/cnv_01ARZ3NDEKTSV4RRFFQ69G5FAV/messages", Some(json!({}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    counts(&test, "webhook", metrics::DELIVERIES_QUEUED, 4).await;
    counts(&test, "webhook", metrics::SIGNATURES_REFUSED, 1).await;
    counts(&test, "ingest", metrics::CUSTOMER_MESSAGES, 2).await;
    counts(&test, "ingest", metrics::EVENTS_TAKEN, 3).await;
    counts(&test, "ingest", metrics::EVENTS_DUPLICATE, 1).await;
    counts(&test, "ingest", metrics::PARKED, 1).await;
    counts(&test, "api", metrics::REPLIES_ACCEPTED, 1).await;
    counts(&test, "deliver", metrics::MESSAGES_SENT, 1).await;
    counts(&test, "deliver", metrics::GRAPH_CALLS, 1).await;
    eventually("a run of the sweep that sees who waits", || async {
        clock.advance(Duration::from_secs(10));
        (test.stack.counted("sweep").get(metrics::OLDEST_UNANSWERED.name()).copied() > Some(0)).then_some(())
    })
    .await;
    let names = |function: &str| test.stack.counted(function).into_keys().collect::<BTreeSet<_>>();
    assert!(names("ingest").contains(metrics::INTAKE_LAG.name()));
    assert!(names("api").contains(metrics::TIME_TO_ANSWER.name()) && !names("api").contains(metrics::REPLIES_REFUSED.name()));
    assert!(names("deliver").contains(metrics::TIME_TO_SEND.name()));
    let gauges = [metrics::PAGES_HELD, metrics::PAGES_TOKEN_DEAD, metrics::PAGES_TOKEN_ENDING, metrics::PAGES_UNSUBSCRIBED];
    assert!(gauges.iter().chain([&metrics::OLDEST_PENDING, &metrics::MESSAGES_RELAYED]).all(|gauge| names("sweep").contains(gauge.name())));
    test.stack.stop().await;
}
