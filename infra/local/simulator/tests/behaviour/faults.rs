//! Everything that can be switched on to go wrong.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use messenger_simulator::{ActiveFault, Faults, SendFault, WebhookFaults};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::desk::{Desk, TOKEN, kinds, response_to};

fn next(fault: SendFault) -> Faults {
    Faults { sends: vec![ActiveFault::next(1, fault)], ..Faults::none() }
}

fn of_webhooks(webhooks: WebhookFaults) -> Faults {
    Faults { webhooks, ..Faults::none() }
}

#[tokio::test]
async fn a_refusing_fault_answers_its_documented_body_once_and_sends_nothing() {
    let desk = Desk::open().await;
    let faults = [
        (SendFault::RateLimited, "error-613"),
        (SendFault::TooManyRequests, "error-4"),
        (SendFault::ServerError, "error-2"),
        (SendFault::TemporaryFailure, "error-1200"),
        (SendFault::PageRestricted, "error-10-1893063"),
        (SendFault::TokenDead, "error-190-460"),
        (SendFault::ThreadHeld, "error-10-2018300"),
        (SendFault::WindowClosed, "error-10-2018278"),
        (SendFault::CustomerUnavailable, "error-551-1545041"),
    ];
    for (fault, error) in faults {
        desk.simulator.set_faults(next(fault)).unwrap();
        desk.assert_refused(json!({"text": "refused"}), error).await;
    }
    desk.assert_sent(json!({"text": "Hi"})).await;
    let thread = desk.simulator.thread(&desk.psid).unwrap();
    assert_eq!(thread.iter().map(messenger_simulator::ThreadMessage::text).collect::<Vec<_>>(), ["Hi", "Hi"]);
}

#[tokio::test]
async fn an_unknown_outcome_is_sent_and_echoed() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(next(SendFault::AcceptedThenUnknown)).unwrap();
    desk.assert_refused(json!({"text": "Hi", "metadata": "01K8"}), "error-1-1357046").await;
    desk.settle().await;
    assert_eq!(desk.app.take()[0]["entry"][0]["messaging"][0]["message"]["metadata"], "01K8");
    assert_eq!(desk.simulator.counters().sends_accepted, 1);
}

/// Sends over a real connection; gives what comes back before it closes.
async fn send_and_listen(desk: &Desk) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = desk.simulator.graph_router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let body = response_to(&desk.psid, &json!({"text": "Hello"})).to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /v26.0/me/messages?access_token={TOKEN} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset instead of an end is just as good.
    drop(stream.read_to_end(&mut answer).await);
    server.abort();
    answer
}

#[tokio::test]
async fn a_lost_connection_sends_nothing_and_says_nothing() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(next(SendFault::ConnectionLost)).unwrap();
    assert!(send_and_listen(&desk).await.is_empty());
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_message_sent() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(next(SendFault::AcceptedThenTimeout { after_ms: 15_000 })).unwrap();
    let mut changes = desk.simulator.changes();
    let (answer, ()) = tokio::join!(send_and_listen(&desk), async {
        while desk.simulator.thread(&desk.psid).unwrap().len() < 2 {
            changes.changed().await.unwrap();
        }
        desk.settle().await;
        assert_eq!(kinds(&desk.app.take()), ["echo"]);
        desk.clock.advance(Duration::from_secs(15));
    });
    assert!(answer.is_empty());
}

#[tokio::test]
async fn a_blocked_customer_is_blocked_alone() {
    let desk = Desk::open().await;
    let blocked = ActiveFault::until_off(SendFault::CustomerUnavailable).to("somebody else");
    desk.simulator.set_faults(Faults { sends: vec![blocked], ..Faults::none() }).unwrap();
    desk.assert_sent(json!({"text": "Hi"})).await;
}

#[tokio::test]
async fn webhooks_come_twice() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(of_webhooks(WebhookFaults { duplicate_percent: 100, ..WebhookFaults::default() })).unwrap();
    desk.simulator.customer_says(&desk.psid, "Hi").unwrap();
    desk.settle().await;
    let bodies = desk.app.take_bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn echoes_never_come() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(of_webhooks(WebhookFaults { drop_echo: true, ..WebhookFaults::default() })).unwrap();
    desk.assert_sent(json!({"text": "Hi"})).await;
    desk.clock.advance(Duration::from_secs(2));
    desk.settle().await;
    assert_eq!(kinds(&desk.app.take()), ["delivery", "read"]);
}

#[tokio::test]
async fn late_webhooks_come_late_and_in_order() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(of_webhooks(WebhookFaults { delay_ms: Some((1_000, 9_000)), ..WebhookFaults::default() })).unwrap();
    let said: Vec<String> = (0..10).map(|number| desk.simulator.customer_says(&desk.psid, &number.to_string()).unwrap()).collect();
    desk.settle().await;
    assert!(desk.app.take().is_empty());
    desk.clock.advance(Duration::from_secs(9));
    desk.settle().await;
    assert_eq!(mids(&desk), said);
}

#[tokio::test]
async fn reordered_webhooks_all_come_but_not_in_order() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(of_webhooks(WebhookFaults { reorder: true, ..WebhookFaults::default() })).unwrap();
    let said: Vec<String> = (0..10).map(|number| desk.simulator.customer_says(&desk.psid, &number.to_string()).unwrap()).collect();
    for _ in 0..30 {
        desk.clock.advance(Duration::from_millis(100));
        desk.settle().await;
    }
    let came = mids(&desk);
    assert_ne!(came, said);
    assert!(came.len() == said.len() && said.iter().all(|mid| came.contains(mid)));
}

fn mids(desk: &Desk) -> Vec<String> {
    let of = |body: &serde_json::Value| body["entry"][0]["messaging"][0]["message"]["mid"].as_str().unwrap().to_owned();
    desk.app.take().iter().map(of).collect()
}

#[tokio::test]
async fn answers_tell_how_much_of_the_budget_is_used() {
    let desk = Desk::open().await;
    let request = Request::get(format!("/v26.0/me?access_token={TOKEN}")).body(Body::empty()).unwrap();
    let answer = desk.simulator.graph_router().oneshot(request).await.unwrap();
    assert!(answer.headers()["x-business-use-case-usage"].to_str().unwrap().contains("estimated_time_to_regain_access"));
    assert!(answer.headers().contains_key("x-app-usage"));
    drop(to_bytes(answer.into_body(), usize::MAX).await.unwrap());
}
