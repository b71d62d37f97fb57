//! What a newcomer does first.

use reqwest::{Method, StatusCode};
use serde_json::json;
use shopbell_tests::{TestStack, eventually, eventually_eq};

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_question_comes_in_and_the_answer_is_delivered_and_read() {
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    let mia = simulator.customers().unwrap().remove(0);
    simulator.customer_says(&mia.psid, "Hi, where is my order 20418?").unwrap();

    let conversation = test.conversation_of(&mia.psid).await;
    let id = conversation["id"].as_str().unwrap();
    assert_eq!(conversation["status"], "open");
    assert_eq!(conversation["unread_count"], 1);
    assert_eq!(test.messages(id).await[0]["text"], "Hi, where is my order 20418?");

    let reply = test.reply(id, "It left our warehouse this morning.").await;
    assert_eq!(reply["state"], "queued");
    let message = eventually("the reply read", || async {
        let message = test.messages(id).await.pop()?;
        (message["state"] == "read").then_some(message)
    })
    .await;
    let thread = simulator.thread(&mia.psid).unwrap();
    let arrived = thread.last().unwrap();
    assert_eq!(arrived.content.text.as_deref(), Some("It left our warehouse this morning."));
    assert_eq!(message["platform_ids"], json!([arrived.mid]));
    assert_eq!(test.conversation_of(&mia.psid).await["unread_count"], 0);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_and_not_invented() {
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    let aylin = simulator.add_customer("Aylin Demir").unwrap();
    simulator.customer_says(&aylin.psid, "Merhaba").unwrap();
    eventually_eq("the name", json!("Aylin Demir"), || async { test.conversation_of(&aylin.psid).await["identity"]["name"].clone() }).await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_resolved_conversation_opens_its_next_case_when_the_customer_writes() {
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    let mia = simulator.customers().unwrap().remove(0);
    simulator.customer_says(&mia.psid, "Thank you!").unwrap();
    let id = test.conversation_of(&mia.psid).await["id"].as_str().unwrap().to_owned();

    let decision = json!({ "status": "resolved", "assignee": "anna" });
    let (status, resolved) = test.api(Method::PATCH, &format!("/v1/conversations/{id}"), Some(decision)).await;
    assert_eq!(status, StatusCode::OK, "{resolved}");
    assert_eq!(resolved["status"], "resolved");
    assert!(test.all("/v1/conversations?status=open").await.is_empty());
    assert_eq!(test.all("/v1/conversations?status=resolved&assignee=anna").await.len(), 1);
    assert!(test.all("/v1/conversations?assignee=jonas").await.is_empty());

    simulator.customer_says(&mia.psid, "One more thing…").unwrap();
    eventually_eq("the next case", json!({"status": "open", "number": 2}), || async {
        let conversation = test.conversation_of(&mia.psid).await;
        json!({"status": conversation["status"], "number": conversation["case"]["number"]})
    })
    .await;
    test.stack.stop().await;
}
