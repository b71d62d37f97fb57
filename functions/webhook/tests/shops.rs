//! What shops, payment services and carriers hear, and what is queued of what they send.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::http::{Method, Request, Response, StatusCode};
use lambda_http::{Body, RequestExt};
use lambda_support::environment::Environment;
use lambda_support::metrics::{self, gathered};
use lambda_support::rotating::Rotating;
use serde_json::{Value, json};
use sha2::Sha256;
use testkit::ManualClock;
use webhook::Webhook;

/// The moment at which the vectors of the golden payloads were signed.
const SIGNED_AT: Timestamp = Timestamp::from_millis(1_795_255_260_000);

const SECRETS: [&str; 5] = ["shopify", "woocommerce", "stripe", "easypost", "aftership"];

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../tests/payloads/commerce/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn vectors() -> Value {
    serde_json::from_slice(&golden("signature-vectors")).unwrap()
}

/// The variable of a source's secrets.
fn variable(source: &str) -> String {
    format!("{}_WEBHOOK_SECRETS", source.to_uppercase())
}

/// What stands in for AWS: a queue that keeps what it is sent, and a Parameter Store.
#[derive(Debug, Clone, Default)]
struct Aws(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    sent: Vec<Value>,
    parameters: Vec<(String, String)>,
}

impl Aws {
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn sent(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap().sent)
    }

    fn put(&self, name: &str, value: &str) {
        self.0.lock().unwrap().parameters.push((format!("/shopbell/test/{name}"), value.to_owned()));
    }
}

async fn answer(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> String {
    let mut kept = aws.0.lock().unwrap();
    if headers["x-amz-target"] == "AmazonSQS.SendMessage" {
        kept.sent.push(serde_json::from_slice(&body).unwrap());
        return json!({ "MessageId": "1" }).to_string();
    }
    let parameters: Vec<Value> = kept.parameters.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "Parameters": parameters }).to_string()
}

fn environment(url: &str, more: Vec<(String, String)>) -> Environment {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", url),
        ("INBOUND_QUEUE_URL", "http://127.0.0.1/inbound"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1/orders"),
        ("META_APP_SECRETS", "an app secret"),
        ("META_VERIFY_TOKEN", "a token"),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).chain(more).collect()
}

/// A function that knows each source's secret, behind another.
fn with_secrets(url: &str) -> Webhook {
    let secrets = vectors()["secrets"].clone();
    let named = |source: &str| (variable(source), format!("another,{}", secrets[source].as_str().unwrap()));
    start(&environment(url, SECRETS.into_iter().map(named).collect()))
}

fn start(environment: &Environment) -> Webhook {
    webhook::start(environment, Arc::new(ManualClock::new(SIGNED_AT))).unwrap()
}

/// The call that brings a golden payload, with these values of the parameter `page`.
#[expect(clippy::disallowed_types, reason = "the runtime's type; one parameter has no order")]
fn call(name: &str, pages: &[&str]) -> Request<Body> {
    let vectors = vectors();
    let vector = &vectors["vectors"][name];
    let path = format!("/webhooks/{}", vector["source"].as_str().unwrap());
    let mut request = Request::builder().method(Method::POST);
    for (header, value) in vector["headers"].as_object().unwrap() {
        request = request.header(header.as_str(), value.as_str().unwrap());
    }
    let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
    let query: std::collections::HashMap<String, Vec<String>> =
        [("page".to_owned(), pages)].into_iter().filter(|(_, pages)| !pages.is_empty()).collect();
    request.body(Body::from(golden(name))).unwrap().with_raw_http_path(&path).with_query_string_parameters(query)
}

async fn status(webhook: &Webhook, request: Request<Body>) -> StatusCode {
    let answered: Response<Body> = webhook.handle(request).await.unwrap();
    answered.status()
}

