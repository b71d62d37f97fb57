//! One call: its request, its log line, and why it may have no answer.

use std::time::Instant;

use domain::id::PageId;
use lambda_support::metrics;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::answer::Answer;
use crate::client::{Credentials, GraphApi};

/// What to ask of the Graph API.
pub(crate) struct Call<'a> {
    /// For the log.
    pub(crate) name: &'static str,
    pub(crate) page: &'a PageId,
    pub(crate) method: Method,
    /// Below the version: `["108234567890123", "messages"]`.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
    /// The most bytes of the answer that are read.
    pub(crate) longest_answer: usize,
}

/// A call has no answer. The words are for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The request was not written: nothing happened.
    #[error("The Graph API could not be reached.")]
    NotReached(#[source] reqwest::Error),
    /// The request was written, or may have been: nobody knows what happened.
    #[error("The connection to the Graph API ended before it answered.")]
    Lost(#[source] reqwest::Error),
    #[error("The Graph API did not answer in time.")]
    TimedOut(#[source] reqwest::Error),
}

impl CallError {
    fn of(error: reqwest::Error) -> Self {
        // The URL holds the proof over the token, and errors are shown to people.
        let error = error.without_url();
        // `is_connect` covers the name, the TCP connection and TLS, each with the connect timeout: the client writes a request only to a
        // connection that has all three. `is_builder` is a request that could not even be made. Everything else, also a failure that looks
        // early, may come after the first byte was written. A kept connection that Meta has closed in the meantime is seen and replaced by
        // the client itself while nothing is written; when that is too late, it ends here, as lost.
        if error.is_connect() || error.is_builder() {
            Self::NotReached(error)
        } else if error.is_timeout() {
            Self::TimedOut(error)
        } else {
            Self::Lost(error)
        }
    }

    /// Returns the innermost cause: `Connection refused (os error 111)`.
    pub(crate) fn cause(&self) -> String {
        let mut innermost: &dyn std::error::Error = self;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        innermost.to_string()
    }
}

impl GraphApi {
    /// Makes one call, counts it, and logs one line about it: ids, codes and times, never words.
    pub(crate) async fn call(&self, call: Call<'_>, credentials: &Credentials) -> Result<Answer, CallError> {
        let started = Instant::now();
        let (name, page) = (call.name, call.page);
        metrics::count(metrics::GRAPH_CALLS, 1);
        let result = self.exchange(call, credentials).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok(answer) => {
                self.note_usage(page, &answer.usage);
                metrics::count(metrics::GRAPH_REFUSALS, usize::from(!answer.is_success()));
                let error = answer.error.as_ref();
                tracing::info!(
                    graph.call = name,
                    page.id = %page,
                    http.status = answer.status.as_u16(),
                    graph.code = error.map(|error| error.code),
                    graph.subcode = error.and_then(|error| error.subcode),
                    graph.fbtrace_id = error.and_then(|error| error.trace.as_deref()),
                    graph.usage_percent = answer.usage.percent,
                    duration_ms,
                    "Graph API answered"
                );
            }
            Err(error) => {
                tracing::warn!(
                    graph.call = name,
                    page.id = %page,
                    %error,
                    cause = error.cause(),
                    duration_ms,
                    "Graph API did not answer"
                );
            }
        }
        result
    }

    async fn exchange(&self, call: Call<'_>, credentials: &Credentials) -> Result<Answer, CallError> {
        let url = self.url(call.path, call.query, credentials);
        let mut request = self.http().request(call.method, url).header(AUTHORIZATION, credentials.authorization());
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(CallError::of)?;
        // Meta has acted on it, and nobody has read what came of it.
        failpoint::after("graph.request");
        Ok(Answer::read(response, call.longest_answer).await)
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)], credentials: &Credentials) -> Url {
        let mut url = self.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each id becomes one segment, whatever is in it.
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        if let Some(proof) = credentials.proof() {
            url.query_pairs_mut().append_pair("appsecret_proof", proof);
        }
        url
    }
}
