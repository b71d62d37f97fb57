//! What came back of a call, read as far as it can be read.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::errors::GraphError;
use crate::usage::Usage;

/// The most bytes of a body that are read: an answer to a send or a profile has a few hundred.
pub(crate) const SHORT: usize = 64 * 1024;
/// The same of a list of threads, which has some hundred thousand.
pub(crate) const LONG: usize = 4 * 1024 * 1024;

/// An answer of the Graph API, or of whatever answered in its place.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) usage: Usage,
    pub(crate) retry_after: Option<Duration>,
    /// Nothing when it is not JSON, or broke off.
    pub(crate) body: Option<Value>,
    /// The connection or the time ended before the body did, or it was too long to be read.
    pub(crate) broke_off: bool,
    pub(crate) error: Option<GraphError>,
}

impl Answer {
    /// Reads the rest of the answer. It never fails: with the status line here, the call has left, and what it did is read from what there is.
    pub(crate) async fn read(response: Response, longest: usize) -> Self {
        let status = response.status();
        let usage = Usage::from_headers(response.headers());
        let retry_after = retry_after(response.headers());
        let bytes = body(response, longest).await;
        let broke_off = bytes.is_none();
        let body: Option<Value> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let error = body.as_ref().and_then(GraphError::read);
        Self { status, usage, retry_after, body, broke_off, error }
    }

    /// Returns the text under `key` of the body, unless it is blank.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.body.as_ref()?.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Tells whether Meta carried the call out.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && self.error.is_none()
    }
}

/// Reads the whole body; nothing when it broke off.
async fn body(mut response: Response, longest: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if bytes.len() + chunk.len() > longest {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    Some(bytes)
}

/// Reads seconds. The other form, a date, is not read: it would need a clock, and Meta documents neither.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
