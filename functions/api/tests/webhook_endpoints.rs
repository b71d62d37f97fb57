//! The endpoints of the shop's own programs, through the API and before a real table engine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::routing::post;
use domain::announce::{Deliveries, Delivery, DeliveryState, Endpoints};
use dynamodb_store::Table;
use lambda_http::tower::Service;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use serde_json::{Value, json};
use table_engine::TableEngine;
use testkit::ManualClock;
use testkit::announcements::receipt_sent;
use testkit::ids::at;
use tokio::net::TcpListener;

const ADMIN: &str = "the key of an admin";
const AGENT: &str = "the key of an agent";

/// The bodies that were put into the queue.
type Queue = Arc<Mutex<Vec<Value>>>;

struct Stage {
    api: Router,
    table: Table,
    queue: Queue,
}

async fn queue(queue: Queue) -> String {
    let take = |State(queue): State<Queue>, body: String| async move {
        let call: Value = serde_json::from_str(&body).unwrap();
        queue.lock().unwrap().push(serde_json::from_str(call["MessageBody"].as_str().unwrap()).unwrap());
        r#"{"MessageId":"1"}"#
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(take)).with_state(queue);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn stage() -> Stage {
    let jobs = Queue::default();
    let (queue_url, table_url) = (queue(Arc::clone(&jobs)).await, TableEngine::with("shopbell").await.unwrap().url());
    let keys = format!("root:admin:{ADMIN},desk:agent+notify:{AGENT}");
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table_url),
        ("AWS_ENDPOINT_URL_SQS", &queue_url),
        ("TABLE_NAME", "shopbell"),
        ("OUTBOUND_QUEUE_URL", "http://127.0.0.1:1/000000000000/outbound.fifo"),
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:1/000000000000/events"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1:1/000000000000/orders"),
        ("API_KEYS", &keys),
        ("LINK_SECRET", "a secret of links of enough length"),
    ];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let api = api::start(&environment, Arc::new(ManualClock::new(at(0)))).unwrap();
    Stage { api, table: Table::new(Aws::from_environment(&environment).unwrap().dynamodb(), "shopbell".into()), queue: jobs }
}

