//! Proof that a source wrote a body. Each source has a scheme of its own, in its file; what they share stands here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::PageId;
use domain::secret::Secret;
use domain::shop::{ShopDelivery, Source};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::json::Object;
use crate::{aftership, easypost, shopify, stripe, woocommerce};

/// The most bytes of a topic, a shop or a delivery's id. Longer ones name nothing: the queue has little room beside the body.
const LONGEST_NAME: usize = 255;

/// The headers of a call, by their names in lower case.
#[derive(Debug, Clone, Default)]
pub struct Headers<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers<'a> {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a [u8])>>(headers: T) -> Self {
        Self(headers.into_iter().collect())
    }
}

impl<'a> Headers<'a> {
    /// Returns the value of a header that comes once at most.
    fn one(&self, name: &str) -> Result<Option<&'a [u8]>, SignatureError> {
        let mut values = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let first = values.next();
        if values.next().is_some() { Err(SignatureError::Doubled) } else { Ok(first) }
    }

    /// Returns the value of the first of these headers that is there.
    pub(crate) fn first(&self, names: &[&str]) -> Result<Option<&'a [u8]>, SignatureError> {
        names.iter().find_map(|name| self.one(name).transpose()).transpose()
    }

    /// Returns what the first of these headers names.
    pub(crate) fn name(&self, names: &[&str]) -> Result<Option<String>, SignatureError> {
        Ok(self.first(names)?.and_then(|value| std::str::from_utf8(value).ok()).and_then(name))
    }
}

/// What a delivery says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// What it tells of, in the source's words: `orders/create`.
    pub topic: Option<String>,
    pub shop: Option<String>,
    /// The source's own id of the delivery, the same when it comes again.
    pub delivery_id: Option<String>,
}

impl Label {
    /// Reads the label of a source that writes it into the body.
    pub(crate) fn in_body(body: &[u8], topic: &str, shop: Option<&str>, delivery_id: &str) -> Self {
        let Some(object) = Object::parse(body) else { return Self::default() };
        let read = |key: &str| object.text(key).as_deref().and_then(name);
        Self { topic: read(topic), shop: shop.and_then(read), delivery_id: read(delivery_id) }
    }
}

/// A name as a queue takes it: visible ASCII, and not too long.
fn name(value: &str) -> Option<String> {
    let value = value.trim();
    let is_name = !value.is_empty() && value.len() <= LONGEST_NAME && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_name.then(|| value.to_owned())
}

/// A delivery whose signature was checked. Only [`verify`] makes one. Its `Debug` shows no customer's words.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedDelivery<'a> {
    source: Source,
    label: Label,
    body: &'a [u8],
}

impl fmt::Debug for VerifiedDelivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedDelivery({}, {:?}, {} bytes)", self.source.as_str(), self.label, self.body.len())
    }
}

impl<'a> VerifiedDelivery<'a> {
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.body
    }

    /// Makes the job that carries it.
    #[must_use]
    pub fn into_job(self, page: Option<PageId>, received_at: Timestamp, request_id: String) -> ShopDelivery {
        let Label { topic, shop, delivery_id } = self.label;
        ShopDelivery { source: self.source, topic, shop, delivery_id, page, received_at, request_id, body: self.body.to_vec() }
    }
}

/// The body is not proven to be its source's. Answered with 401; nothing is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature header is missing")]
    Missing,
    #[error("a header of the signature comes twice")]
    Doubled,
    #[error("the signature is not written as its source writes it")]
    Malformed,
    #[error("no secret makes this signature of this body")]
    Mismatch,
    #[error("the signature was made more than five minutes ago, or ahead")]
    Stale,
    #[error("no secret of this source is known")]
    NoSecret,
    #[error("this source has no webhooks")]
    NoWebhooks,
}

/// Checks the signature of the bytes of `body` as they came. Every secret is tried, so that a rotation loses nothing.
pub fn verify<'a>(
    source: Source,
    secrets: &[Secret],
    headers: &Headers<'_>,
    body: &'a [u8],
    now: Timestamp,
) -> Result<VerifiedDelivery<'a>, SignatureError> {
    if secrets.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let label = match source {
        Source::Shopify => shopify::verify(secrets, headers, body),
        Source::Woocommerce => woocommerce::verify(secrets, headers, body),
        Source::Stripe => stripe::verify(secrets, headers, body, now),
        Source::Easypost => easypost::verify(secrets, headers, body),
        Source::Aftership => aftership::verify(secrets, headers, body),
        Source::Api => Err(SignatureError::NoWebhooks),
    }?;
    Ok(VerifiedDelivery { source, label, body })
}

/// Checks the base64 of an HMAC-SHA256 over the body, in the first of these headers that is there.
pub(crate) fn base64_of_body(secrets: &[Secret], headers: &Headers<'_>, names: &[&str], body: &[u8]) -> Result<(), SignatureError> {
    let header = headers.first(names)?.ok_or(SignatureError::Missing)?;
    let signature = STANDARD.decode(header).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or(SignatureError::Malformed)?;
    let is_ours = secrets.iter().any(|secret| matches(secret.expose().as_bytes(), &[body], &signature));
    if is_ours { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// Reads 64 lower-case hexadecimal digits, and nothing else.
pub(crate) fn hex(digits: &str) -> Option<[u8; 32]> {
    if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return None;
    }
    let mut signature = [0; 32];
    hex::decode_to_slice(digits, &mut signature).ok()?;
    Some(signature)
}

/// Compares, in constant time, a signature with the HMAC of the parts, one after the other.
pub(crate) fn matches(key: &[u8], parts: &[&[u8]], signature: &[u8; 32]) -> bool {
    let hmac = Hmac::<Sha256>::new_from_slice(key).map(|hmac| parts.iter().fold(hmac, Mac::chain_update));
    hmac.is_ok_and(|hmac| hmac.verify_slice(signature).is_ok())
}
