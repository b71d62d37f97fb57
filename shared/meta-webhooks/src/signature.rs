//! Proof that Meta wrote a body: `X-Hub-Signature-256`.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

use std::fmt;

use domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A request body whose signature was checked.
///
/// Only [`verify`] makes one, and [`VerifiedBody::from_intake_queue`] on the far side of the queue. Its `Debug` shows no customer's words.
#[derive(Clone, Copy)]
pub struct VerifiedBody<'a>(&'a [u8]);

impl fmt::Debug for VerifiedBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedBody({} bytes)", self.0.len())
    }
}

impl<'a> VerifiedBody<'a> {
    /// Takes a body from the intake queue.
    ///
    /// The proof is the queue itself: only the webhook function may write to it, and it writes verified bodies only. Call this nowhere but
    /// where that queue is read.
    #[must_use]
    pub const fn from_intake_queue(body: &'a [u8]) -> Self {
        Self(body)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// The body is not proven to be Meta's. Answered with 401; nothing is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature header is missing")]
    Missing,
    #[error("the signature is not `sha256=` and 64 lower-case hexadecimal digits")]
    Malformed,
    #[error("no app secret makes this signature of this body")]
    Mismatch,
}

/// Checks `header`, the value of `X-Hub-Signature-256`, against the bytes of `body` as they came.
///
/// The signature is an HMAC-SHA256 with the app secret as its key. Meta signs the text with `\uXXXX` escapes, which is how the body looks
/// on the wire: a body that was decoded and written again no longer matches. Every secret is tried, so that a rotation loses nothing.
///
/// Meta's own sample lets a body pass when the header is missing; here it is refused.
pub fn verify<'a>(secrets: &[Secret], body: &'a [u8], header: Option<&str>) -> Result<VerifiedBody<'a>, SignatureError> {
    let signature = read(header.ok_or(SignatureError::Missing)?).ok_or(SignatureError::Malformed)?;
    if secrets.iter().any(|secret| matches(secret, body, &signature)) { Ok(VerifiedBody(body)) } else { Err(SignatureError::Mismatch) }
}

/// Reads `sha256=` and 64 lower-case digits, and nothing else.
fn read(header: &str) -> Option<[u8; 32]> {
    let digits = header.strip_prefix("sha256=")?;
    if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return None;
    }
    let mut signature = [0; 32];
    hex::decode_to_slice(digits, &mut signature).ok()?;
    Some(signature)
}

/// Compares in constant time.
fn matches(secret: &Secret, body: &[u8], signature: &[u8; 32]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).is_ok_and(|hmac| hmac.chain_update(body).verify_slice(signature).is_ok())
}
