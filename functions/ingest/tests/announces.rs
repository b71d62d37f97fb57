//! What the shop's own programs hear of what customers write: once somebody listens, each thing under one id.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::announce::Endpoints;
use dynamodb_store::Table;
use ingest::Ingest;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use serde_json::{Value, json};
use table_engine::TableEngine;
use testkit::ManualClock;
use testkit::announcements::endpoint_at;
use testkit::ids::{MIA, PAGE, at};
use tokio::net::TcpListener;

/// The queues: what was announced, and whether they take anything.
#[derive(Debug, Default)]
struct Queues {
    announced: Mutex<Vec<Value>>,
    are_down: AtomicBool,
}

struct Stage {
    ingest: Ingest,
    table: Table,
    queues: Arc<Queues>,
}

/// Takes a call of SQS, and keeps what goes into the queue of announcements.
async fn take(State(queues): State<Arc<Queues>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let call: Value = serde_json::from_str(&body).unwrap();
    let is_events = call["QueueUrl"].as_str().is_some_and(|url| url.ends_with("/events"));
    if is_events && queues.are_down.load(Ordering::SeqCst) {
        return (StatusCode::BAD_REQUEST, r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#.into());
    }
    let entries = match call["Entries"].as_array() {
        Some(entries) if is_events => entries.clone(),
        Some(_) | None if is_events => vec![call.clone()],
        Some(_) | None => Vec::new(),
    };
    let read = |entry: &Value| serde_json::from_str::<Value>(entry["MessageBody"].as_str().unwrap()).unwrap()["announcement"].clone();
    queues.announced.lock().unwrap().extend(entries.iter().map(read));
    let sent = |entry: &Value| json!({ "Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "" });
    let is_batch = headers["x-amz-target"].to_str().unwrap().ends_with("SendMessageBatch");
    let successful: Vec<Value> = call["Entries"].as_array().into_iter().flatten().map(sent).collect();
    let answer = if is_batch { json!({ "Successful": successful, "Failed": [] }) } else { json!({ "MessageId": "1" }) };
    (StatusCode::OK, answer.to_string())
}

async fn stage() -> Stage {
    let queues = Arc::new(Queues::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let queue_url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(&queues));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let table_url = TableEngine::with("shopbell").await.unwrap().url();
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", table_url.as_str()),
        ("AWS_ENDPOINT_URL_SQS", &queue_url),
        ("TABLE_NAME", "shopbell"),
        ("INBOUND_QUEUE_URL", "http://127.0.0.1:1/000000000000/inbound"),
        ("OUTBOUND_QUEUE_URL", "http://127.0.0.1:1/000000000000/outbound.fifo"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1:1/000000000000/orders"),
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:1/000000000000/events"),
    ];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let ingest = ingest::start(&environment, Arc::new(ManualClock::new(at(0)))).unwrap();
    let table = Table::new(Aws::from_environment(&environment).unwrap().dynamodb(), "shopbell".into());
    Stage { ingest, table, queues }
}

impl Stage {
    /// Takes deliveries of one message each, and returns how many went back.
    async fn take(&self, texts: &[&str]) -> usize {
        let records: Vec<Value> =
            texts.iter().map(|text| json!({ "messageId": text, "receiptHandle": "r", "body": delivery(text) })).collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        self.ingest.handle(event).await.unwrap().batch_item_failures.len()
    }

    async fn somebody_listens(&self) {
        self.table.put_endpoint(&endpoint_at("https://shop.example/", 1)).await.unwrap();
    }

    /// What was announced, each as its kind and its id.
    fn announced(&self) -> Vec<(String, String)> {
        let announced = self.queues.announced.lock().unwrap();
        announced.iter().map(|of| (of["kind"].as_str().unwrap().into(), of["id"].as_str().unwrap().into())).collect()
    }
}

/// A delivery of one message, whose number is its text.
fn delivery(text: &str) -> String {
    let moment = at(0).as_millis();
    let message = json!({ "sender": { "id": MIA }, "recipient": { "id": PAGE }, "timestamp": moment, "message": { "mid": format!("m_{text}"), "text": text } });
    json!({ "object": "page", "entry": [{ "id": PAGE, "time": moment, "messaging": [message] }] }).to_string()
}

#[tokio::test]
async fn nothing_is_announced_where_nobody_listens() {
    let stage = stage().await;
    assert_eq!(stage.take(&["Hi"]).await, 0);
    assert!(stage.announced().is_empty());
}

#[tokio::test]
async fn a_message_is_announced_with_the_case_that_it_opened_under_the_same_ids_when_it_comes_again() {
    let stage = stage().await;
    stage.somebody_listens().await;
    assert_eq!(stage.take(&["Where is my parcel?"]).await, 0);
    let announced = stage.announced();
    let kinds: Vec<&str> = announced.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["message.received", "conversation.opened"]);
    assert_eq!(stage.take(&["Where is my parcel?"]).await, 0);
    assert_eq!(stage.announced()[2..], announced[..]);
    assert!(!stage.queues.announced.lock().unwrap()[0].to_string().contains("parcel"), "a queue holds no words");
}

#[tokio::test]
async fn what_could_not_be_announced_is_announced_when_it_comes_again() {
    let stage = stage().await;
    stage.somebody_listens().await;
    stage.queues.are_down.store(true, Ordering::SeqCst);
    assert_eq!(stage.take(&["Hi"]).await, 1);
    stage.queues.are_down.store(false, Ordering::SeqCst);
    assert_eq!(stage.take(&["Hi"]).await, 0);
    assert_eq!(stage.announced().len(), 2);
}
