//! The functions as Lambda calls them: a JSON event in, a JSON answer out, within the timeout, panics caught.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use announce::Announce;
use axum::Router;
use deliver::Deliver;
use domain::ports::Clock;
use ingest::Ingest;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::Service;
use lambda_http::{Adapter, Context, LambdaEvent, service_fn};
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::logging::chain;
use lambda_support::metrics::{self, Gathered};
use notify::Notify;
use serde_json::Value as Json;
use sweep::Sweep;
use webhook::Webhook;

use crate::template::Function;

/// A function could not be made of its template and environment.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    #[error("the template names the function {0}, which is not linked into the local stack")]
    Unknown(String),
    #[error("the function {name} did not start")]
    Start {
        name: String,
        #[source]
        source: EnvironmentError,
    },
}

/// How a call of a function failed; what Lambda calls a function error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the event is not one that the function takes: {0}")]
    Event(String),
    #[error("the function answered with an error: {0}")]
    Failed(String),
    #[error("the function took longer than its {0:?}")]
    TimedOut(Duration),
    #[error("the function panicked")]
    Panicked,
}

enum Code {
    Webhook(Webhook),
    Api(Router),
    Ingest(Ingest),
    Notify(Notify),
    Deliver(Deliver),
    Sweep(Sweep),
    Announce(Announce),
}

/// A function that is ready to be called.
pub(crate) struct RunningFunction {
    name: String,
    timeout: Duration,
    code: Code,
    /// How many calls are being worked.
    calls: AtomicUsize,
    /// What its calls counted, summed up by name.
    counted: Mutex<BTreeMap<&'static str, u64>>,
}

/// Counts a call for as long as it is worked.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::SeqCst);
        Self(calls)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl RunningFunction {
    /// Starts the function that the template describes. `overrides` replace variables of the template.
    pub(crate) fn start(
        function: &Function,
        overrides: &BTreeMap<String, String>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<Self>, FunctionError> {
        let mut variables = function.environment.clone();
        // Secrets come from the variables that stand in for the path.
        variables.remove("SECRETS_PATH");
        // Each function calls under its own name, as each has its own role in the cloud.
        variables.insert("AWS_ACCESS_KEY_ID".into(), function.code.clone());
        variables.extend(overrides.clone());
        let environment: Environment = variables.into_iter().collect();
        let started = match function.code.as_str() {
            "webhook" => webhook::start(&environment, Arc::clone(clock)).map(Code::Webhook),
            "api" => api::start(&environment, Arc::clone(clock)).map(Code::Api),
            "notify" => notify::start(&environment, Arc::clone(clock)).map(Code::Notify),
            "ingest" => ingest::start(&environment, Arc::clone(clock)).map(Code::Ingest),
            "deliver" => deliver::start(&environment, Arc::clone(clock)).map(Code::Deliver),
            "sweep" => sweep::start(&environment, Arc::clone(clock)).map(Code::Sweep),
            "announce" => announce::start(&environment, Arc::clone(clock)).map(Code::Announce),
            other => return Err(FunctionError::Unknown(other.into())),
        };
        let code = started.map_err(|source| FunctionError::Start { name: function.code.clone(), source })?;
        Ok(Arc::new(Self {
            name: function.code.clone(),
            timeout: function.timeout,
            code,
            calls: AtomicUsize::new(0),
            counted: Mutex::default(),
        }))
    }

    /// Calls the function with an event, as Lambda does.
    pub(crate) async fn call(self: &Arc<Self>, event: Json) -> Result<Json, CallError> {
        let _counted = Counted::new(&self.calls);
        let function = Arc::clone(self);
        let timeout = self.timeout;
        // A task of its own, so that a panic ends the call and not the stack.
        let mut task = tokio::spawn(async move { function.counting(event).await });
        let called = tokio::time::timeout(timeout, &mut task).await;
        let outcome = match called {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(CallError::Panicked),
            Err(_) => {
                task.abort();
                Err(CallError::TimedOut(timeout))
            }
        };
        if let Err(err) = &outcome {
            tracing::error!(function = self.name, error = %err, "function failed");
        }
        outcome
    }

    /// Works a call and takes note of what it counted, which Lambda would write as a line.
    async fn counting(&self, event: Json) -> Result<Json, CallError> {
        let (answer, gathered) = metrics::gathered(self.work(event)).await;
        self.note(&gathered);
        answer
    }

    fn note(&self, gathered: &Gathered) {
        let Ok(mut counted) = self.counted.lock() else { return };
        for (name, sum) in gathered.sums() {
            let total = counted.entry(name).or_default();
            *total = total.saturating_add(sum);
        }
    }

    /// Returns what its calls counted until now, summed up by name.
    pub(crate) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.counted.lock().map(|counted| counted.clone()).unwrap_or_default()
    }

    /// The name of its package.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether a call is being worked.
    pub(crate) fn is_busy(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > 0
    }

    async fn work(&self, event: Json) -> Result<Json, CallError> {
        match &self.code {
            Code::Webhook(webhook) => http(service_fn(|request| webhook.handle(request)), event).await,
            Code::Api(router) => http(router.clone(), event).await,
            Code::Notify(notify) => answer(notify.handle(read(event)?).await),
            Code::Ingest(ingest) => answer(ingest.handle(read(event)?).await),
            Code::Deliver(deliver) => answer(deliver.handle(read(event)?).await),
            Code::Sweep(sweep) => answer(sweep.handle(read(event)?).await),
            Code::Announce(announce) => answer(announce.handle(read(event)?).await),
        }
    }
}

impl std::fmt::Debug for RunningFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Calls an HTTP function through the same adapter that runs on Lambda.
async fn http<'a, S, R, E>(service: S, event: Json) -> Result<Json, CallError>
where
    S: Service<lambda_http::Request, Response = R, Error = E>,
    S::Future: Send + 'a,
    R: lambda_http::IntoResponse,
    E: std::fmt::Debug,
{
    let request: LambdaRequest = read(event)?;
    // Both kinds of service are always ready, so they are called without asking; the adapter itself cannot cross threads.
    let answering = Adapter::from(service).call(LambdaEvent::new(request, Context::default()));
    let answered = answering.await;
    let response = answered.map_err(|err| CallError::Failed(format!("{err:?}")))?;
    serde_json::to_value(response).map_err(|err| CallError::Failed(err.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(event: Json) -> Result<T, CallError> {
    serde_json::from_value(event).map_err(|err| CallError::Event(err.to_string()))
}

fn answer<T: serde::Serialize, E: std::error::Error>(answered: Result<T, E>) -> Result<Json, CallError> {
    let value = answered.map_err(|err| CallError::Failed(chain(&err).to_string()))?;
    serde_json::to_value(value).map_err(|err| CallError::Failed(err.to_string()))
}