impl Stage {
    async fn call_as(&self, key: &str, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(format!("/v1/webhook-endpoints{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {key}")).header(header::CONTENT_TYPE, "application/json");
        let answer = self.api.clone().call(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        self.call_as(ADMIN, method, path, body).await
    }

    async fn registered(&self) -> String {
        let (status, endpoint) = self.call("POST", "", json!({ "url": "https://shop.example/hook" })).await;
        assert_eq!(status, StatusCode::CREATED, "{endpoint}");
        format!("/{}", endpoint["id"].as_str().unwrap())
    }
}

#[tokio::test]
async fn the_secret_is_shown_when_it_is_made_and_never_again() {
    let stage = stage().await;
    let (status, made) = stage.call("POST", "", json!({ "url": "https://shop.example/hook", "kinds": ["message.received"] })).await;
    assert_eq!(status, StatusCode::CREATED);
    let (secret, path) = (made["secret"].as_str().unwrap().to_owned(), format!("/{}", made["id"].as_str().unwrap()));
    assert!(secret.starts_with("whsec_") && secret.len() > 40);
    let (_, rotated) = stage.call("POST", &format!("{path}/rotate-secret"), json!(null)).await;
    assert_ne!(rotated["secret"].as_str().unwrap(), secret);
    for (_, shown) in [stage.call("GET", &path, json!(null)).await, stage.call("GET", "", json!(null)).await] {
        assert!(!shown.to_string().contains("whsec_"), "{shown}");
    }
    let stored = stage.table.endpoints().await.unwrap();
    assert_eq!(stored[0].signing_secrets(at(1)).count(), 2, "the old one signs on");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_private_is_registered() {
    let stage = stage().await;
    for (body, field) in [
        (json!({ "url": "https://169.254.169.254/" }), "#/url"),
        (json!({ "url": "http://127.0.0.1:9000/" }), "#/url"),
        (json!({ "url": "https://0x7f.1/" }), "#/url"),
        (json!({ "url": "https://shop.example/", "kinds": ["message.received", "webhook.test"] }), "#/kinds/1"),
        (json!({ "url": "https://shop.example/", "kinds": [] }), "#/kinds"),
        (json!({ "url": "https://shop.example/", "description": " " }), "#/description"),
    ] {
        let (status, problem) = stage.call("POST", "", body).await;
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{problem}");
    }
    let path = stage.registered().await;
    assert_eq!(stage.call("PATCH", &path, json!({ "url": "https://[::1]/" })).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stage.table.endpoints().await.unwrap()[0].url, "https://shop.example/hook");
}

#[tokio::test]
async fn only_an_admin_may_and_what_is_not_there_is_not_found() {
    let stage = stage().await;
    let path = stage.registered().await;
    assert_eq!(stage.call_as(AGENT, "GET", "", json!(null)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(stage.call_as(AGENT, "POST", &format!("{path}/rotate-secret"), json!(null)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(stage.call("GET", "/whe_01ARZ3NDEKTSV4RRFFQ69G5FAV", json!(null)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(stage.call("GET", "/../pages", json!(null)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(stage.call("DELETE", &path, json!(null)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(stage.call("GET", &path, json!(null)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let stage = stage().await;
    let path = stage.registered().await;
    let change = json!({ "kinds": ["notification.sent"], "description": "the till", "enabled": false });
    let (status, changed) = stage.call("PATCH", &path, change).await;
    assert_eq!((status, &changed["url"]), (StatusCode::OK, &json!("https://shop.example/hook")));
    assert_eq!((&changed["enabled"], &changed["disabled"]["reason"]), (&json!(false), &json!("asked")));
    assert_eq!(stage.call("POST", &format!("{path}/test"), json!(null)).await.0, StatusCode::CONFLICT);
    let (_, changed) = stage.call("PATCH", &path, json!({ "kinds": null, "enabled": true })).await;
    assert_eq!((&changed["kinds"], &changed["description"], &changed["enabled"]), (&json!(null), &json!("the till"), &json!(true)));
}

#[tokio::test]
async fn a_test_and_a_replay_are_put_into_the_queue_and_stand_in_the_log() {
    let stage = stage().await;
    let path = stage.registered().await;
    let (status, tested) = stage.call("POST", &format!("{path}/test"), json!(null)).await;
    assert_eq!((status, &tested["type"], &tested["state"]), (StatusCode::ACCEPTED, &json!("webhook.test"), &json!("pending")));

    let endpoint = stage.table.endpoints().await.unwrap().remove(0).id;
    let failed = Delivery { state: DeliveryState::Failed, next_at: None, ..Delivery::begin(endpoint, receipt_sent("20418", 0), at(0)) };
    stage.table.begin_delivery(&failed).await.unwrap();
    let (_, log) = stage.call("GET", &format!("{path}/deliveries?limit=1"), json!(null)).await;
    let cursor = log["next_cursor"].as_str().unwrap();
    let (_, rest) = stage.call("GET", &format!("{path}/deliveries?cursor={cursor}"), json!(null)).await;
    assert_eq!((log["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, 1, &json!(null)));

    let (status, replayed) = stage.call("POST", &format!("{path}/deliveries/replay"), json!({ "since": "2026-01-01T00:00:00Z" })).await;
    assert_eq!((status, replayed), (StatusCode::ACCEPTED, json!({ "replayed": 1, "more": false })));
    let (status, _) = stage.call("POST", &format!("{path}/deliveries/{}/replay", failed.announcement.id), json!(null)).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let (status, _) = stage.call("POST", &format!("{path}/deliveries/evt_01ARZ3NDEKTSV4RRFFQ69G5FAV/replay"), json!(null)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let queued: Vec<Value> = stage.queue.lock().unwrap().iter().map(|job| job["announcement"].clone()).collect();
    assert_eq!(queued, [tested["id"].clone(), json!(failed.announcement.id), json!(failed.announcement.id)]);
}
