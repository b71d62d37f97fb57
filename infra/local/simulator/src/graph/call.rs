//! A call as it came: path, and parameters from the query and from the body, which Graph treats alike.

use axum::body::to_bytes;
use axum::extract::{Form, FromRequest as _, Query, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::shape::Fields;

/// The largest request body that is read.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// One call of the Graph API.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    params: Map<String, Value>,
    bearer: Option<String>,
}

impl Call {
    /// Reads a request to its end.
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let bearer = bearer(request.headers());
        let mut params = Map::new();
        if let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) {
            params.extend(query.into_iter().map(|(name, value)| (name, as_json(value))));
        }
        if method == Method::POST || method == Method::DELETE {
            params.extend(body(request).await?);
        }
        Ok(Self { method, path, params, bearer })
    }

    pub(crate) fn method(&self) -> &str {
        self.method.as_str()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path after the version; nothing when the version is missing or no version.
    pub(crate) fn segments(&self) -> Vec<&str> {
        let mut segments = self.path.split('/').filter(|segment| !segment.is_empty());
        let versioned = segments.next().is_some_and(is_version);
        if versioned { segments.collect() } else { Vec::new() }
    }

    /// The token of the header, else of the parameters.
    pub(crate) fn token(&self) -> Option<&str> {
        self.bearer.as_deref().or_else(|| self.param("access_token"))
    }

    /// A parameter that is text.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// All parameters, to be checked one by one.
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::top(&self.params)
    }
}

async fn body(request: Request) -> Result<Map<String, Value>, Refusal> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        let Form(pairs) =
            Form::<Vec<(String, String)>>::from_request(request, &()).await.map_err(|_| Refusal::invalid("the form cannot be read"))?;
        return Ok(pairs.into_iter().map(|(name, value)| (name, as_json(value))).collect());
    }
    let bytes = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| Refusal::invalid("the body cannot be read or is too large"))?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&bytes).map_err(|_| Refusal::invalid("the body is not a JSON object"))
}

/// A form or query value may be JSON, as `recipient={"id":"…"}`.
fn as_json(value: String) -> Value {
    if value.starts_with(['{', '[']) { serde_json::from_str(&value).unwrap_or(Value::String(value)) } else { Value::String(value) }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(|token| token.trim().to_owned())
}

/// `v26.0`
fn is_version(segment: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    segment.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}
