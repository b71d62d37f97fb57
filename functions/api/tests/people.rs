//! Links, consents, rollouts and notifications, as a shop's backend asks for them, over the real table engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use axum::Router;
use domain::email::EmailHash;
use domain::ingest::ingest;
use domain::link;
use domain::orders::{Orders, customer_name};
use domain::ports::Watches;
use domain::secret::Secret;
use domain::watch::Watch;
use dynamodb_store::Table;
use lambda_http::Body;
use lambda_http::http::{Method, Request, StatusCode};
use lambda_http::tower::Service;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use serde_json::{Value as Json, json};
use table_engine::TableEngine;
use testkit::events::customer_says;
use testkit::ids::{MIA, PAGE, at, conversation_of, page};
use testkit::{FakeQueue, ManualClock};

const SHOP: &str = "the-key-of-the-shop";
const AGENT: &str = "the-key-of-the-agent";
const ROOT: &str = "the-key-of-the-operator";
const SECRET: &str = "seals links";

/// The function over a table of its own.
struct Line {
    api: Router,
    table: Table,
}

impl Line {
    async fn start() -> Self {
        let url = TableEngine::with("shopbell").await.unwrap().url();
        let keys = format!("shop:notify:{SHOP},desk:agent:{AGENT},root:admin:{ROOT}");
        let variables = [
            ("API_KEYS", keys.as_str()),
            ("LINK_SECRET", SECRET),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &url),
            ("TABLE_NAME", "shopbell"),
            ("OUTBOUND_QUEUE_URL", "http://127.0.0.1:1/q"),
            ("ORDERS_QUEUE_URL", "http://127.0.0.1:1/o"),
            ("EVENTS_QUEUE_URL", "http://127.0.0.1:1/e"),
        ];
        let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let table = Table::new(Aws::from_environment(&environment).unwrap().dynamodb(), "shopbell".into());
        Self { api: api::start(&environment, Arc::new(ManualClock::default())).unwrap(), table }
    }

    /// A line on which Mia wrote to the one Page.
    async fn with_a_page() -> Self {
        let line = Self::start().await;
        ingest(&line.table, &FakeQueue::default(), &customer_says("Hi").build(), at(0)).await.unwrap();
        line
    }

    async fn call(&self, method: Method, path: &str, key: &str, body: Option<Json>) -> (StatusCode, Json) {
        let request = Request::builder().method(method).uri(path).header("Authorization", format!("Bearer {key}"));
        let request = request.header("Content-Type", "application/json");
        let body = body.map_or(Body::Empty, |body| Body::Text(body.to_string()));
        let answer = self.api.clone().call(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Sends a body as it is, with a key or without.
    async fn send(&self, method: &Method, path: &str, key: Option<&str>, body: &str) -> StatusCode {
        let request = Request::builder().method(method).uri(path).header("Content-Type", "application/json");
        let request = match key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        };
        self.api.clone().call(request.body(Body::Text(body.to_owned())).unwrap()).await.unwrap().status()
    }

    async fn post(&self, path: &str, body: Json) -> (StatusCode, Json) {
        self.call(Method::POST, path, SHOP, Some(body)).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Json) {
        self.call(Method::GET, path, AGENT, None).await
    }

    async fn set(&self, path: &str, body: Json) -> (StatusCode, Json) {
        self.call(Method::PUT, path, ROOT, Some(body)).await
    }
}

