//! The JSON protocol of the AWS SDKs: `POST /` with the action in `X-Amz-Target`.
//!
//! Shapes: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html>

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::{Engine, QueueName};
use error::ProtocolError;

mod batches;
mod error;
mod messages;
mod move_tasks;
mod queues;

/// 1 MiB of text is at most 6 MiB of JSON, where every character is escaped; the rest is room for what is around it.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
const TARGET_PREFIX: &str = "AmazonSQS.";
const JSON: &str = "application/x-amz-json-1.0";

/// Serves the queues of `engine` to SDK clients. Queue URLs carry the host that the request was sent to.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/", post(answer))
        // Some SDKs send a queue's requests to the queue's URL; the body names the queue again.
        .route("/{account}/{queue}", post(answer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(engine)
}

/// One request: the queues, and the host by which the client knows them.
struct Call {
    engine: Engine,
    host: String,
}

impl Call {
    fn url(&self, queue: &QueueName) -> String {
        queue.url(&self.host)
    }
}

type Answer = Result<Value, ProtocolError>;

async fn answer(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let call = Call { engine, host: header(HOST.as_str()).unwrap_or("localhost").to_owned() };
    let action = header("x-amz-target").and_then(|target| target.strip_prefix(TARGET_PREFIX)).unwrap_or_default();
    let request_id = [("x-amzn-requestid", Uuid::new_v4().to_string())];
    match dispatch(&call, action, &body).await {
        Ok(answer) => (StatusCode::OK, request_id, json(&answer)).into_response(),
        Err(error) => (request_id, error.into_response()).into_response(),
    }
}

async fn dispatch(call: &Call, action: &str, body: &[u8]) -> Answer {
    match action {
        "CreateQueue" => queues::create(call, read(body)?).await,
        "GetQueueUrl" => queues::url(call, read(body)?).await,
        "ListQueues" => queues::list(call, read(body)?).await,
        "DeleteQueue" => queues::delete(call, read(body)?).await,
        "PurgeQueue" => queues::purge(call, read(body)?).await,
        "GetQueueAttributes" => queues::attributes(call, read(body)?).await,
        "SetQueueAttributes" => queues::set_attributes(call, read(body)?).await,
        "TagQueue" => queues::tag(call, read(body)?).await,
        "UntagQueue" => queues::untag(call, read(body)?).await,
        "ListQueueTags" => queues::tags(call, read(body)?).await,
        "ListDeadLetterSourceQueues" => queues::dead_letter_sources(call, read(body)?).await,
        "SendMessage" => messages::send(call, read(body)?).await,
        "ReceiveMessage" => messages::receive(call, read(body)?).await,
        "DeleteMessage" => messages::delete(call, read(body)?).await,
        "ChangeMessageVisibility" => messages::change_visibility(call, read(body)?).await,
        "SendMessageBatch" => batches::send(call, read(body)?).await,
        "DeleteMessageBatch" => batches::delete(call, read(body)?).await,
        "ChangeMessageVisibilityBatch" => batches::change_visibility(call, read(body)?).await,
        "StartMessageMoveTask" => move_tasks::start(call, read(body)?).await,
        "ListMessageMoveTasks" => move_tasks::list(call, read(body)?).await,
        "CancelMessageMoveTask" => move_tasks::cancel(),
        _ => Err(ProtocolError::UnknownAction(action.to_owned())),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProtocolError> {
    serde_json::from_slice(body).map_err(ProtocolError::Malformed)
}

fn json(value: &Value) -> impl axum::response::IntoResponse + use<> {
    ([(CONTENT_TYPE, JSON)], value.to_string())
}
