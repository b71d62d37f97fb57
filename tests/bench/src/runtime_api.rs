//! The Lambda Runtime API for one function: hands out events, takes answers.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::Outcome;
use crate::http::{self, Message};

/// How long a function may take for one event, or to start.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct RuntimeApi {
    shared: Arc<Shared>,
    pub(crate) address: String,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    event: Option<Vec<u8>>,
    /// How often the function has asked for an event: when it asks, it has done everything else.
    polls: u64,
    answer: Option<Result<Vec<u8>, String>>,
    invocations: u64,
}

impl RuntimeApi {
    pub(crate) fn open() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let shared = Arc::new(Shared::default());
        let of_connections = Arc::clone(&shared);
        drop(std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = Arc::clone(&of_connections);
                // The function ends its connections when it is stopped.
                drop(std::thread::spawn(move || drop(shared.converse(stream))));
            }
        }));
        Ok(Self { shared, address })
    }

    /// Waits until the function asks for its first event.
    pub(crate) fn wait_for_start(&self) -> Outcome<()> {
        let state = self.shared.wait(|state| state.polls > 0 || state.answer.is_some())?;
        match &state.answer {
            Some(Err(error)) => Err(format!("the function did not start: {error}").into()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Hands out an event, and waits until it is answered and the next one is asked for.
    pub(crate) fn invoke(&self, event: Vec<u8>) -> Outcome<Vec<u8>> {
        let polls = {
            let mut state = self.shared.lock()?;
            state.event = Some(event);
            state.answer = None;
            state.polls
        };
        self.shared.changed.notify_all();
        let mut state = self.shared.wait(|state| state.answer.is_some() && state.polls > polls)?;
        Ok(state.answer.take().ok_or("no answer")??)
    }
}

impl Shared {
    fn lock(&self) -> Outcome<MutexGuard<'_, State>> {
        self.state.lock().map_err(|_| "a connection of the function failed".into())
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> Outcome<MutexGuard<'_, State>> {
        let waited = self.changed.wait_timeout_while(self.lock()?, PATIENCE, |state| !until(state));
        let (state, timeout) = waited.map_err(|_| "a connection of the function failed")?;
        if timeout.timed_out() { Err("the function does not answer".into()) } else { Ok(state) }
    }

    fn converse(&self, mut stream: TcpStream) -> Outcome<()> {
        stream.set_nodelay(true)?;
        while let Some(request) = Message::read(&mut stream)? {
            let (_, path) = request.target();
            match path.rsplit('/').next().unwrap_or_default() {
                "next" => {
                    let (event, number) = self.next()?;
                    let headers = format!(
                        "content-type: application/json\r\n\
                         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-{number:012}\r\n\
                         lambda-runtime-deadline-ms: 9999999999999\r\n\
                         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n\
                         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n"
                    );
                    http::answer(&mut stream, "200 OK", &headers, &event)?;
                }
                end => {
                    let body = request.body.clone();
                    let answer = if end == "response" { Ok(body) } else { Err(String::from_utf8_lossy(&body).into_owned()) };
                    self.lock()?.answer = Some(answer);
                    self.changed.notify_all();
                    http::answer(&mut stream, "202 Accepted", "content-type: application/json\r\n", br#"{"status":"OK"}"#)?;
                }
            }
        }
        Ok(())
    }

    fn next(&self) -> Outcome<(Vec<u8>, u64)> {
        let mut state = self.lock()?;
        state.polls += 1;
        self.changed.notify_all();
        loop {
            if let Some(event) = state.event.take() {
                state.invocations += 1;
                return Ok((event, state.invocations));
            }
            state = self.changed.wait(state).map_err(|_| "a connection of the function failed")?;
        }
    }
}
