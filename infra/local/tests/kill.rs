//! `kill -9` at any moment, and a start after it: nothing is lost, nothing stands twice.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

const SECRET: &str = "an app secret for this test";
const KEY: &str = "sbk_for_the_kill_test";
const CUSTOMERS: usize = 10;
const MESSAGES: usize = 150;

/// The program, on a port and folder of its own. Dropping it kills it as `kill -9` does.
struct Program {
    process: Child,
    url: String,
}

impl Program {
    fn start(port: u16, data: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let process = Command::new(env!("CARGO_BIN_EXE_shopbell"))
            .current_dir(root)
            .env("SHOPBELL_PORT", port.to_string())
            .env("SHOPBELL_DATA", data)
            .env("META_APP_SECRETS", SECRET)
            .env("API_KEYS", format!("test:admin:{KEY}"))
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_killed_twice_loses_nothing_and_doubles_nothing() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::new();
    let data = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut program = Some(Program::start(port, data.path()));
    let url = program.as_ref().unwrap().url.clone();

    for message in 0..MESSAGES {
        // Killed between two answers, with jobs in the queue and in flight.
        if message == MESSAGES / 3 || message == 2 * MESSAGES / 3 {
            drop(program.take());
            program = Some(Program::start(port, data.path()));
        }
        // The platform tries again until it hears 200.
        until(|| async { post(&client, &url, message).await.then_some(()) }).await;
    }
    drop(program.take());
    let _program = Program::start(port, data.path());
    until(|| async { get(&client, &url, "/healthz").await }).await;

    for customer in 0..CUSTOMERS {
        let wanted: Vec<Json> = (customer..MESSAGES).step_by(CUSTOMERS).map(|message| json!([format!("m_{message}")])).collect();
        let got = until(|| async {
            let inbox = get(&client, &url, "/v1/conversations?limit=100").await?;
            let row = inbox["data"].as_array()?.iter().find(|row| row["identity"]["id"] == psid(customer))?.clone();
            let path = format!("/v1/conversations/{}/messages?limit=100", row["id"].as_str()?);
            let messages = get(&client, &url, &path).await?;
            let ids: Vec<Json> = messages["data"].as_array()?.iter().map(|message| message["platform_ids"].clone()).collect();
            (ids.len() >= wanted.len()).then_some((ids, row["unread_count"].clone()))
        })
        .await;
        assert_eq!(got, (wanted.clone(), json!(wanted.len())), "customer {customer}");
    }
}

fn psid(message: usize) -> String {
    format!("7{:015}", message % CUSTOMERS)
}

async fn post(client: &reqwest::Client, url: &str, message: usize) -> bool {
    let element = json!({
        "sender": { "id": psid(message) }, "recipient": { "id": local_stack::PAGE },
        "timestamp": 1_795_000_000_000_i64 + i64::try_from(message).unwrap() * 1000,
        "message": { "mid": format!("m_{message}"), "text": format!("message {message}") },
    });
    let body = json!({ "object": "page", "entry": [{ "id": local_stack::PAGE, "time": 1, "messaging": [element] }] }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = client.post(format!("{url}/webhooks/meta")).header("X-Hub-Signature-256", signature);
    let answer = request.header("Content-Type", "application/json").body(body).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn get(client: &reqwest::Client, url: &str, path: &str) -> Option<Json> {
    let answer = client.get(format!("{url}{path}")).bearer_auth(KEY).send().await.ok()?;
    if answer.status().is_success() { answer.json().await.ok() } else { None }
}

/// Asks until there is an answer, for a minute at most.
async fn until<T, Asking: Future<Output = Option<T>>>(ask: impl Fn() -> Asking) -> T {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3000 {
        pause.tick().await;
        if let Some(found) = ask().await {
            return found;
        }
    }
    panic!("waited a minute in vain");
}
