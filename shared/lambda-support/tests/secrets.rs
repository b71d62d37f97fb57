//! Secrets as parameters, read from an endpoint that answers as Parameter Store does, once and again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lambda_support::environment::Environment;
use lambda_support::rotating::Rotating;
use lambda_support::secrets::{self, Wanted};
use serde_json::{Value, json};
use testkit::ManualClock;
use testkit::ids::at;

const TWO: Wanted = Wanted { required: &["META_APP_SECRETS", "META_VERIFY_TOKEN"], optional: &[], by_page: None };
const PAGES: Wanted = Wanted { required: &["META_APP_SECRETS"], optional: &[], by_page: Some("META_PAGE_TOKENS") };

/// A Parameter Store: what stands in it, and what it was asked.
#[derive(Debug, Clone, Default)]
struct Store(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    parameters: BTreeMap<String, String>,
    asked: Vec<Vec<String>>,
    is_down: bool,
}

impl Store {
    fn of(parameters: &[(&str, &str)]) -> Self {
        let store = Self::default();
        for (name, value) in parameters {
            store.put(name, value);
        }
        store
    }

    fn put(&self, name: &str, value: &str) {
        self.0.lock().unwrap().parameters.insert(format!("/shopbell/test/{name}"), value.into());
    }

    fn set_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    /// Returns how often it was asked since this was asked last.
    fn asked(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().asked).len()
    }

    /// Serves the store, and returns an environment that points to it.
    async fn environment(&self) -> Environment {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let variables = [
            ("SECRETS_PATH", "/shopbell/test/"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL_SSM", &url),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Answers the two calls that are made, one parameter a page where there are pages.
async fn answer(State(store): State<Store>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let request: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(request["WithDecryption"], true);
    let mut kept = store.0.lock().unwrap();
    if kept.is_down {
        return (StatusCode::BAD_REQUEST, json!({ "__type": "AccessDeniedException", "message": "no" }).to_string());
    }
    let shown = |(name, value): (&String, &String)| json!({ "Name": name, "Type": "SecureString", "Value": value });
    let answer = match headers.get("x-amz-target").unwrap().to_str().unwrap() {
        "AmazonSSM.GetParameters" => {
            let names: Vec<String> = serde_json::from_value(request["Names"].clone()).unwrap();
            assert!(names.len() <= 10);
            let found: Vec<Value> = kept.parameters.iter().filter(|(name, _)| names.contains(name)).map(shown).collect();
            let missing: Vec<&String> = names.iter().filter(|name| !kept.parameters.contains_key(*name)).collect();
            let answer = json!({ "Parameters": found, "InvalidParameters": missing });
            kept.asked.push(names);
            answer
        }
        "AmazonSSM.GetParametersByPath" => {
            let path = request["Path"].as_str().unwrap().to_owned();
            assert_eq!(path, "/shopbell/test/META_PAGE_TOKENS/", "no other path is asked for");
            let below: Vec<Value> = kept.parameters.iter().filter(|(name, _)| name.starts_with(&path)).map(shown).collect();
            let page: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
            let next = (page + 1 < below.len()).then(|| (page + 1).to_string());
            json!({ "Parameters": below.get(page..=page).unwrap_or_default(), "NextToken": next })
        }
        other => panic!("{other} is not asked for"),
    };
    (StatusCode::OK, answer.to_string())
}

#[tokio::test]
async fn only_what_is_wanted_is_asked_for_and_becomes_a_variable() {
    let store = Store::of(&[("META_APP_SECRETS", "new,old"), ("META_VERIFY_TOKEN", "token"), ("API_KEYS", "of another function")]);
    let environment = secrets::fetch(store.environment().await, &TWO).await.unwrap();
    assert_eq!(secrets::one(&environment, "META_VERIFY_TOKEN", "").unwrap().expose(), "token");
    assert_eq!(secrets::list(&environment, "META_APP_SECRETS", "").unwrap().len(), 2);
    assert_eq!(environment.optional("API_KEYS"), None);
    assert_eq!(store.0.lock().unwrap().asked, [["/shopbell/test/META_APP_SECRETS", "/shopbell/test/META_VERIFY_TOKEN"]]);
}

#[tokio::test]
async fn a_missing_parameter_stops_the_start_and_the_words_say_which_and_where() {
    let store = Store::of(&[("META_APP_SECRETS", "s")]);
    let error = secrets::fetch(store.environment().await, &TWO).await.unwrap_err().to_string();
    assert!(error.contains("/shopbell/test/META_VERIFY_TOKEN") && error.contains("SecureString"), "{error}");
    assert!(!error.contains("META_APP_SECRETS"), "{error}");
}

#[tokio::test]
async fn a_parameter_that_may_be_missing_stops_nothing_and_is_taken_once_it_is_there() {
    const WANTED: Wanted = Wanted { required: &["META_VERIFY_TOKEN"], optional: &["STRIPE_WEBHOOK_SECRETS"], by_page: None };
    let store = Store::of(&[("META_VERIFY_TOKEN", "token")]);
    let environment = store.environment().await;
    let secrets = async || {
        let environment = secrets::fetch(environment.clone(), &WANTED).await.unwrap();
        secrets::optional_list(&environment, "STRIPE_WEBHOOK_SECRETS").unwrap().len()
    };
    assert_eq!(secrets().await, 0);
    store.put("STRIPE_WEBHOOK_SECRETS", "new,old");
    assert_eq!(secrets().await, 2);
}

#[tokio::test]
async fn a_token_for_each_page_is_joined_with_the_list_and_its_own_parameter_counts() {
    let store = Store::of(&[("META_APP_SECRETS", "s")]);
    let environment = store.environment().await;
    let tokens = async || {
        let environment = secrets::fetch(environment.clone(), &PAGES).await.unwrap();
        let tokens = secrets::named(&environment, "META_PAGE_TOKENS").unwrap();
        tokens.into_iter().map(|(page, token)| (page, token.expose().to_owned())).collect::<BTreeMap<_, _>>()
    };
    assert!(tokens().await.is_empty(), "a function starts before a Page is connected");
    store.put("META_PAGE_TOKENS", "1=one,2=two");
    assert_eq!(tokens().await, [("1".into(), "one".into()), ("2".into(), "two".into())].into());
    store.put("META_PAGE_TOKENS/2", "newer");
    store.put("META_PAGE_TOKENS/3", "three");
    assert_eq!(tokens().await, [("1".into(), "one".into()), ("2".into(), "newer".into()), ("3".into(), "three".into())].into());
}

#[tokio::test]
async fn without_a_path_the_environment_is_left_as_it_is() {
    let environment: Environment = [("META_VERIFY_TOKEN".to_owned(), "token".to_owned())].into_iter().collect();
    let environment = secrets::fetch(environment, &TWO).await.unwrap();
    assert_eq!(secrets::one(&environment, "META_VERIFY_TOKEN", "").unwrap().expose(), "token");
}

/// A function that is nothing but its verify token.
async fn rotating(store: &Store, clock: &Arc<ManualClock>) -> Rotating<String> {
    let make = |environment: &Environment| Ok(secrets::one(environment, "META_VERIFY_TOKEN", "")?.expose().to_owned());
    Rotating::start(store.environment().await, TWO, Arc::clone(clock) as Arc<_>, make).await.unwrap()
}

#[tokio::test]
async fn a_new_secret_is_in_use_after_five_minutes_and_old_ones_cost_no_call() {
    let store = Store::of(&[("META_APP_SECRETS", "s"), ("META_VERIFY_TOKEN", "old")]);
    let clock = Arc::new(ManualClock::new(at(0)));
    let rotating = rotating(&store, &clock).await;
    let first = rotating.current().await;
    store.put("META_VERIFY_TOKEN", "new");
    clock.set(at(299));
    assert_eq!((rotating.current().await.as_str(), store.asked()), ("old", 1), "the one of the start");
    clock.set(at(300));
    assert_eq!((rotating.current().await.as_str(), store.asked()), ("new", 1));
    let second = rotating.current().await;
    clock.set(at(600));
    assert!(Arc::ptr_eq(&second, &rotating.current().await), "nothing changed, so nothing is made anew");
    assert_eq!((first.as_str(), store.asked()), ("old", 1));
}

#[tokio::test]
async fn a_refusal_asks_at_once_but_not_more_than_twice_a_minute() {
    let store = Store::of(&[("META_APP_SECRETS", "s"), ("META_VERIFY_TOKEN", "old")]);
    let clock = Arc::new(ManualClock::new(at(0)));
    let rotating = rotating(&store, &clock).await;
    store.put("META_VERIFY_TOKEN", "new");
    clock.set(at(30));
    assert_eq!(rotating.after_refusal().await.as_str(), "new");
    store.put("META_VERIFY_TOKEN", "newest");
    clock.advance(Duration::from_secs(29));
    for _ in 0..100 {
        assert_eq!(rotating.after_refusal().await.as_str(), "new");
    }
    assert_eq!(store.asked(), 2);
    clock.advance(Duration::from_secs(1));
    assert_eq!(rotating.after_refusal().await.as_str(), "newest");
}

#[tokio::test]
async fn secrets_that_cannot_be_read_or_used_leave_the_old_ones() {
    let store = Store::of(&[("META_APP_SECRETS", "s"), ("META_VERIFY_TOKEN", "old")]);
    let clock = Arc::new(ManualClock::new(at(0)));
    let rotating = rotating(&store, &clock).await;
    store.set_down(true);
    clock.set(at(300));
    assert_eq!(rotating.current().await.as_str(), "old");
    store.set_down(false);
    store.put("META_VERIFY_TOKEN", " ");
    clock.set(at(600));
    assert_eq!(rotating.current().await.as_str(), "old");
    store.put("META_VERIFY_TOKEN", "new");
    clock.set(at(900));
    assert_eq!(rotating.current().await.as_str(), "new");
}
