//! Something between the functions and what they call, that passes calls on, refuses them, or loses their answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value as Json, json};

/// What is done to a call.
#[derive(Debug, Clone)]
pub enum Deed {
    Pass,
    /// Answered here, never passed on.
    Answer(u16, String),
    /// The connection closes before anything was passed on.
    Refuse,
    /// It is passed on, and the connection closes in place of the answer.
    LoseAnswer,
    /// It is passed on, and no answer ever comes.
    Silence,
}

/// A call as it is seen on its way.
#[derive(Debug)]
pub struct Seen {
    pub path: String,
    /// `DynamoDB_20120810.PutItem`, `AmazonSQS.SendMessage`; blank for Graph.
    pub operation: String,
    /// The access key of whoever called: on this machine the name of a function. Blank for Graph.
    pub caller: String,
    pub body: Bytes,
    /// Counts the calls, from 0.
    pub number: usize,
}

type Rule = Box<dyn Fn(&Seen) -> Deed + Send>;

/// A proxy on a free port. Clones are the same proxy.
#[derive(Clone)]
pub struct Proxy(Arc<Parts>);

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("url", &self.url()).finish_non_exhaustive()
    }
}

struct Parts {
    url: Mutex<String>,
    upstream: Mutex<String>,
    rule: Mutex<Rule>,
    client: reqwest::Client,
    calls: AtomicUsize,
    injected: AtomicUsize,
    conflicts: AtomicUsize,
}

impl Proxy {
    /// Starts one that passes everything on, once it knows whereto.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let parts = Parts {
            url: Mutex::new(url),
            upstream: Mutex::default(),
            rule: Mutex::new(Box::new(|_| Deed::Pass)),
            client: crate::client(),
            calls: AtomicUsize::new(0),
            injected: AtomicUsize::new(0),
            conflicts: AtomicUsize::new(0),
        };
        let proxy = Self(Arc::new(parts));
        let router = Router::new().fallback(handle).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.0.url.lock().expect("no panic within").clone()
    }

    /// Says whereto calls are passed on.
    pub fn to(&self, upstream: &str) {
        upstream.clone_into(&mut self.0.upstream.lock().expect("no panic within"));
    }

    /// Decides from now on what is done to each call.
    pub fn rule(&self, rule: impl Fn(&Seen) -> Deed + Send + 'static) {
        *self.0.rule.lock().expect("no panic within") = Box::new(rule);
    }

    pub fn pass(&self) {
        self.rule(|_| Deed::Pass);
    }

    /// How many calls something was done to.
    #[must_use]
    pub fn injected(&self) -> usize {
        self.0.injected.load(Ordering::SeqCst)
    }

    /// How many writes the table itself refused because another one was faster.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.0.conflicts.load(Ordering::SeqCst)
    }
}

async fn handle(State(proxy): State<Proxy>, request: Request) -> Response {
    let parts = &proxy.0;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let operation = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let number = parts.calls.fetch_add(1, Ordering::SeqCst);
    let seen = Seen { path: head.uri.path().to_owned(), operation, caller: caller(&head.headers), body: body.clone(), number };
    let deed = (parts.rule.lock().expect("no panic within"))(&seen);
    if !matches!(deed, Deed::Pass) {
        parts.injected.fetch_add(1, Ordering::SeqCst);
    }
    match deed {
        Deed::Answer(status, body) => answer(status, body),
        Deed::Refuse => broken(),
        Deed::Pass => pass_on(parts, head, body).await,
        Deed::LoseAnswer => {
            drop(pass_on(parts, head, body).await);
            broken()
        }
        Deed::Silence => {
            drop(pass_on(parts, head, body).await);
            std::future::pending().await
        }
    }
}

/// Reads the access key out of a signature.
fn caller(headers: &HeaderMap) -> String {
    let signature = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = signature.split_once("Credential=").and_then(|(_, rest)| rest.split_once('/'));
    key.map(|(key, _)| key.to_owned()).unwrap_or_default()
}

async fn pass_on(parts: &Parts, mut head: axum::http::request::Parts, body: Bytes) -> Response {
    let upstream = parts.upstream.lock().expect("no panic within").clone();
    let url = format!("{upstream}{}", head.uri.path_and_query().map_or("/", |path| path.as_str()));
    head.headers.remove(header::HOST);
    head.headers.remove(header::CONTENT_LENGTH);
    let sent = parts.client.request(head.method, url).headers(head.headers).body(body).send().await;
    let Ok(answer) = sent else { return broken() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return broken() };
    if status == StatusCode::BAD_REQUEST {
        let text = String::from_utf8_lossy(&body);
        let conflict = text.contains("ConditionalCheckFailed") || text.contains("TransactionConflict");
        parts.conflicts.fetch_add(usize::from(conflict), Ordering::SeqCst);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kept = |name: &HeaderName| ![header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::CONNECTION].contains(name);
    response.headers_mut().extend(headers.into_iter().filter(|(name, _)| name.as_ref().is_none_or(kept)));
    response
}

fn answer(status: u16, body: String) -> Response {
    (StatusCode::from_u16(status).expect("a status"), [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}

/// A body that fails before its first byte: the server closes the connection and writes nothing.
fn broken() -> Response {
    Response::new(Body::from_stream(stream::once(async { Err::<Bytes, _>(std::io::Error::other("closed on purpose")) })))
}

/// An error of DynamoDB.
#[must_use]
pub fn dynamodb_error(name: &str) -> Deed {
    Deed::Answer(400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "injected" }).to_string())
}

/// A cancelled transaction: `code` came of each of its three writes.
#[must_use]
pub fn cancelled(code: &str) -> Deed {
    let reason = json!({ "Code": code, "Message": "injected" });
    let body: Json = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [reason, reason, reason],
    });
    Deed::Answer(400, body.to_string())
}
