use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use local_sqs::router;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::engine;

/// What an SDK looks at: the code of the error header, and the body.
struct Answered {
    status: u16,
    code: String,
    body: Value,
}

async fn call(router: &Router, action: &str, body: Value) -> Answered {
    let request = Request::post("/")
        .header("host", "127.0.0.1:9324")
        .header("x-amz-target", format!("AmazonSQS.{action}"))
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let code = response.headers().get("x-amzn-query-error").map(|code| code.to_str().unwrap().to_owned());
    let (status, code) = (response.status().as_u16(), code.unwrap_or_default());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answered { status, code, body: serde_json::from_slice(&body).unwrap() }
}

async fn created(router: &Router) -> Value {
    call(router, "CreateQueue", json!({ "QueueName": "q" })).await.body.get("QueueUrl").unwrap().clone()
}

#[tokio::test]
async fn a_queue_url_carries_the_host_of_the_request_and_works_with_any() {
    let router = router(engine().0);
    assert_eq!(created(&router).await, "http://127.0.0.1:9324/000000000000/q");
    let sent = call(&router, "SendMessage", json!({ "QueueUrl": "http://old:1/1/q", "MessageBody": "x" })).await;
    assert_eq!((sent.status, &sent.body["MD5OfMessageBody"]), (200, &json!("9dd4e461268c8034f5c8564e155c67a6")));
}

#[tokio::test]
async fn a_message_comes_back_with_the_attributes_that_were_asked_for() {
    let router = router(engine().0);
    let url = created(&router).await;
    let attributes = json!({
        "a.one": { "DataType": "Binary", "BinaryValue": "AQI=" },
        "b": { "DataType": "String", "StringValue": "2" },
    });
    call(&router, "SendMessage", json!({ "QueueUrl": url, "MessageBody": "x", "MessageAttributes": attributes })).await;
    let asked = json!({
        "QueueUrl": url,
        "MessageAttributeNames": ["a.*"],
        "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
    });
    let received = call(&router, "ReceiveMessage", asked).await.body;
    let message = &received["Messages"][0];
    assert_eq!(message["Attributes"], json!({ "ApproximateReceiveCount": "1" }));
    assert_eq!(message["MessageAttributes"], json!({ "a.one": attributes["a.one"] }));
}

#[tokio::test]
async fn errors_carry_the_code_that_sdks_go_by() {
    let router = router(engine().0);
    let url = created(&router).await;
    let bad_batch = json!({ "QueueUrl": url, "Entries": [{ "Id": "1", "MessageBody": "x" }, { "Id": "1" }] });
    for (action, body, code) in [
        ("GetQueueUrl", json!({ "QueueName": "none" }), "AWS.SimpleQueueService.NonExistentQueue"),
        ("Fly", json!({}), "InvalidAction"),
        ("SendMessage", json!({ "QueueUrl": url }), "MissingParameter"),
        ("SendMessage", json!([]), "MalformedInput"),
        ("SendMessageBatch", bad_batch, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ("SendMessageBatch", json!({ "QueueUrl": url, "Entries": [] }), "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": "bogus" }), "ReceiptHandleIsInvalid"),
    ] {
        let answered = call(&router, action, body).await;
        assert_eq!((answered.status, answered.code), (400, format!("{code};Sender")), "{action}");
    }
    let missing = call(&router, "GetQueueUrl", json!({ "QueueName": "none" })).await;
    assert_eq!(missing.body["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_outcome() {
    let router = router(engine().0);
    let url = created(&router).await;
    let entries = json!([{ "Id": "good", "MessageBody": "x" }, { "Id": "late", "MessageBody": "x", "DelaySeconds": 901 }]);
    let sent = call(&router, "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await.body;
    assert_eq!(sent["Successful"][0]["Id"], "good");
    assert_eq!(sent["Failed"][0]["Id"], "late");
    assert_eq!(sent["Failed"][0]["Code"], "InvalidParameterValue");
    assert_eq!(sent["Failed"][0]["SenderFault"], true);
}
