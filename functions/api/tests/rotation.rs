//! A rotated API key: what is not among the old ones is looked for among the new ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use lambda_http::Body;
use lambda_http::http::{Request, StatusCode};
use lambda_support::environment::Environment;
use lambda_support::rotating::Rotating;
use testkit::ManualClock;
use testkit::ids::at;

/// A Parameter Store with these keys in it.
async fn parameters(keys: Arc<Mutex<String>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = move || async move {
        let keys = keys.lock().unwrap().clone();
        format!(r#"{{"Parameters":[{{"Name":"/t/API_KEYS","Value":"{keys}"}},{{"Name":"/t/LINK_SECRET","Value":"one"}}]}}"#)
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    url
}

async fn api(url: &str, clock: &Arc<ManualClock>) -> Rotating<Router> {
    let variables = [
        ("SECRETS_PATH", "/t/"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", url),
        ("TABLE_NAME", "t"),
        ("OUTBOUND_QUEUE_URL", "http://127.0.0.1:1/q"),
        ("ORDERS_QUEUE_URL", "http://127.0.0.1:1/o"),
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:1/e"),
    ];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let for_function = Arc::clone(clock);
    let make = move |environment: &Environment| api::start(environment, Arc::clone(&for_function) as Arc<_>);
    Rotating::start(environment, api::WANTED, Arc::clone(clock) as Arc<_>, make).await.unwrap()
}

#[tokio::test]
async fn a_new_key_opens_at_once_and_a_removed_one_within_five_minutes_no_more() {
    let keys = Arc::new(Mutex::new(String::from("old:admin:the old key of all")));
    let url = parameters(Arc::clone(&keys)).await;
    let clock = Arc::new(ManualClock::new(at(0)));
    let api = api(&url, &clock).await;
    // Whom it admits hears that the limit is wrong, and no store is asked.
    let answered = async |key: &str| {
        let request = Request::get("/v1/conversations?limit=none").header("Authorization", format!("Bearer {key}"));
        api::answer(&api, request.body(Body::Empty).unwrap()).await.unwrap().status()
    };
    assert_eq!(answered("the old key of all").await, StatusCode::UNPROCESSABLE_ENTITY);
    *keys.lock().unwrap() = "new:admin:the new key of all".into();
    clock.set(at(31));
    assert_eq!(answered("a key of nobody's").await, StatusCode::UNAUTHORIZED);
    assert_eq!(answered("the new key of all").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answered("the old key of all").await, StatusCode::UNAUTHORIZED);
}