#[tokio::test]
async fn a_link_says_whom_and_what_it_is_about_and_nobody_else_reads_it() {
    let line = Line::with_a_page().await;
    let asked = json!({"order_number": "#1001", "email": " Mia@Example.com", "consent_words": "Tap for news of your order."});
    let (status, made) = line.post("/v1/links", asked.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let reference = made["reference"].as_str().unwrap();
    assert_eq!(made["url"], format!("https://m.me/{PAGE}?ref={reference}"));
    assert_eq!(made["expires_at"], "2026-12-21T10:00:00.000Z");
    let target = link::read(&[Secret::new(SECRET).unwrap()], reference, &page(PAGE), at(0)).unwrap();
    assert_eq!((target.order.as_deref(), target.email), (Some("1001"), EmailHash::of("mia@example.com")));
    let words = domain::consent::Consents::words(&line.table, &target.consent.unwrap()).await.unwrap();
    assert_eq!(words.as_deref(), Some("Tap for news of your order."));
    assert_eq!(line.post("/v1/links", asked).await.1, made, "asked twice, it is the same");
}

#[tokio::test]
async fn a_link_that_cannot_be_says_which_field_is_wrong() {
    let line = Line::with_a_page().await;
    for (body, field) in [
        (json!({}), "#"),
        (json!({"email": "mia"}), "#/email"),
        (json!({"order_number": ""}), "#/order_number"),
        (json!({"order_number": "1".repeat(65)}), "#/order_number"),
        (json!({"customer_id": " "}), "#/customer_id"),
        (json!({"order_number": "1", "expires_in_days": 0}), "#/expires_in_days"),
        (json!({"order_number": "1", "expires_in_days": 181}), "#/expires_in_days"),
        (json!({"order_number": "1", "consent_words": "x".repeat(501)}), "#/consent_words"),
        (json!({"order_number": "1", "page_id": ""}), "#/page_id"),
        (json!({"order_number": 1}), "#/order_number"),
        (json!({"order": "1"}), "#/order"),
    ] {
        let (status, problem) = line.post("/v1/links", body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {problem}");
    }
    let (status, _) = line.call(Method::POST, "/v1/links", AGENT, Some(json!({"order_number": "1"}))).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_page_is_left_out_only_while_it_is_plain_which_one_is_meant() {
    let line = Line::start().await;
    let asked = json!({"order_number": "1001"});
    let (status, problem) = line.post("/v1/links", asked.clone()).await;
    assert_eq!((status, problem["detail"].to_string().contains("no Page is connected")), (StatusCode::UNPROCESSABLE_ENTITY, true));
    for on in [PAGE, "2"] {
        ingest(&line.table, &FakeQueue::default(), &customer_says("Hi").on(on).build(), at(0)).await.unwrap();
    }
    let (status, problem) = line.post("/v1/links", asked).await;
    assert_eq!((status, problem["detail"].to_string().contains("there are 2 Pages")), (StatusCode::UNPROCESSABLE_ENTITY, true));
    let (status, made) = line.post("/v1/links", json!({"order_number": "1001", "page_id": "2"})).await;
    assert_eq!((status, made["url"].as_str().unwrap().starts_with("https://m.me/2?ref=sb1-")), (StatusCode::CREATED, true));
}

#[tokio::test]
async fn a_consent_is_passed_along_once_and_listed_with_what_is_true_now() {
    let line = Line::with_a_page().await;
    let consent = json!({
        "email": "mia@example.com", "given": true, "words": "Send me news of my order.", "event": "1001", "at": "2026-11-21T09:00:00Z"
    });
    let (status, noted) = line.post("/v1/consents", consent.clone()).await;
    assert_eq!((status, &noted["origin"], &noted["channel"]), (StatusCode::CREATED, &json!("checkout"), &json!("messenger")));
    assert_eq!(line.post("/v1/consents", consent).await, (StatusCode::OK, noted.clone()));
    let refused = json!({"email": "MIA@example.com", "given": false, "channel": "email", "at": "2026-11-21T09:30:00Z"});
    line.post("/v1/consents", refused).await;

    let (status, ledger) = line.get("/v1/consents?email=mia%40example.com&limit=1").await;
    assert_eq!((status, &ledger["data"]), (StatusCode::OK, &json!([noted])));
    assert_eq!(ledger["standing"], json!({"messenger": "given", "email": "withdrawn"}));
    let next = ledger["next_cursor"].as_str().unwrap();
    let (_, rest) = line.get(&format!("/v1/consents?email=mia%40example.com&limit=1&cursor={next}")).await;
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Json::Null));
    ingest(&line.table, &FakeQueue::default(), &customer_says("Hi").on("2").build(), at(0)).await.unwrap();
    let (_, other) = line.get("/v1/consents?email=mia%40example.com&page_id=2").await;
    assert_eq!(other["standing"]["messenger"], "not_asked", "of another Page");
}

#[tokio::test]
async fn what_is_true_of_an_address_follows_from_the_thread_too_that_it_leads_to() {
    let line = Line::with_a_page().await;
    let consent = json!({"email": "mia@example.com", "given": true, "words": "Send me news.", "at": "2026-11-21T09:00:00Z"});
    line.post("/v1/consents", consent).await;
    ingest(&line.table, &FakeQueue::default(), &customer_says("STOP").at(at(1)).build(), at(1)).await.unwrap();
    let path = "/v1/consents?email=mia%40example.com";
    assert_eq!(line.get(path).await.1["standing"]["messenger"], "given", "nobody knows yet whose address it is");
    let email = EmailHash::of("mia@example.com").unwrap();
    let name = customer_name(&page(PAGE), "email", email.as_str());
    line.table.acquaint(&name, &conversation_of(MIA)).await.unwrap();
    let (_, ledger) = line.get(path).await;
    assert_eq!(ledger["standing"]["messenger"], "withdrawn");
    assert_eq!(ledger["data"].as_array().unwrap().len(), 1, "the ledger is the address's own");
}

#[tokio::test]
async fn a_consent_is_of_exactly_one_person_and_not_from_the_future() {
    let line = Line::with_a_page().await;
    let yes = |more: Json| {
        let mut body = json!({"given": true, "words": "yes"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, field) in [
        (yes(json!({})), "#"),
        (yes(json!({"email": "a@b.c", "customer_id": "7"})), "#"),
        (yes(json!({"email": "a"})), "#/email"),
        (yes(json!({"customer_id": "7".repeat(65)})), "#/customer_id"),
        (yes(json!({"customer_id": "7", "channel": "pigeon"})), "#/channel"),
        (yes(json!({"customer_id": "7", "origin": "customer_message"})), "#/origin"),
        (yes(json!({"customer_id": "7", "at": "2026-11-22T10:00:00Z"})), "#/at"),
        (json!({"customer_id": "7", "given": true}), "#/words"),
    ] {
        let (status, problem) = line.post("/v1/consents", body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {problem}");
    }
    assert_eq!(line.get("/v1/consents").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = conversation_of("7000000000000001");
    assert_eq!(line.get(&format!("/v1/consents?conversation_id={unknown}")).await.0, StatusCode::NOT_FOUND);
    let mia = conversation_of(MIA);
    assert_eq!(line.post("/v1/consents", yes(json!({"conversation_id": mia}))).await.0, StatusCode::CREATED);
    assert_eq!(line.get(&format!("/v1/consents?conversation_id={mia}")).await.1["standing"]["messenger"], "given");
}

#[tokio::test]
async fn a_rollout_is_begun_turned_up_stopped_and_resumed_by_one_call_each() {
    let line = Line::with_a_page().await;
    let (status, begun) = line.set("/v1/rollouts/receipt", json!({"percent": 5})).await;
    assert_eq!((status, &begun["percent"], &begun["state"]), (StatusCode::OK, &json!(5), &json!("running")), "{begun}");
    let id = begun["id"].as_str().unwrap().to_owned();
    let stop = json!({"least": 20, "blocked_percent": 1.5, "failed_percent": 10});
    let (_, turned) = line.set("/v1/rollouts/receipt", json!({"percent": 12.25, "stop": stop})).await;
    assert_eq!((&turned["percent"], &turned["stop"], &turned["salt"]), (&json!(12.25), &stop, &begun["salt"]));
    let (status, stopped) = line.call(Method::POST, &format!("/v1/rollouts/{id}/stop"), ROOT, None).await;
    assert_eq!(
        (status, &stopped["state"], &stopped["stopped_because"]),
        (StatusCode::OK, &json!("stopped"), &json!("A person stopped it."))
    );
    assert_eq!(line.get(&format!("/v1/rollouts/{id}")).await.1, stopped);
    let (_, resumed) = line.call(Method::POST, &format!("/v1/rollouts/{id}/resume"), ROOT, None).await;
    assert_eq!(line.get("/v1/rollouts").await.1, json!({"data": [resumed], "next_cursor": null}));
}

#[tokio::test]
async fn a_report_has_both_arms() {
    let line = Line::with_a_page().await;
    let id = line.set("/v1/rollouts/shipping", json!({"percent": 100})).await.1["id"].as_str().unwrap().to_owned();
    let (status, report) = line.get(&format!("/v1/rollouts/{id}/report")).await;
    let none = json!({
        "chosen": 0, "sent": 0, "delivered": 0, "read": 0, "answered": 0, "blocked": 0, "failed": 0, "cases_opened": 0
    });
    assert_eq!((status, &report["arms"]), (StatusCode::OK, &json!({"notified": none, "hold_out": none})));
    assert_eq!((&report["window_days"], &report["rollout"]["id"]), (&json!(7), &json!(id)));
}

#[tokio::test]
async fn what_is_no_rollout_is_refused_and_only_an_admin_changes_one() {
    let line = Line::with_a_page().await;
    for (body, field) in [
        (json!({"percent": 101}), "#/percent"),
        (json!({"percent": -1}), "#/percent"),
        (json!({"percent": 5.005}), "#/percent"),
        (json!({"percent": "5"}), "#/percent"),
        (json!({"percent": 5, "salt": ""}), "#/salt"),
        (json!({"percent": 5, "stop": {"least": 0, "blocked_percent": 1, "failed_percent": 1}}), "#/stop/least"),
        (json!({"percent": 5, "stop": {"least": 9, "blocked_percent": 101, "failed_percent": 1}}), "#/stop/blocked_percent"),
    ] {
        let (status, problem) = line.set("/v1/rollouts/receipt", body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {problem}");
    }
    assert_eq!(line.set("/v1/rollouts/pigeons", json!({"percent": 5})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(line.get("/v1/rollouts/rlt_nonsense/report").await.0, StatusCode::NOT_FOUND);
    for key in [SHOP, AGENT] {
        let (status, _) = line.call(Method::PUT, "/v1/rollouts/receipt", key, Some(json!({"percent": 100}))).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(line.call(Method::GET, "/v1/rollouts", key, None).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_page_that_is_not_connected_is_refused_once_one_is() {
    let line = Line::start().await;
    let asked = json!({"order_number": "1001", "page_id": "999"});
    assert_eq!(line.post("/v1/links", asked.clone()).await.0, StatusCode::CREATED, "it may be the first");

    ingest(&line.table, &FakeQueue::default(), &customer_says("Hi").build(), at(0)).await.unwrap();
    assert!(line.table.put_watch(&Watch::begin(page("2"), at(0))).await.unwrap());
    let receipt = json!({"type": "receipt", "page_id": "999", "order": {"number": "1", "currency": "EUR", "total": 1}});
    for (method, path, key, body) in [
        (Method::POST, "/v1/links", SHOP, asked),
        (Method::POST, "/v1/notifications", SHOP, receipt),
        (Method::POST, "/v1/consents", SHOP, json!({"email": "mia@example.com", "given": false, "page_id": "abc"})),
        (Method::PUT, "/v1/rollouts/receipt", ROOT, json!({"percent": 5, "page_id": "999"})),
    ] {
        let (status, problem) = line.call(method, path, key, Some(body)).await;
        let error = &problem["errors"][0];
        assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("#/page_id")), "{path}: {problem}");
        let listed = format!("is not connected; connected are {PAGE}, 2");
        assert!(error["detail"].as_str().unwrap().ends_with(&listed), "{path}: {problem}");
    }
    for known in [PAGE, "2"] {
        let (status, made) = line.post("/v1/links", json!({"order_number": "1001", "page_id": known})).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
}

#[tokio::test]
async fn a_notification_that_cannot_be_says_which_field_is_wrong() {
    let line = Line::with_a_page().await;
    let with = |pointer: &str, value: Json| {
        let mut body = json!({
            "type": "receipt", "order": {"number": "20418", "currency": "EUR", "total": 9134}, "recipient": {"name": "Mia Keller"}
        });
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, field) in [
        (with("/order/total", json!(91.34)), "#/order/total"),
        (with("/order", json!({"number": "20418", "currency": "EUR"})), "#/order/total"),
        (with("/recipient", json!({"name": "Mia Keller", "user_id": "abc"})), "#/recipient/user_id"),
        (with("/recipient", json!({"name": "Mia Keller", "locale": "x y z !!"})), "#/recipient/locale"),
        (with("/recipient", json!({"nmae": "Mia Keller"})), "#/recipient/nmae"),
        (with("/type", json!("refund")), "#/type"),
        (with("", json!({})), "#/type"),
        (json!(null), "#"),
        (json!([]), "#"),
    ] {
        let (status, problem) = line.post("/v1/notifications", body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {problem}");
    }
}

#[tokio::test]
async fn a_body_is_not_read_before_the_key_is_known() {
    let line = Line::start().await;
    let conversation = format!("/v1/conversations/{}", conversation_of(MIA));
    let endpoint = "/v1/webhook-endpoints/whe_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (method, path, of_another_scope) in [
        (Method::POST, "/v1/notifications".to_owned(), AGENT),
        (Method::POST, "/v1/links".to_owned(), AGENT),
        (Method::POST, "/v1/consents".to_owned(), AGENT),
        (Method::PATCH, conversation.clone(), SHOP),
        (Method::POST, format!("{conversation}/messages"), SHOP),
        (Method::PUT, "/v1/rollouts/receipt".to_owned(), SHOP),
        (Method::POST, "/v1/webhook-endpoints".to_owned(), SHOP),
        (Method::PATCH, endpoint.to_owned(), AGENT),
        (Method::POST, format!("{endpoint}/deliveries/replay"), AGENT),
    ] {
        for body in ["", "no JSON", "{}", "[]"] {
            assert_eq!(line.send(&method, &path, None, body).await, StatusCode::UNAUTHORIZED, "{path} {body}");
            assert_eq!(line.send(&method, &path, Some(of_another_scope), body).await, StatusCode::FORBIDDEN, "{path} {body}");
        }
        assert_eq!(line.send(&method, &path, Some(ROOT), "no JSON").await, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(line.send(&method, &path, Some(ROOT), "[]").await, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}
