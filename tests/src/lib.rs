//! What journeys share: a whole stack in a temporary folder, and hands to use it with.
//!
//! Nothing sleeps for a fixed time: [`eventually`] asks until an answer is right, and gives up loudly after [`PATIENCE`].

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a journey that cannot go on fails by panicking, and says where"
)]

pub mod payloads;
pub mod proxy;
pub mod roles;

use std::fmt::Debug;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use lambda_support::environment::Environment;
use local_stack::{Options, PAGE, Stack, StackClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::roles::Guard;

/// How long a journey waits for what must happen.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// The folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A running stack with a client.
#[derive(Debug)]
pub struct TestStack {
    pub stack: Stack,
    client: reqwest::Client,
    /// Stands between the functions and their stores.
    pub guard: Guard,
    _data: TempDir,
}

impl TestStack {
    /// Starts a stack on free ports, on the machine's time.
    pub async fn start() -> Self {
        Self::start_with(StackClock::system(), &[]).await
    }

    /// Starts a stack with a clock and variables of its own.
    pub async fn start_with(clock: StackClock, variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let guard = Guard::start().await;
        let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Environment = given.chain(guard.variables()).collect();
        let options =
            Options { template: repository().join("template.yaml"), data: data.path().to_path_buf(), port: 0, environment, clock };
        let client = client();
        let stack = Stack::start(options).await.expect("the stack starts");
        guard.stands_before(&stack);
        Self { stack, client, guard, _data: data }
    }

    /// Posts a body as Meta does, signed.
    pub async fn deliver(&self, body: impl Into<Vec<u8>>) -> StatusCode {
        let body = body.into();
        let signature = sign(self.stack.secrets().app_secret(), &body);
        self.post_webhook(body, Some(&signature), "application/json").await
    }

    /// Posts a body with any signature and media type.
    pub async fn post_webhook(&self, body: Vec<u8>, signature: Option<&str>, media_type: &str) -> StatusCode {
        let mut request = self.client.post(format!("{}/webhooks/meta", self.stack.url())).header("Content-Type", media_type).body(body);
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        request.send().await.expect("an answer").status()
    }

    /// Posts Meta's request to delete what is known of a person, as a form.
    pub async fn ask_to_delete(&self, form: String) -> (StatusCode, Json) {
        let request = self.client.post(format!("{}/webhooks/meta/deletion", self.stack.url()));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let response = request.send().await.expect("an answer");
        (response.status(), response.json().await.unwrap_or(Json::Null))
    }

    /// Opens a page without a key.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.stack.url())).send().await.expect("an answer")
    }

    /// Calls the API.
    pub async fn api(&self, method: Method, path: &str, body: Option<Json>) -> (StatusCode, Json) {
        let key = self.stack.secrets().api_key().expect("a key").to_owned();
        let mut request = self.client.request(method, format!("{}{path}", self.stack.url())).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        (response.status(), response.json().await.unwrap_or(Json::Null))
    }

    /// Posts to the API with an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &Json) -> (StatusCode, Json) {
        let api_key = self.stack.secrets().api_key().expect("a key");
        let request = self.client.post(format!("{}{path}", self.stack.url())).bearer_auth(api_key).header("Idempotency-Key", key);
        let response = request.json(body).send().await.expect("an answer");
        (response.status(), response.json().await.unwrap_or(Json::Null))
    }

    /// Reads something that must be there.
    pub async fn get(&self, path: &str) -> Json {
        let (status, body) = self.api(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Reads every page of a list.
    pub async fn all(&self, path: &str) -> Vec<Json> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=100{cursor}")).await;
            rows.extend(page["data"].as_array().expect("a list").clone());
            let Some(next) = page["next_cursor"].as_str() else { return rows };
            cursor = format!("&cursor={next}");
        }
    }

    /// Every message of a conversation, oldest first.
    pub async fn messages(&self, conversation: &str) -> Vec<Json> {
        self.all(&format!("/v1/conversations/{conversation}/messages")).await
    }

    /// Replies as a bot and returns the accepted message.
    pub async fn bot_replies(&self, conversation: &str, text: &str) -> Json {
        self.write(conversation, &json!({ "text": text, "author": { "type": "bot" } })).await
    }

    /// Replies as an agent and returns the accepted message.
    pub async fn reply(&self, conversation: &str, text: &str) -> Json {
        self.write(conversation, &json!({ "text": text, "author": { "type": "agent", "id": "anna", "name": "Anna" } })).await
    }

    async fn write(&self, conversation: &str, body: &Json) -> Json {
        let path = format!("/v1/conversations/{conversation}/messages");
        let (status, message) = self.api(Method::POST, &path, Some(body.clone())).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{message}");
        message
    }

    /// Waits for the conversation of a person.
    pub async fn conversation_of(&self, psid: &str) -> Json {
        eventually(&format!("a conversation of {psid}"), || async {
            let rows = self.all("/v1/conversations").await;
            rows.into_iter().find(|row| row["identity"]["id"] == psid)
        })
        .await
    }

    /// Waits until the stack has nothing left to do with what was delivered.
    pub async fn quiet(&self) {
        for queue in self.stack.model().queues.iter().filter(|queue| !queue.name.contains("ead")) {
            let name = local_sqs::QueueName::parse(&queue.name).expect("a queue's name");
            eventually(&format!("{name} empty"), || async {
                let attributes = self.stack.queues().attributes(&name).await.expect("attributes");
                let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
                counts.iter().all(|count| attributes.get(*count).is_some_and(|left| left == "0")).then_some(())
            })
            .await;
        }
    }
}

/// Signs a body as Meta does.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The form with which Meta asks that what is known of a person is deleted.
#[must_use]
pub fn deletion_form(secret: &str, payload: &Json) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key");
    mac.update(payload.as_bytes());
    format!("signed_request={}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A delivery of one text message.
#[must_use]
pub fn text_delivery(psid: &str, mid: &str, timestamp_ms: i64, text: &str) -> Vec<u8> {
    let message = json!({
        "sender": { "id": psid }, "recipient": { "id": PAGE }, "timestamp": timestamp_ms, "message": { "mid": mid, "text": text },
    });
    delivery(&[message])
}

/// A delivery of any elements.
#[must_use]
pub fn delivery(elements: &[Json]) -> Vec<u8> {
    let body = json!({ "object": "page", "entry": [{ "id": PAGE, "time": 1_795_255_200_412_i64, "messaging": elements }] });
    body.to_string().into_bytes()
}

/// Asks until there is an answer; fails with `what` after [`PATIENCE`].
pub async fn eventually<T, Asking: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> Asking) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        pause.tick().await;
        if let Some(found) = ask().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
    }
}

/// Waits until `ask` answers `wanted`.
pub async fn eventually_eq<T: PartialEq + Debug, Asking: Future<Output = T>>(what: &str, wanted: T, ask: impl Fn() -> Asking) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        pause.tick().await;
        let got = ask().await;
        if got == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited {PATIENCE:?} for {what}: have {got:?}, want {wanted:?}");
    }
}

/// A client for HTTP that is patient.
#[must_use]
pub fn client() -> reqwest::Client {
    // A second installation finds the first, which is the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().timeout(PATIENCE).build().expect("a client")
}
