//! Where the functions think that AWS and Meta are. Every call is counted by its operation.
//!
//! DynamoDB is the engine that the tests use. SQS and the Graph API take everything and keep nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};

use crate::Outcome;
use crate::http::{self, Message};

/// Calls by operation: `SendMessage`, `BatchGetItem`, `graph:messages`.
pub(crate) type Calls = BTreeMap<String, u64>;

/// The endpoints of one run.
#[derive(Debug)]
pub(crate) struct Endpoints {
    shared: Arc<Shared>,
    pub(crate) aws_url: String,
    pub(crate) graph_url: String,
}

#[derive(Debug)]
struct Shared {
    calls: Mutex<Calls>,
    engine: SocketAddr,
    sent: AtomicU64,
}

impl Endpoints {
    pub(crate) fn open(tls: Arc<ServerConfig>, engine: SocketAddr) -> Outcome<Self> {
        let shared = Arc::new(Shared { calls: Mutex::default(), engine, sent: AtomicU64::new(0) });
        let aws = TcpListener::bind("127.0.0.1:0")?;
        let graph = TcpListener::bind("127.0.0.1:0")?;
        let endpoints = Self {
            shared: Arc::clone(&shared),
            aws_url: format!("https://localhost:{}", aws.local_addr()?.port()),
            graph_url: format!("http://localhost:{}/v26.0", graph.local_addr()?.port()),
        };
        serve(aws, Arc::clone(&shared), move |stream| Ok(StreamOwned::new(ServerConnection::new(Arc::clone(&tls))?, stream)));
        serve(graph, shared, Ok);
        Ok(endpoints)
    }

    /// Returns what was called since this was asked last.
    pub(crate) fn take_calls(&self) -> Calls {
        self.shared.calls.lock().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default()
    }
}

fn serve<S, Secured>(listener: TcpListener, shared: Arc<Shared>, secure: Secured)
where
    S: Read + Write + Send + 'static,
    Secured: Fn(TcpStream) -> Outcome<S> + Send + 'static,
{
    drop(std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let shared = Arc::clone(&shared);
            if let (Ok(()), Ok(stream)) = (stream.set_nodelay(true), secure(stream)) {
                // A function that is stopped ends its connections in the middle: nothing to tell.
                drop(std::thread::spawn(move || drop(converse(stream, &shared))));
            }
        }
    }));
}

fn converse(mut stream: impl Read + Write, shared: &Shared) -> Outcome<()> {
    let mut engine = None;
    while let Some(request) = Message::read(&mut stream)? {
        let operation = operation(&request);
        if let Ok(mut calls) = shared.calls.lock() {
            *calls.entry(operation.clone()).or_default() += 1;
        }
        if request.header("x-amz-target").is_some_and(|target| target.starts_with("DynamoDB")) {
            let engine = match &mut engine {
                Some(engine) => engine,
                None => engine.insert(TcpStream::connect(shared.engine)?),
            };
            request.write(engine)?;
            Message::read(engine)?.ok_or("the engine went")?.write(&mut stream)?;
        } else {
            let number = shared.sent.fetch_add(1, Ordering::Relaxed);
            let (media_type, body) = taken(&operation, &request, number);
            http::answer(&mut stream, "200 OK", &format!("content-type: {media_type}\r\n"), body.to_string().as_bytes())?;
        }
    }
    Ok(())
}

fn operation(request: &Message) -> String {
    match request.header("x-amz-target").and_then(|target| target.rsplit('.').next()) {
        Some(operation) => operation.to_owned(),
        None => format!("graph:{}", request.target().1.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()),
    }
}

/// What SQS or the Graph API says when all is well.
fn taken(operation: &str, request: &Message, number: u64) -> (&'static str, Json) {
    let id = format!("5fea7756-0ea4-451a-a703-{number:012}");
    let md5 = "0cc175b9c0f1b6a831c399e269772661";
    let aws = "application/x-amz-json-1.0";
    match operation {
        "SendMessage" => (aws, json!({ "MD5OfMessageBody": md5, "MessageId": id })),
        "SendMessageBatch" => {
            let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
            let entries = body.get("Entries").and_then(Json::as_array).cloned().unwrap_or_default();
            let sent = |entry: &Json| json!({ "Id": entry.get("Id"), "MessageId": id, "MD5OfMessageBody": md5 });
            (aws, json!({ "Successful": entries.iter().map(sent).collect::<Vec<_>>(), "Failed": [] }))
        }
        _ if operation.starts_with("graph:") => {
            ("application/json", json!({ "recipient_id": "7402918836412905", "message_id": format!("m_{number:060}") }))
        }
        _ => (aws, json!({})),
    }
}