fn attribute(message: &Value, name: &str) -> Option<String> {
    message["MessageAttributes"][name]["StringValue"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_delivery_of_each_source_is_proven_and_queued_as_it_came_with_what_its_source_says() {
    let aws = Aws::default();
    let webhook = with_secrets(&aws.serve().await);
    for (name, source, topic, shop) in [
        ("shopify-orders_create", "shopify", "orders/create", Some("lamp.myshopify.com")),
        ("woocommerce-order_updated-processing", "woocommerce", "order.updated", Some("shop.example")),
        ("stripe-checkout_session_completed-kwd", "stripe", "checkout.session.completed", Some("acct_1Connected")),
        ("easypost-tracker_updated-delivered", "easypost", "tracker.updated", None),
        ("aftership-edd_revise", "aftership", "edd_revise", None),
    ] {
        let (answered, counted) = gathered(status(&webhook, call(name, &["108234567890123"]))).await;
        assert_eq!((answered, counted.values(metrics::SHOP_DELIVERIES_QUEUED)), (StatusCode::OK, &[1][..]), "{name}");
        let sent = aws.sent();
        assert_eq!(sent.len(), 1, "{name}");
        assert_eq!(sent[0]["QueueUrl"], "http://127.0.0.1/orders");
        assert_eq!(sent[0]["MessageBody"].as_str().unwrap().as_bytes(), golden(name), "{name}");
        let told = ["job", "source", "topic", "shop", "page", "received_at"].map(|fact| attribute(&sent[0], fact));
        let expected = [Some("shop.delivery.v1"), Some(source), Some(topic), shop, Some("108234567890123"), Some("1795255260000")];
        assert_eq!(told.each_ref().map(Option::as_deref), expected, "{name}");
        assert!(attribute(&sent[0], "delivery_id").is_some(), "{name}");
        assert!(sent[0]["MessageAttributes"].as_object().unwrap().len() <= 10, "a queue takes no more");
    }
}

#[tokio::test]
async fn what_is_not_proven_is_refused_and_not_queued() {
    let aws = Aws::default();
    let webhook = with_secrets(&aws.serve().await);
    for name in [
        "shopify-orders_create",
        "woocommerce-order_updated-jpy",
        "stripe-refund_created",
        "easypost-batch_created",
        "aftership-edd_revise",
    ] {
        let mut forged = call(name, &[]);
        *forged.body_mut() = Body::from(String::from_utf8(golden(name)).unwrap().replacen(':', ": ", 1));
        let (answered, counted) = gathered(status(&webhook, forged)).await;
        assert_eq!((answered, counted.values(metrics::SHOP_SIGNATURES_REFUSED)), (StatusCode::UNAUTHORIZED, &[1][..]), "{name}");
        let mut unsigned = call(name, &[]);
        unsigned.headers_mut().clear();
        assert_eq!(status(&webhook, unsigned).await, StatusCode::UNAUTHORIZED, "{name}");
    }
    assert_eq!(aws.sent(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_source_whose_secret_nobody_knows_is_refused() {
    let aws = Aws::default();
    let webhook = start(&environment(&aws.serve().await, Vec::new()));
    assert_eq!(status(&webhook, call("shopify-orders_create", &[])).await, StatusCode::UNAUTHORIZED);
    assert_eq!(aws.sent(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_old_signature_of_stripe_is_refused() {
    let url = Aws::default().serve().await;
    let secret = vectors()["secrets"]["stripe"].as_str().unwrap().to_owned();
    let environment = environment(&url, vec![(variable("stripe"), secret)]);
    let late = ManualClock::new(SIGNED_AT.plus(std::time::Duration::from_secs(301)));
    let webhook = webhook::start(&environment, Arc::new(late)).unwrap();
    assert_eq!(status(&webhook, call("stripe-refund_created", &[])).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_address_names_one_page_or_none() {
    let aws = Aws::default();
    let webhook = with_secrets(&aws.serve().await);
    let long = "1".repeat(65);
    for wrong in [&[""][..], &["abc"], &["1", "2"], &["1,2"], &["1/2"], &["١"], &[&long]] {
        assert_eq!(status(&webhook, call("shopify-orders_create", wrong)).await, StatusCode::BAD_REQUEST, "{wrong:?}");
    }
    assert_eq!(status(&webhook, call("shopify-orders_create", &[])).await, StatusCode::OK);
    assert_eq!(attribute(&aws.sent()[0], "page"), None);
}

#[tokio::test]
async fn woocommerces_ping_is_answered_and_queues_nothing() {
    let aws = Aws::default();
    let webhook = start(&environment(&aws.serve().await, Vec::new()));
    let ping = |path: &str| {
        let request = Request::builder().method(Method::POST).header("content-type", "application/x-www-form-urlencoded");
        request.body(Body::from("webhook_id=142")).unwrap().with_raw_http_path(path)
    };
    assert_eq!(status(&webhook, ping("/webhooks/woocommerce")).await, StatusCode::OK);
    assert_eq!(status(&webhook, ping("/webhooks/shopify")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(aws.sent(), Vec::<Value>::new());
}

#[tokio::test]
async fn other_methods_and_other_sources_are_told_so() {
    let webhook = with_secrets("http://127.0.0.1:1");
    let answered = async |method: Method, path: &str| {
        let request = Request::builder().method(method).body(Body::Empty).unwrap().with_raw_http_path(path);
        status(&webhook, request).await
    };
    assert_eq!(answered(Method::GET, "/webhooks/shopify").await, StatusCode::METHOD_NOT_ALLOWED);
    for path in ["/webhooks/api", "/webhooks/Shopify", "/webhooks/shopify/", "/webhooks/", "/webhooks/amazon"] {
        assert_eq!(answered(Method::POST, path).await, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_queue_that_does_not_answer_is_a_503_so_that_the_delivery_comes_again() {
    let webhook = with_secrets("http://127.0.0.1:1");
    let (answered, counted) = gathered(status(&webhook, call("aftership-edd_revise", &[]))).await;
    assert_eq!((answered, counted.values(metrics::SHOP_DELIVERIES_NOT_QUEUED)), (StatusCode::SERVICE_UNAVAILABLE, &[1][..]));
}

#[tokio::test]
async fn a_body_that_no_packing_makes_short_is_told_so() {
    let aws = Aws::default();
    let webhook = with_secrets(&aws.serve().await);
    let secret = vectors()["secrets"]["shopify"].as_str().unwrap().to_owned();
    // Digests in a row do not compress.
    let mut digest = hex::encode(Hmac::<Sha256>::new_from_slice(b"").unwrap().finalize().into_bytes());
    let mut body = String::new();
    while body.len() < 2_500_000 {
        digest = STANDARD.encode(Hmac::<Sha256>::new_from_slice(digest.as_bytes()).unwrap().finalize().into_bytes());
        body.push_str(&digest);
    }
    let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&body).finalize().into_bytes();
    let request = Request::builder().method(Method::POST).header("X-Shopify-Hmac-Sha256", STANDARD.encode(signature));
    let request = request.body(Body::from(body)).unwrap().with_raw_http_path("/webhooks/shopify");
    assert_eq!(status(&webhook, request).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(aws.sent(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_secret_that_comes_later_is_asked_for_before_anyone_is_told() {
    let aws = Aws::default();
    let url = aws.serve().await;
    aws.put("META_APP_SECRETS", "an app secret");
    aws.put("META_VERIFY_TOKEN", "a token");
    let clock = Arc::new(ManualClock::new(SIGNED_AT));
    let for_function = Arc::clone(&clock);
    let make = move |environment: &Environment| webhook::start(environment, Arc::clone(&for_function) as Arc<_>);
    let environment = environment(&url, vec![("SECRETS_PATH".into(), "/shopbell/test/".into())]);
    let webhook = Rotating::start(environment, webhook::WANTED, Arc::clone(&clock) as Arc<_>, make).await.unwrap();
    let answered = async || webhook::answer(&webhook, call("shopify-orders_create", &[])).await.unwrap().status();
    assert_eq!(answered().await, StatusCode::UNAUTHORIZED);
    aws.put("SHOPIFY_WEBHOOK_SECRETS", vectors()["secrets"]["shopify"].as_str().unwrap());
    clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(answered().await, StatusCode::OK);
}
