//! A person asks that what is known of them is deleted, and it stays so until they write again.

use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use local_stack::StackClock;
use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, deletion_form, eventually, text_delivery};

const AT: i64 = 1_795_255_200_000;
const PSID: &str = "7402918836412905";

fn request(user: &str) -> Json {
    json!({ "user_id": user, "algorithm": "HMAC-SHA256", "issued_at": AT / 1000, "expires": 0 })
}

fn form(test: &TestStack, payload: &Json) -> String {
    deletion_form(test.stack.secrets().app_secret(), payload)
}

/// Waits until the page of a request says that it is done.
async fn done(test: &TestStack, code: &str) -> String {
    eventually("the request done", || async {
        let page = test.open(&format!("/deletions/{code}")).await.text().await.unwrap();
        page.contains("Done: ").then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_is_erased_and_a_redelivery_brings_nothing_back() {
    let clock = StackClock::manual(Timestamp::from_millis(AT));
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let old = text_delivery(PSID, "m_old", AT - 60_000, "My card number is 4929");
    assert_eq!(test.deliver(old.clone()).await, StatusCode::OK);
    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    test.reply(&id, "Please never write that here.").await;
    test.quiet().await;

    let (status, answer) = test.ask_to_delete(form(&test, &request(PSID))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let code = answer["confirmation_code"].as_str().unwrap().to_owned();
    let url = answer["url"].as_str().unwrap();
    assert!(url.starts_with("https://") && url.ends_with(&format!("/deletions/{code}")), "{url}");
    assert!(done(&test, &code).await.contains("is deleted"));
    assert!(test.all("/v1/conversations").await.is_empty());
    assert_eq!(test.api(reqwest::Method::GET, &format!("/v1/conversations/{id}/messages"), None).await.0, StatusCode::NOT_FOUND);

    assert_eq!(test.deliver(old).await, StatusCode::OK);
    let (_, again) = test.ask_to_delete(form(&test, &request(PSID))).await;
    assert_eq!(again["confirmation_code"], code.as_str(), "the same request has the same code");
    test.quiet().await;
    assert!(test.all("/v1/conversations").await.is_empty());

    clock.advance(Duration::from_mins(10));
    assert_eq!(test.deliver(text_delivery(PSID, "m_new", clock.now().as_millis(), "Me again")).await, StatusCode::OK);
    assert_eq!(test.conversation_of(PSID).await["id"], id.as_str());
    let texts: Vec<Json> = test.messages(&id).await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, [json!("Me again")]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_whose_id_nothing_stands_says_so() {
    let test = TestStack::start().await;
    let (status, answer) = test.ask_to_delete(form(&test, &request("10223344556677889"))).await;
    assert_eq!(status, StatusCode::OK);
    let page = done(&test, answer["confirmation_code"].as_str().unwrap()).await;
    assert!(page.contains("Nothing is stored under the id") && page.contains("ask the shop"), "{page}");
    assert!(!page.contains("10223344556677889"), "it names nobody");
    let page = test.open("/deletions/0123456789abcdef0123456789abcdef").await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(page.headers()["cache-control"], "no-store");
    for path in ["/deletions/x", "/deletions/%00", "/deletions/0123456789ABCDEF0123456789ABCDEF"] {
        assert_eq!(test.open(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_requests_that_meta_signed_are_taken() {
    let test = TestStack::start().await;
    let right = form(&test, &request(PSID));
    let with = |name: &str, value: Json| {
        let mut request = request(PSID);
        request[name] = value;
        form(&test, &request)
    };
    for (form, wanted) in [
        (String::new(), StatusCode::BAD_REQUEST),
        ("signed_request=".into(), StatusCode::BAD_REQUEST),
        ("signed_request=a.b.c".into(), StatusCode::BAD_REQUEST),
        ("signed_request=%ff%fe.%00".into(), StatusCode::BAD_REQUEST),
        (format!("{right}&{right}"), StatusCode::BAD_REQUEST),
        (deletion_form("another secret", &request(PSID)), StatusCode::UNAUTHORIZED),
        (with("algorithm", json!("none")), StatusCode::BAD_REQUEST),
        (with("user_id", Json::Null), StatusCode::BAD_REQUEST),
        (with("user_id", json!("1".repeat(2_000))), StatusCode::BAD_REQUEST),
        (format!("{right}&more={}", "x".repeat(100_000)), StatusCode::PAYLOAD_TOO_LARGE),
        (right, StatusCode::OK),
    ] {
        let start: String = form.chars().take(40).collect();
        assert_eq!(test.ask_to_delete(form).await.0, wanted, "{start}");
    }
    test.stack.stop().await;
}
