//! Links that tie a conversation to an order: `https://m.me/<page>?ref=<reference>`, on the shop's thank-you page.
//!
//! ```text
//! sb1-<base64url of: tag, 16 bytes │ sealed: Page 8, expiry 4, what follows 1, order, e-mail 32, customer, words 8>
//! ```
//!
//! A reference passes through Meta and the customer's browser, so it is sealed and not only signed: nobody reads an order number or the digest
//! of an address in it. The tag is an HMAC-SHA256 over what is sealed, and the key stream is made of the tag (a synthetic initialisation
//! vector), so the same target with the same expiry is the same reference, and nothing needs to be stored.
//!
//! Alphabet and length: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/discovery/m-me-links>

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::consent::WordsId;
use crate::email::EmailHash;
use crate::id::{self, PageId};
use crate::retry::{Retry, Retryable};
use crate::secret::Secret;
use crate::time::Timestamp;

/// How ours begin. The digit is the version of what follows.
const PREFIX: &str = "sb1-";

/// The most characters of ours; Meta allows 2083. With an order number and an address of usual lengths it is about a hundred.
pub const LONGEST_REFERENCE: usize = 300;

/// The most bytes of an order number and of the shop's id of a customer.
pub const LONGEST_NAME: usize = 64;

const TAG: usize = 16;
const PAGE: usize = 8;

/// Which parts a reference has.
const HAS_ORDER: u8 = 1;
const HAS_EMAIL: u8 = 2;
const HAS_CUSTOMER: u8 = 4;
const HAS_WORDS: u8 = 8;

/// Whom and what a link is about. At least one of the order and the customer is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    pub page: PageId,
    /// The number that the customer knows.
    pub order: Option<String>,
    pub email: Option<EmailHash>,
    /// The shop's own id of the customer.
    pub customer_id: Option<String>,
    /// The words beside the link, when who taps it agrees to notices by that.
    pub consent: Option<WordsId>,
}

/// The `ref` of a link. Whoever holds it can tie their conversation to its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the link that opens Messenger.
    #[must_use]
    pub fn url(&self, page: &PageId) -> String {
        format!("https://m.me/{}?ref={}", path_segment(page.as_str()), self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// No link can be made of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("a link needs an order or a customer")]
    Nothing,
    #[error("an order number has 1 to {LONGEST_NAME} bytes")]
    Order,
    #[error("a customer's id has 1 to {LONGEST_NAME} bytes")]
    Customer,
    #[error("the secret makes no key")]
    Key,
}

/// A reference ties nothing. The conversation that it opened is one all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("the reference is not one of ours")]
    Malformed,
    #[error("no secret made this reference")]
    Tampered,
    #[error("the reference has expired")]
    Expired,
    #[error("the reference is of another Page")]
    OtherPage,
}

impl Retryable for TargetError {
    fn retry(&self) -> Retry {
        match self {
            Self::Nothing | Self::Order | Self::Customer | Self::Key => Retry::Never,
        }
    }
}

impl Retryable for LinkError {
    fn retry(&self) -> Retry {
        match self {
            Self::Malformed | Self::Tampered | Self::Expired | Self::OtherPage => Retry::Never,
        }
    }
}

/// Tells cheaply whether a referral may be of a link of ours.
#[must_use]
pub fn looks_like(reference: &str) -> bool {
    reference.starts_with(PREFIX) && reference.len() <= LONGEST_REFERENCE && reference.bytes().all(is_of_the_alphabet)
}

