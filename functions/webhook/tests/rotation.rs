//! A rotated secret: what the old one refuses is judged by the new one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::http::{Method, Request, StatusCode};
use lambda_http::{Body, RequestExt};
use lambda_support::environment::Environment;
use lambda_support::metrics::{self, gathered};
use lambda_support::rotating::Rotating;
use sha2::Sha256;
use testkit::ManualClock;
use testkit::ids::at;
use webhook::Webhook;

/// A Parameter Store with this app secret in it, and a queue that takes what comes.
async fn aws(app_secret: Arc<Mutex<String>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let parameters = move || async move {
        let secret = app_secret.lock().unwrap().clone();
        let parameter = |name: &str, value: &str| format!(r#"{{"Name":"/shopbell/test/{name}","Value":"{value}"}}"#);
        format!(r#"{{"Parameters":[{},{}]}}"#, parameter("META_APP_SECRETS", &secret), parameter("META_VERIFY_TOKEN", "token"))
    };
    let router = Router::new().route("/", post(parameters)).fallback(async || r#"{"MessageId":"1"}"#);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn webhook(url: &str, clock: &Arc<ManualClock>) -> Rotating<Webhook> {
    let variables = [
        ("SECRETS_PATH", "/shopbell/test/"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_SSM", url),
        ("AWS_ENDPOINT_URL_SQS", &format!("{url}/queue")),
        ("INBOUND_QUEUE_URL", "http://127.0.0.1/queue"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1/orders"),
    ];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let for_function = Arc::clone(clock);
    let make = move |environment: &Environment| webhook::start(environment, Arc::clone(&for_function) as Arc<_>);
    Rotating::start(environment, webhook::WANTED, Arc::clone(clock) as Arc<_>, make).await.unwrap()
}

fn delivery(secret: &str) -> Request<Body> {
    let body = br#"{"object":"page","entry":[]}"#;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = Request::builder().method(Method::POST).header("X-Hub-Signature-256", signature);
    request.body(Body::from(body.as_slice())).unwrap().with_raw_http_path("/webhooks/meta")
}

#[tokio::test]
async fn a_delivery_that_is_signed_with_a_new_secret_is_taken_at_once_and_a_strangers_is_refused() {
    let app_secret = Arc::new(Mutex::new(String::from("old")));
    let url = aws(Arc::clone(&app_secret)).await;
    let clock = Arc::new(ManualClock::new(at(0)));
    let webhook = webhook(&url, &clock).await;
    let answered = async |secret: &str| {
        let (answer, counted) = gathered(webhook::answer(&webhook, delivery(secret))).await;
        let counts = [metrics::DELIVERIES_QUEUED, metrics::SIGNATURES_REFUSED].map(|metric| counted.values(metric).to_vec());
        (answer.unwrap().status(), counts)
    };
    assert_eq!(answered("old").await, (StatusCode::OK, [vec![1], vec![]]));
    *app_secret.lock().unwrap() = "new,old".into();
    clock.set(at(31));
    assert_eq!(answered("new").await, (StatusCode::OK, [vec![1], vec![]]), "it is refused by no one");
    assert_eq!(answered("old").await.0, StatusCode::OK);
    assert_eq!(answered("of a stranger").await, (StatusCode::UNAUTHORIZED, [vec![], vec![1]]));
}
