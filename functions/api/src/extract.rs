//! Parameters and bodies, read so that an error names the field.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Failure;

/// The most bytes of a body.
pub(crate) const LARGEST_BODY: usize = 256 * 1024;

/// A JSON body. An error names the field that is wrong.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Failure::UnsupportedMediaType);
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Failure::TooLarge)?;
        parse(&bytes).map(Self)
    }
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|err| {
        let path = err.path().to_string();
        let inner = err.into_inner();
        if inner.is_data() {
            Failure::invalid(pointer(&path), without_place(&inner.to_string()))
        } else {
            Failure::NotJson(inner.to_string())
        }
    })?;
    json.end().map_err(|err| Failure::NotJson(err.to_string()))?;
    Ok(value)
}

/// `author.type` as a JSON pointer into the body: `#/author/type`.
fn pointer(path: &str) -> String {
    if path == "." { String::from("#") } else { format!("#/{}", path.replace('.', "/")) }
}

/// Takes ` at line 1 column 2` off: the field says more.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message).to_owned()
}

/// Query parameters by name. One that is given twice counts once, with its last value.
pub(crate) struct Parameters(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        query.map(|Query(parameters)| Self(parameters)).map_err(|_| Failure::invalid("query", "cannot be read; percent-encode its values"))
    }
}

/// How many rows a list has when the caller does not say, and at most.
const ROWS: usize = 25;
const MOST_ROWS: usize = 100;

impl Parameters {
    /// Returns a parameter; a blank one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Reads `limit`.
    pub(crate) fn limit(&self) -> Result<usize, Failure> {
        let Some(value) = self.get("limit") else { return Ok(ROWS) };
        let limit = value.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit));
        limit.ok_or_else(|| Failure::invalid("limit", format!("must be a number from 1 to {MOST_ROWS}")))
    }

    /// Refuses parameters that the list does not know: a misspelt filter would show too much.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Failure> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(Failure::invalid(unknown, format!("is not a parameter of this list; it has {}", known.join(", ")))),
            None => Ok(self),
        }
    }
}