/// Makes the reference of a target, good until `expires_at`, to the second.
pub fn make(secret: &Secret, target: &LinkTarget, expires_at: Timestamp) -> Result<Reference, TargetError> {
    let mut body = plain(target, expires_at)?;
    let tag = tag(secret, &body).ok_or(TargetError::Key)?;
    apply_stream(secret, &tag, &mut body).ok_or(TargetError::Key)?;
    let bytes: Vec<u8> = tag.into_iter().chain(body).collect();
    Ok(Reference(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// Reads the target of a reference that came back on `page`. Every secret is tried, so that a rotation breaks no link.
pub fn read(secrets: &[Secret], reference: &str, page: &PageId, now: Timestamp) -> Result<LinkTarget, LinkError> {
    if !looks_like(reference) {
        return Err(LinkError::Malformed);
    }
    let text = reference.strip_prefix(PREFIX).ok_or(LinkError::Malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::Malformed)?;
    let (tag, sealed) = bytes.split_first_chunk::<TAG>().ok_or(LinkError::Malformed)?;
    let body = secrets.iter().find_map(|secret| opened(secret, tag, sealed)).ok_or(LinkError::Tampered)?;
    parse(&body, page, now)
}

/// Writes a target, before it is sealed.
fn plain(target: &LinkTarget, expires_at: Timestamp) -> Result<Vec<u8>, TargetError> {
    let LinkTarget { page, order, email, customer_id, consent } = target;
    if order.is_none() && email.is_none() && customer_id.is_none() {
        return Err(TargetError::Nothing);
    }
    let mut body = Vec::from(page_digest(page));
    let seconds = u32::try_from(expires_at.as_millis() / 1000).unwrap_or(u32::MAX);
    body.extend(seconds.to_be_bytes());
    body.push(
        flag(HAS_ORDER, order.is_some())
            | flag(HAS_EMAIL, email.is_some())
            | flag(HAS_CUSTOMER, customer_id.is_some())
            | flag(HAS_WORDS, consent.is_some()),
    );
    if let Some(order) = order {
        push_text(&mut body, order).ok_or(TargetError::Order)?;
    }
    body.extend(email.iter().flat_map(EmailHash::to_bytes));
    if let Some(id) = customer_id {
        push_text(&mut body, id).ok_or(TargetError::Customer)?;
    }
    body.extend(consent.iter().copied().flat_map(WordsId::to_bytes));
    Ok(body)
}

/// Reads [`plain`] back.
fn parse(body: &[u8], page: &PageId, now: Timestamp) -> Result<LinkTarget, LinkError> {
    let mut rest = body;
    let of: [u8; PAGE] = take(&mut rest)?;
    let seconds = u32::from_be_bytes(take(&mut rest)?);
    let [has] = take::<1>(&mut rest)?;
    let order = if has & HAS_ORDER > 0 { Some(take_text(&mut rest)?) } else { None };
    let email = if has & HAS_EMAIL > 0 { Some(EmailHash::from_bytes(&take(&mut rest)?)) } else { None };
    let customer_id = if has & HAS_CUSTOMER > 0 { Some(take_text(&mut rest)?) } else { None };
    let consent = if has & HAS_WORDS > 0 { Some(WordsId::from_bytes(take(&mut rest)?)) } else { None };
    if !rest.is_empty() {
        return Err(LinkError::Malformed);
    }
    if of != page_digest(page) {
        return Err(LinkError::OtherPage);
    }
    if now >= Timestamp::from_millis(i64::from(seconds).saturating_mul(1000)) {
        return Err(LinkError::Expired);
    }
    Ok(LinkTarget { page: page.clone(), order, email, customer_id, consent })
}

/// Opens what a secret sealed; nothing when it did not. The tags are compared in constant time.
fn opened(secret: &Secret, tag: &[u8; TAG], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut body = sealed.to_vec();
    apply_stream(secret, tag, &mut body)?;
    mac(secret, "tag")?.chain_update(&body).verify_truncated_left(tag).ok()?;
    Some(body)
}

fn tag(secret: &Secret, body: &[u8]) -> Option<[u8; TAG]> {
    let whole = mac(secret, "tag")?.chain_update(body).finalize().into_bytes();
    whole.first_chunk().copied()
}

/// Seals, and opens again, by the key stream of a tag.
fn apply_stream(secret: &Secret, tag: &[u8; TAG], body: &mut [u8]) -> Option<()> {
    for (number, block) in (0_u8..).zip(body.chunks_mut(32)) {
        let stream = mac(secret, "stream")?.chain_update(tag).chain_update([number]).finalize().into_bytes();
        block.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
    }
    Some(())
}

/// An HMAC under the key that a secret has for one use, so that no two uses share a key.
fn mac(secret: &Secret, purpose: &str) -> Option<Hmac<Sha256>> {
    let root = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    let key = root.chain_update("shopbell link 1 ").chain_update(purpose).finalize().into_bytes();
    Hmac::<Sha256>::new_from_slice(&key).ok()
}

fn page_digest(page: &PageId) -> [u8; PAGE] {
    id::hash(&["link", page.as_str()]).first_chunk().copied().unwrap_or_default()
}

const fn flag(bit: u8, set: bool) -> u8 {
    if set { bit } else { 0 }
}

/// Writes a text after its length; nothing when it is blank or too long.
fn push_text(body: &mut Vec<u8>, text: &str) -> Option<()> {
    let length = u8::try_from(text.len()).ok().filter(|length| usize::from(*length) <= LONGEST_NAME && !text.trim().is_empty())?;
    body.push(length);
    body.extend(text.as_bytes());
    Some(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], LinkError> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(LinkError::Malformed)?;
    *rest = left;
    Ok(*taken)
}

fn take_text(rest: &mut &[u8]) -> Result<String, LinkError> {
    let [length] = take::<1>(rest)?;
    let (taken, left) = rest.split_at_checked(usize::from(length)).ok_or(LinkError::Malformed)?;
    *rest = left;
    String::from_utf8(taken.to_vec()).map_err(|_| LinkError::Malformed)
}

const fn is_of_the_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
}

/// Writes a Page's id into an address. It is digits; what else a caller names is encoded.
fn path_segment(id: &str) -> String {
    use std::fmt::Write as _;
    id.bytes().fold(String::new(), |mut segment, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            segment.push(char::from(byte));
        } else {
            // Writing into a string does not fail.
            write!(segment, "%{byte:02X}").unwrap_or_default();
        }
        segment
    })
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
