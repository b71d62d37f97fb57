//! The stack as a process: started, killed, started again, and asked.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use shopbell_tests::{repository, sign};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

const SECRET: &str = "an app secret for the faults";
const KEY: &str = "sbk_for_the_faults";

/// The Pages of the shop.
pub(crate) const PAGES: [&str; 4] = [local_stack::PAGE, "108234567890124", "108234567890125", "108234567890126"];

/// When the stack's time begins.
pub(crate) const START_MS: i64 = 1_795_255_200_000;

/// The signal of a process that aborts, and the one of `kill -9`.
const ABORTED: i32 = 6;
const KILLED: i32 = 9;

/// How often a call is tried again while the process is away, and how long between.
const TRIES: usize = 3_000;
const PAUSE: Duration = Duration::from_millis(20);

/// A stack that is started again whenever its process has ended.
pub(crate) struct Program {
    data: TempDir,
    variables: Vec<(String, String)>,
    client: reqwest::Client,
    running: Mutex<Running>,
    ended: AtomicUsize,
}

struct Running {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    now_ms: i64,
    addresses: Addresses,
}

/// Where the process is reached; other ports after each start.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) url: String,
    pub(crate) dynamodb: String,
    pub(crate) sqs: String,
}

impl Program {
    /// Starts the stack with variables of its own.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_to_fail(variables, None).await
    }

    /// Starts the stack so that it stops at a failpoint, the first time.
    pub(crate) async fn start_to_fail(variables: &[(&str, &str)], failpoint: Option<&str>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let variables: Vec<(String, String)> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let running = Running::start(data.path(), &variables, START_MS, failpoint).await.expect("the stack starts");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { data, variables, client, running: Mutex::new(running), ended: AtomicUsize::new(0) }
    }

    /// How often the process ended and was started again.
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) async fn addresses(&self) -> Addresses {
        self.running.lock().await.addresses.clone()
    }

    /// Ends the process as `kill -9` does. The next call starts it again.
    pub(crate) async fn kill(&self) {
        self.running.lock().await.process.start_kill().unwrap();
    }

    /// Posts a body once, as Meta does; nothing when nobody answered.
    pub(crate) async fn post(&self, body: &[u8]) -> Option<StatusCode> {
        let url = format!("{}/webhooks/meta", self.addresses().await.url);
        let request = self.client.post(url).header("X-Hub-Signature-256", sign(SECRET, body)).header("Content-Type", "application/json");
        request.body(body.to_vec()).send().await.ok().map(|answer| answer.status())
    }

    /// Posts a body until it is taken, as Meta does.
    pub(crate) async fn deliver(&self, body: &[u8]) {
        self.until(|| async { self.post(body).await.filter(|status| *status == StatusCode::OK) }).await;
    }

    /// Replies under a key until the reply is accepted, and returns the accepted message.
    pub(crate) async fn reply(&self, conversation: &str, text: &str) -> Json {
        let body = json!({ "text": text, "author": { "type": "agent", "id": "anna", "name": "Anna" } });
        let path = format!("/v1/conversations/{conversation}/messages");
        self.until(|| async { self.api(Method::POST, &path, Some((&body, text))).await }).await
    }

    /// Reads what must be there.
    pub(crate) async fn get(&self, path: &str) -> Json {
        self.until(|| async { self.api(Method::GET, path, None).await }).await
    }

    /// Every row of a list.
    pub(crate) async fn all(&self, path: &str) -> Vec<Json> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=100{cursor}")).await;
            rows.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { return rows };
            cursor = format!("&cursor={next}");
        }
    }

    async fn api(&self, method: Method, path: &str, body: Option<(&Json, &str)>) -> Option<Json> {
        let url = format!("{}{path}", self.addresses().await.url);
        let mut request = self.client.request(method, url).bearer_auth(KEY);
        if let Some((body, key)) = body {
            request = request.header("Idempotency-Key", key.replace(' ', "-")).json(body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let answer: Json = answer.json().await.ok()?;
        assert!(!status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS, "{path}: {status} {answer}");
        status.is_success().then_some(answer)
    }

    /// What the shop's messages in a customer's thread say, in order.
    pub(crate) async fn received_by(&self, psid: &str) -> Vec<String> {
        let texts = self.order(&json!({ "received_by": psid })).await;
        texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Of which template each of the shop's notices in a customer's thread is, in order.
    pub(crate) async fn notices_to(&self, psid: &str) -> Vec<String> {
        let kinds = self.order(&json!({ "notices_to": psid })).await;
        kinds.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()).collect()
    }

    /// Posts to the API under a key until it is taken, and returns the answer.
    pub(crate) async fn call(&self, path: &str, body: &Json, key: &str) -> Json {
        self.until(|| async { self.api(Method::POST, path, Some((body, key))).await }).await
    }

    /// Posts a carrier's webhook until it is taken.
    pub(crate) async fn carrier_tells(&self, page: &str, body: &Json) {
        let body = body.to_string();
        let signature = sign(SECRET, body.as_bytes()).replace("sha256=", "hmac-sha256-hex=");
        self.until(|| async {
            let url = format!("{}/webhooks/easypost?page={page}", self.addresses().await.url);
            let request = self.client.post(url).header("X-Hmac-Signature", &signature).header("Content-Type", "application/json");
            request.body(body.clone()).send().await.ok().filter(|answer| answer.status() == StatusCode::OK)
        })
        .await;
    }

    /// Switches the simulator's faults.
    pub(crate) async fn faults(&self, faults: &messenger_simulator::Faults) {
        self.order(&json!({ "faults": faults })).await;
    }

    /// Moves the clock on while no function works.
    pub(crate) async fn advance(&self, by: Duration) {
        self.order(&json!({ "advance_ms": u64::try_from(by.as_millis()).unwrap() })).await;
    }

    /// Moves the clock back.
    pub(crate) async fn turn_back(&self, by: Duration) {
        self.order(&json!({ "advance_ms": -i64::try_from(by.as_millis()).unwrap() })).await;
    }

    async fn order(&self, order: &Json) -> Json {
        self.until(|| async {
            let mut running = self.running.lock().await;
            let answer = running.order(order).await?;
            running.now_ms = answer["now_ms"].as_i64().unwrap_or(running.now_ms);
            Some(answer)
        })
        .await
    }

    /// Asks until there is an answer; starts the process again when it has ended.
    pub(crate) async fn until<T, Asking: Future<Output = Option<T>>>(&self, ask: impl Fn() -> Asking) -> T {
        let mut pause = tokio::time::interval(PAUSE);
        for _ in 0..TRIES {
            pause.tick().await;
            if let Some(found) = ask().await {
                return found;
            }
            self.revive().await;
        }
        panic!("asked {TRIES} times in vain");
    }

    async fn revive(&self) {
        let mut running = self.running.lock().await;
        let Some(status) = running.process.try_wait().unwrap() else { return };
        // A process that ends in any other way has a defect.
        assert!(matches!(status.signal(), Some(ABORTED | KILLED)), "the stack ended with {status}");
        self.ended.fetch_add(1, Ordering::SeqCst);
        let now_ms = running.now_ms;
        *running = Running::start(self.data.path(), &self.variables, now_ms, None).await.expect("the stack starts again");
    }
}

impl Running {
    /// Starts a process; nothing when it stops at its failpoint before it is ready.
    async fn start(data: &Path, variables: &[(String, String)], now_ms: i64, failpoint: Option<&str>) -> Option<Self> {
        let tokens: Vec<String> = PAGES.iter().map(|page| format!("{page}=EAATest{page}")).collect();
        let mut process = Command::new(env!("CARGO_BIN_EXE_stack-under-faults"))
            .env("SHOPBELL_TEMPLATE", repository().join("template.yaml"))
            .env("SHOPBELL_DATA", data)
            .env("SHOPBELL_CLOCK_MS", now_ms.to_string())
            .env("SHOPBELL_FAILPOINT", failpoint.unwrap_or_default())
            .env("META_APP_SECRETS", SECRET)
            .env("EASYPOST_WEBHOOK_SECRETS", SECRET)
            .env("META_PAGE_TOKENS", tokens.join(","))
            .env("API_KEYS", format!("test:admin:{KEY}"))
            .env("RUST_LOG", "off")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready: Json = serde_json::from_str(&answers.next_line().await.unwrap()?).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("the stack did not start: {ready}")).to_owned();
        let addresses = Addresses { url: text("url"), dynamodb: text("dynamodb"), sqs: text("sqs") };
        Some(Self { process, orders, answers, now_ms, addresses })
    }

    async fn order(&mut self, order: &Json) -> Option<Json> {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.ok()?;
        let line = self.answers.next_line().await.ok()??;
        Some(serde_json::from_str(&line).unwrap())
    }
}
