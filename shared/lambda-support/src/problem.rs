//! Errors of HTTP endpoints: `application/problem+json`, RFC 9457.

use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, for the caller: what happened, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: the status says the kind.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// The fields that are wrong, when fields are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What remains to be done, when the request is right and its moment is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<RemainingWay>,
}

/// A way that remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemainingWay {
    /// A word for programs: `customer_writes`, `person_writes`.
    pub way: String,
    /// Until when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where: a JSON pointer into the body as `#/text`, or the name of a parameter or header.
    pub field: String,
    pub detail: String,
}

impl Problem {
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: title(status).into(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
            ways: Vec::new(),
        }
    }

    /// Names a field that is wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    /// Names a way that remains.
    #[must_use]
    pub fn or(mut self, way: impl Into<String>, until: Option<String>) -> Self {
        self.ways.push(RemainingWay { way: way.into(), until });
        self
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The reason phrase of the statuses that endpoints answer with.
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_field() {
        let problem = Problem::new(422, "The message was not accepted.").at("#/text", "must not be blank");
        assert_eq!(
            problem.to_json(),
            r##"{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"The message was not accepted.","errors":[{"field":"#/text","detail":"must not be blank"}]}"##
        );
    }
}
