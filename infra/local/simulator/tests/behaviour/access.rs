//! Tokens, proofs and paths.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use messenger_simulator::{ActiveFault, Faults, SendFault};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::desk::{Desk, TOKEN, golden, response_to};

/// Posts without the usual token.
pub(crate) async fn without_header(desk: &Desk, path: &str, body: &Value) -> Value {
    let request = Request::post(format!("/v26.0{path}")).body(Body::from(body.to_string())).unwrap();
    let answer = desk.simulator.graph_router().oneshot(request).await.unwrap();
    serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap()
}

async fn get(desk: &Desk, uri: &str) -> (StatusCode, Value) {
    let answer = desk.simulator.graph_router().oneshot(Request::get(uri).body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_token_may_stand_in_the_query_or_in_the_body() {
    let desk = Desk::open().await;
    let mut body = response_to(&desk.psid, &json!({"text": "Hi"}));
    assert!(without_header(&desk, &format!("/me/messages?access_token={TOKEN}"), &body).await["message_id"].is_string());
    body["access_token"] = json!(TOKEN);
    assert!(without_header(&desk, "/me/messages", &body).await["message_id"].is_string());
}

#[tokio::test]
async fn an_unknown_or_missing_token_is_refused() {
    let desk = Desk::open().await;
    let (status, answer) = get(&desk, "/v26.0/me?access_token=wrong").await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!(190)));
    assert_eq!(get(&desk, "/v26.0/me").await.1["error"]["code"], 104);
}

#[tokio::test]
async fn a_dead_token_is_refused_everywhere_and_debug_token_says_so() {
    let desk = Desk::open().await;
    desk.simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::TokenDead)], ..Faults::none() }).unwrap();
    assert_eq!(desk.get("/me").await.1, golden("error-190-460"));
    let app = "1834920057713346%7Ctest-app-secret-do-not-use";
    let (_, answer) = get(&desk, &format!("/v26.0/debug_token?input_token={TOKEN}&access_token={app}")).await;
    assert_eq!(answer["data"]["is_valid"], false);
    desk.simulator.set_faults(Faults::none()).unwrap();
    let (_, answer) = get(&desk, &format!("/v26.0/debug_token?input_token={TOKEN}&access_token={app}")).await;
    assert_eq!((&answer["data"]["is_valid"], &answer["data"]["profile_id"]), (&json!(true), &json!("108234567890123")));
}

#[tokio::test]
async fn a_proof_is_checked_when_it_is_there_and_missed_when_it_is_required() {
    let desk = Desk::open_with(None, |settings| settings.require_proof = true).await;
    let documented = golden("appsecret_proof");
    let proof = documented["appsecret_proof"].as_str().unwrap();
    let timed = documented["timestamped"]["appsecret_proof"].as_str().unwrap();
    assert_eq!(desk.get(&format!("/me?appsecret_proof={proof}")).await.0, 200);
    assert_eq!(desk.get(&format!("/me?appsecret_proof={timed}&appsecret_time=1795255200")).await.0, 200);
    desk.clock.advance(std::time::Duration::from_secs(301));
    for query in [format!("?appsecret_proof={timed}&appsecret_time=1795255200"), "?appsecret_proof=00".to_owned()] {
        let (_, answer) = desk.get(&format!("/me{query}")).await;
        assert_eq!(answer["error"]["message"], "Invalid appsecret_proof provided in the API argument");
    }
    assert_eq!(desk.get("/me").await.1["error"]["code"], 100);
}

#[tokio::test]
async fn another_pages_path_and_an_unknown_path_are_refused() {
    let desk = Desk::open().await;
    let (_, answer) = desk.post("/999/messages", &response_to(&desk.psid, &json!({"text": "Hi"}))).await;
    assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&json!(100), &json!(33)));
    assert_eq!(desk.get("/me/no/such/path").await.1["error"]["code"], 2500);
    assert_eq!(get(&desk, &format!("/me/messages?access_token={TOKEN}")).await.1["error"]["code"], 2500);
}

#[tokio::test]
async fn a_profile_gives_the_fields_that_were_asked_for() {
    let desk = Desk::open().await;
    let (_, profile) = desk.get(&format!("/{}?fields=first_name,last_name,locale", desk.psid)).await;
    assert_eq!(profile, json!({"first_name": "Mia", "last_name": "Keller", "id": desk.psid}));
}

#[tokio::test]
async fn the_messenger_profile_is_kept() {
    let desk = Desk::open().await;
    let mut profile = golden("request-messenger_profile");
    let start = profile.as_object_mut().unwrap().remove("get_started").unwrap();
    assert_eq!(desk.post("/me/messenger_profile", &profile).await.1, golden("error-100"), "a menu needs Get Started");
    profile["get_started"] = start.clone();
    assert_eq!(desk.post("/me/messenger_profile", &profile).await.1, json!({"result": "success"}));
    assert_eq!(desk.get("/me/messenger_profile?fields=get_started").await.1, json!({"data": [{"get_started": start}]}));
}
