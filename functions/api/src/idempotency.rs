//! `Idempotency-Key`: a request that is sent again is answered as the first time and done once.
//!
//! The key is noted in the transaction that does the work, so there is no moment at which a request is half done: of two at once, one does
//! the work and both get its answer.

use std::time::Duration;

use axum::http::HeaderMap;
use domain::id::DedupeKey;
use domain::message::RequestKey;
use domain::time::Timestamp;

use crate::problem::Failure;

const HEADER: &str = "Idempotency-Key";

/// The most characters of a key.
const LONGEST: usize = 255;

/// How long a key is kept.
const KEPT: Duration = Duration::from_hours(48);

/// Reads the key of a request; nothing when it has none. `caller` is the name of the API key, whose keys are its own; `request` says what
/// is asked for.
pub(crate) fn request(headers: &HeaderMap, caller: &str, request: &[&str], now: Timestamp) -> Result<Option<RequestKey>, Failure> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let readable = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    match (readable, values.next()) {
        (Some(key), None) => Ok(Some(RequestKey {
            key: DedupeKey::of_content(&["request", caller, key]),
            fingerprint: DedupeKey::of_content(request),
            kept_until: now.plus(KEPT),
        })),
        (_, Some(_)) => Err(Failure::invalid(HEADER, "must be sent once")),
        (None, None) => Err(Failure::invalid(HEADER, format!("must have 1 to {LONGEST} visible ASCII characters"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str], request_of: &[&str]) -> Result<Option<RequestKey>, Failure> {
        let headers = values.iter().map(|value| (HEADER.parse().unwrap(), value.parse().unwrap())).collect();
        request(&headers, "desk", request_of, Timestamp::from_millis(0))
    }

    #[test]
    fn a_request_without_a_key_has_none_and_a_bad_key_is_named() {
        assert_eq!(read(&[], &["x"]).unwrap(), None);
        for bad in [&[""][..], &["with space"], &["a", "b"], &[&"x".repeat(256)]] {
            assert!(matches!(read(bad, &["x"]), Err(Failure::Invalid { field, .. }) if field == HEADER), "{bad:?}");
        }
    }

    #[test]
    fn the_key_is_the_callers_own_and_the_fingerprint_is_of_the_request() {
        let [first, same, other] = [&["x"][..], &["x"], &["y"]].map(|asked| read(&["k"], asked).unwrap().unwrap());
        assert_eq!(first, same);
        assert_eq!((&first.key, first.fingerprint == other.fingerprint), (&other.key, false));
    }
}
