//! People whom the simulator meets by webhooks that somebody else posted.

use axum::http::StatusCode;
use messenger_simulator::Direction;
use serde_json::json;

use crate::desk::{Desk, response_to};

const STRANGER: &str = "7000000000000001";

fn delivery(mid: &str, text: &str) -> Vec<u8> {
    let message = json!({
        "sender": {"id": STRANGER}, "recipient": {"id": "108234567890123"}, "timestamp": 1_700_000_000_000_i64,
        "message": {"mid": mid, "text": text},
    });
    json!({"object": "page", "entry": [{"id": "108234567890123", "time": 1, "messaging": [message]}]}).to_string().into_bytes()
}

#[tokio::test]
async fn somebody_who_wrote_by_another_tool_can_be_answered_and_has_no_name() {
    let desk = Desk::open().await;
    let (status, _) = desk.post("/me/messages", &response_to(STRANGER, &json!({"text": "Hello"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    desk.simulator.witness(&delivery("m_1", "Hi")).unwrap();
    desk.simulator.witness(&delivery("m_1", "Hi")).unwrap();
    let (status, answer) = desk.post("/me/messages", &response_to(STRANGER, &json!({"text": "Hello"}))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let thread = desk.simulator.thread(STRANGER).unwrap();
    let shown: Vec<(Direction, &str)> = thread.iter().map(|message| (message.direction, message.text())).collect();
    assert_eq!(shown, [(Direction::FromCustomer, "Hi"), (Direction::FromPage, "Hello")]);
    assert_eq!(desk.get(&format!("/{STRANGER}?fields=name")).await.1, json!({}));
}

#[tokio::test]
async fn what_the_simulator_sent_itself_and_what_is_no_delivery_changes_nothing() {
    let desk = Desk::open().await;
    let mid = desk.simulator.customer_says(&desk.psid, "Mine").unwrap();
    let before = desk.simulator.thread(&desk.psid).unwrap();
    let own = delivery(&mid, "Mine");
    for body in [own.as_slice(), b"", b"not json", b"[]", b"{\"entry\":7}", b"{\"entry\":[{\"messaging\":[{\"sender\":{\"id\":\"1\"}}]}]}"]
    {
        desk.simulator.witness(body).unwrap();
    }
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap(), before);
    assert_eq!(desk.simulator.customers().unwrap().len(), 3);
}
