//! Ids that look like Meta's and are the same on every run.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The app id of the Page's own inbox in echoes.
///
/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversation-routing>; the echoes page prints
/// 26390203743090, which is likely a typing error.
pub const PAGE_INBOX_APP_ID: &str = "263902037430900";

/// Makes a page-scoped user id: sixteen digits from the Page, the name, and a try counter for namesakes.
pub(crate) fn psid(page_id: &str, name: &str, namesake: u32) -> String {
    format!("7{:015}", digest_number(&format!("psid/{page_id}/{name}/{namesake}")) % 1_000_000_000_000_000)
}

/// Makes a message id from the seed and a number that is never used twice.
pub(crate) fn mid(seed: u64, number: i64) -> String {
    let head = Sha256::digest(format!("mid/{seed}/{number}/head"));
    let tail = Sha256::digest(format!("mid/{seed}/{number}/tail"));
    format!("m_{}", URL_SAFE_NO_PAD.encode([head.as_slice(), tail.as_slice()].concat()))
}

/// Makes an id of fifteen digits for a template, an attachment or a saved thing.
pub(crate) fn object_id(kind: &str, number: i64) -> String {
    format!("1{:014}", digest_number(&format!("{kind}/{number}")) % 100_000_000_000_000)
}

/// Makes the id of the conversation with a person.
pub(crate) fn conversation_id(psid: &str) -> String {
    format!("t_{psid}")
}

fn digest_number(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
