//! A desk for tests: a simulator with a clock that stands still, and an app that takes its webhooks.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use messenger_simulator::{Clock, Settings, Simulator, sign};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// 2026-11-21, as in the documented payloads.
pub(crate) const NOW_MS: i64 = 1_795_255_200_000;

pub(crate) const TOKEN: &str = "EAATestToken";

/// What came to the app, and what it shall answer.
#[derive(Default)]
pub(crate) struct App {
    bodies: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<u16>>,
}

pub(crate) struct Desk {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    pub(crate) psid: String,
    pub(crate) app: Arc<App>,
    running: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
}

impl Desk {
    /// A desk in memory at which Mia has just written.
    pub(crate) async fn open() -> Self {
        let desk = Self::open_with(None, |_| {}).await;
        desk.simulator.customer_says(&desk.psid, "Hi").unwrap();
        desk.settle().await;
        desk.app.take();
        desk
    }

    /// A desk at which nobody has written yet.
    pub(crate) async fn open_with(data: Option<&Path>, change: impl FnOnce(&mut Settings)) -> Self {
        let app = Arc::new(App::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/meta", listener.local_addr().unwrap());
        let router = Router::new().route("/webhooks/meta", get(challenge).post(take)).with_state(Arc::clone(&app));
        tokio::spawn(async move { axum::serve(listener, router).await });

        let mut settings = Settings::sample(&url);
        settings.data = data.map(Path::to_owned);
        change(&mut settings);
        let clock = Clock::manual(NOW_MS);
        let simulator = Simulator::open(settings, clock.clone()).unwrap();
        let psid = simulator.customer("Mia Keller").unwrap().unwrap().psid;
        let (stop, stopped) = oneshot::channel();
        let runner = simulator.clone();
        let running = tokio::spawn(async move { runner.run(async { drop(stopped.await) }).await });
        Self { simulator, clock, psid, app, running, _stop: stop }
    }

    /// Ends the delivery as a crash would, in the middle of whatever it does.
    pub(crate) fn kill(self) {
        self.running.abort();
    }

    /// Waits until everything up to the clock's time has been delivered.
    pub(crate) async fn settle(&self) {
        self.simulator.settled().await.unwrap();
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call("POST", path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call("GET", path, None).await
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v26.0{path}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
            .unwrap();
        let answer = self.simulator.graph_router().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Sends a message to Mia as an answer.
    pub(crate) async fn send(&self, message: Value) -> (StatusCode, Value) {
        self.post("/me/messages", &response_to(&self.psid, &message)).await
    }

    /// Holds what a send is answered with against a documented error.
    pub(crate) async fn assert_refused(&self, message: Value, error: &str) {
        let (_, answer) = self.send(message.clone()).await;
        assert_eq!(answer, golden(error), "{message}");
    }

    pub(crate) async fn assert_sent(&self, message: Value) {
        let (status, answer) = self.send(message.clone()).await;
        assert_eq!(status, 200, "{message} {answer} {:?}", self.simulator.counters().last_refused);
    }
}

pub(crate) fn response_to(psid: &str, message: &Value) -> Value {
    json!({"recipient": {"id": psid}, "messaging_type": "RESPONSE", "message": message})
}

/// Reads a documented payload.
pub(crate) fn golden(name: &str) -> Value {
    serde_json::from_str(&golden_text(name)).unwrap()
}

pub(crate) fn golden_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).with_extension("json");
    std::fs::read_to_string(path).unwrap()
}

impl App {
    /// What has come since the last time.
    pub(crate) fn take(&self) -> Vec<Value> {
        self.take_bodies().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    pub(crate) fn take_bodies(&self) -> Vec<String> {
        std::mem::take(&mut *self.bodies.lock().unwrap())
    }

    /// The next webhooks are answered with these; the rest with 200.
    pub(crate) fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn answer_200_again(&self) {
        self.answers.lock().unwrap().clear();
    }
}

/// The kinds of events in the order in which they came.
pub(crate) fn kinds(bodies: &[Value]) -> Vec<String> {
    let kind = |body: &Value| {
        let element = &body["entry"][0]["messaging"][0];
        let keys = ["message", "postback", "delivery", "read", "reaction", "referral"];
        let key = keys.into_iter().find(|key| element.get(key).is_some()).unwrap_or("other");
        if element["message"]["is_echo"] == true { "echo".to_owned() } else { key.to_owned() }
    };
    bodies.iter().map(kind).collect()
}

async fn take(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["x-hub-signature-256"].to_str().unwrap();
    assert_eq!(signature, sign::signature("test-app-secret-do-not-use", &body));
    let status = app.answers.lock().unwrap().pop_front().unwrap_or(200);
    if status == 200 {
        app.bodies.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
    }
    StatusCode::from_u16(status).unwrap()
}

#[derive(serde::Deserialize)]
struct Handshake {
    #[serde(rename = "hub.verify_token")]
    verify_token: String,
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

async fn challenge(Query(handshake): Query<Handshake>) -> (StatusCode, String) {
    if handshake.verify_token == "test-verify-token" {
        (StatusCode::OK, handshake.challenge)
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}
