//! What a platform hears when the queue is not there.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use lambda_http::http::{Method, Request, StatusCode};
use lambda_http::{Body, RequestExt};
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use sha2::Sha256;

const SECRET: &str = "an app secret";

/// A function whose queue nobody serves.
fn environment() -> Environment {
    [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("INBOUND_QUEUE_URL", "http://127.0.0.1:1/000000000000/inbound"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1:1/000000000000/orders"),
        ("META_APP_SECRETS", SECRET),
        ("META_VERIFY_TOKEN", "a token"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

#[tokio::test]
async fn a_delivery_that_the_queue_does_not_take_is_answered_with_503_so_that_it_comes_again() {
    let webhook = webhook::start(&environment(), Arc::new(SystemClock)).unwrap();
    let body = br#"{"object":"page","entry":[]}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = Request::builder().method(Method::POST).header("X-Hub-Signature-256", signature);
    let request = request.body(Body::from(body.as_slice())).unwrap().with_raw_http_path("/webhooks/meta");
    let answer = webhook.handle(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[test]
fn a_missing_or_blank_variable_stops_the_start_with_its_name() {
    let needed = ["INBOUND_QUEUE_URL", "ORDERS_QUEUE_URL", "META_APP_SECRETS", "META_VERIFY_TOKEN", "AWS_REGION"];
    for name in needed {
        let mut variables: Vec<(String, String)> = Vec::new();
        for known in needed.into_iter().chain(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
            variables.push((known.into(), if known == name { " ".into() } else { "x".into() }));
        }
        let error = webhook::start(&variables.into_iter().collect(), Arc::new(SystemClock)).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
