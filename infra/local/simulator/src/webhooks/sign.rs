//! The signature over a webhook's bytes, and the proof over a token.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Gives the value of `X-Hub-Signature-256` for a body: `sha256=` and 64 lower-case hex digits.
#[must_use]
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(app_secret, body))
}

/// Gives the hex HMAC-SHA256 of `message` under `key`.
pub(crate) fn hmac_hex(key: &str, message: &[u8]) -> String {
    // HMAC takes a key of any length; an empty answer would match nothing.
    Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map(|mut mac| {
            mac.update(message);
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}
