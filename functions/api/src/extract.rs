//! Parameters and bodies, read so that an error names the field.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use crate::problem::Failure;

/// The most bytes of a body.
pub(crate) const LARGEST_BODY: usize = 256 * 1024;

/// A JSON body that nobody has read yet: whether the caller may ask at all is found out first.
pub(crate) struct Unread(Result<Bytes, Failure>);

impl<S: Send + Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        Ok(Self(body(request, state).await))
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Failure::UnsupportedMediaType);
    }
    Bytes::from_request(request, state).await.map_err(|_| Failure::TooLarge)
}

impl Unread {
    /// Reads the body. An error names the field that is wrong.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, Failure> {
        parse(&self.bytes()?)
    }

    pub(crate) fn bytes(self) -> Result<Bytes, Failure> {
        self.0
    }
}

/// Reads an object.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // An array would be read as the fields in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes);
        return Err(is_json.map_or_else(|err| Failure::NotJson(err.to_string()), |_| Failure::invalid("#", "must be a JSON object")));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|err| {
        let field = pointer(err.path());
        let inner = err.into_inner();
        if inner.is_data() { Failure::invalid(field, in_words(&inner.to_string())) } else { Failure::NotJson(inner.to_string()) }
    })?;
    json.end().map_err(|err| Failure::NotJson(err.to_string()))?;
    Ok(value)
}

/// A place as a JSON pointer into the body: `#/order/lines/0/price`.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::from("#"), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", escaped(key)),
        Segment::Enum { variant } => format!("{pointer}/{}", escaped(variant)),
        Segment::Unknown => format!("{pointer}/?"),
    })
}

/// A key as it stands in a pointer, RFC 6901.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Says what serde says without ` at line 1 column 2`, because the field says more, and without the names of Rust's types.
fn in_words(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let Some((wrong, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let expected = match expected {
        "i64" | "u32" => "a whole number",
        name if name.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{wrong}, expected {expected}")
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Basket {
        name: String,
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Line {
        price: i64,
    }

    fn refused(body: &str) -> (String, String) {
        let Err(Failure::Invalid { field, detail }) = parse::<Basket>(body.as_bytes()) else { panic!("{body} is read") };
        (field, detail)
    }

    #[test]
    fn a_wrong_field_is_named_by_its_pointer() {
        for (body, field) in [
            (r#"{"name": 5, "lines": []}"#, "#/name"),
            (r#"{"name": "a", "lines": [{"price": 1}, {"price": 1.5}]}"#, "#/lines/1/price"),
            (r#"{"name": "a", "lines": [{"price": 1, "a/b": 1}]}"#, "#/lines/0/a~1b"),
            (r#"{"name": "a", "lines": [5]}"#, "#/lines/0"),
            (r#"{"lines": []}"#, "#"),
        ] {
            assert_eq!(refused(body).0, field, "{body}");
        }
    }

    #[test]
    fn no_name_of_a_type_of_ours_is_told() {
        assert_eq!(refused(r#"{"name": "a", "lines": [5]}"#).1, "invalid type: integer `5`, expected an object");
        assert_eq!(refused(r#"{"name": "a", "lines": [{"price": 1.5}]}"#).1, "invalid type: floating point `1.5`, expected a whole number");
    }

    #[test]
    fn what_is_json_and_no_object_is_told_apart_from_what_is_no_json() {
        for body in ["null", "[]", r#"["a", []]"#, "5", r#""text""#, " true"] {
            assert_eq!(refused(body), (String::from("#"), String::from("must be a JSON object")), "{body}");
        }
        for body in ["", "{", "[", "nul", r#"{"name": "a", "lines": []} x"#] {
            assert!(matches!(parse::<Basket>(body.as_bytes()), Err(Failure::NotJson(_))), "{body}");
        }
    }
}
