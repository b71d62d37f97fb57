//! One POST, and what came of it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::announce::{AnnouncementId, Endpoint, EndpointUrl, InsecureHosts, Posted, Poster};
use domain::time::Timestamp;
use lambda_support::logging::chain;
use lambda_support::tls;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, redirect, retry};

use crate::resolve::{Checked, PrivateNetwork};
use crate::sign;

/// How long a connection and its answer may take, as Standard Webhooks advises.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next post.
const IDLE: Duration = Duration::from_secs(20);

/// The client cannot be made; the function does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// A client that reaches endpoints, and no private network.
#[derive(Debug, Clone)]
pub struct WebhookClient {
    http: reqwest::Client,
    insecure: Arc<InsecureHosts>,
}

impl WebhookClient {
    pub fn new(insecure: InsecureHosts) -> Result<Self, BuildError> {
        Self::with_timeout(insecure, TIMEOUT)
    }

    fn with_timeout(insecure: InsecureHosts, timeout: Duration) -> Result<Self, BuildError> {
        let insecure = Arc::new(insecure);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config().map_err(BuildError::Tls)?)
            .user_agent(concat!("shopbell/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .pool_idle_timeout(IDLE)
            .dns_resolver(Arc::new(Checked::new(Arc::clone(&insecure))))
            // A second try is the plan's, not the client's.
            .retry(retry::never())
            // Following one would lead past every check of the address.
            .redirect(redirect::Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .build()
            .map_err(|error| BuildError::Http(error.without_url()))?;
        Ok(Self { http, insecure })
    }
}

impl Poster for WebhookClient {
    async fn post(&self, endpoint: &Endpoint, id: &AnnouncementId, payload: &str, now: Timestamp) -> Posted {
        // Judged again each time: what was registered under older rules, or on another machine, is not posted to.
        let url = match EndpointUrl::parse(&endpoint.url, &self.insecure) {
            Ok(url) => url,
            Err(err) => return Posted::NotAnswered { reason: format!("Nothing was posted: the address {err}.") },
        };
        let signature = match sign::signatures(endpoint, id, payload, now) {
            Ok(signature) => signature,
            Err(err) => return Posted::NotAnswered { reason: format!("Nothing was posted: {}.", chain(&err)) },
        };
        let request = self
            .http
            .post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id.as_str())
            .header("webhook-timestamp", sign::seconds(now))
            .header("webhook-signature", signature)
            .body(payload.to_owned());
        match request.send().await {
            // What the endpoint says beside its status is not read: it is nobody's business here, and may be endless.
            Ok(answer) => {
                Posted::Answered { status: answer.status().as_u16(), retry_after: retry_after(answer.status(), answer.headers(), now) }
            }
            Err(err) => Posted::NotAnswered { reason: words(&err.without_url()) },
        }
    }
}

/// Returns how long an endpoint that is busy wants to be left alone.
fn retry_after(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Timestamp::from_millis(at.as_millisecond()).since(now))
}

fn words(error: &reqwest::Error) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(source) = cause.source() {
        cause = source;
        if cause.downcast_ref::<PrivateNetwork>().is_some() {
            return String::from("Nothing was posted: the name of the endpoint leads into a private network.");
        }
    }
    if error.is_timeout() {
        format!("It did not answer within {} seconds.", TIMEOUT.as_secs())
    } else if error.is_connect() {
        format!("It could not be reached: {cause}.")
    } else {
        format!("The connection ended before it answered: {cause}.")
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
