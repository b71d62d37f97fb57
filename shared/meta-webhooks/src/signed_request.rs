//! Meta's data deletion callback: a form with one field, `signed_request`, that proves itself.
//!
//! ```text
//! signed_request = base64url(signature) "." base64url(payload)
//! signature      = HMAC-SHA256(app secret, the payload's text as it came)
//! payload        = {"algorithm":"HMAC-SHA256","issued_at":1795255200,"expires":0,"user_id":"10223344556677889"}
//! ```
//!
//! <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback/>

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::deletion::{ConfirmationCode, DeletionRequest};
use domain::id::UserId;
use domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

/// The longest form that is read. Meta's have some 250 bytes.
const LONGEST_FORM: usize = 16 * 1024;

/// Meta pads nothing; padding by somebody in between changes nothing.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Keeps a code from being a signature of something else.
const CODE_OF: &[u8] = b"shopbell deletion code\n";

/// The form is no request of Meta's. Nothing is queued, and no variant repeats what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedRequestError {
    #[error("the form is longer than {LONGEST_FORM} bytes")]
    TooLarge,
    #[error("the form has no field signed_request")]
    Missing,
    #[error("the form has more than one field signed_request")]
    Doubled,
    #[error("signed_request is not two texts of base64url with a dot between them")]
    Malformed,
    #[error("no app secret makes this signature of this payload")]
    Mismatch,
    #[error("the payload does not name the algorithm HMAC-SHA256")]
    Algorithm,
    #[error("the payload is not JSON with a user_id")]
    Payload,
}

#[derive(Deserialize)]
struct Payload {
    algorithm: Option<String>,
    user_id: Option<Value>,
}

/// Proves a form and reads it. The confirmation code is the same whenever the same request comes, and nobody else can compute it.
pub fn read_deletion(secrets: &[Secret], form: &[u8]) -> Result<DeletionRequest, SignedRequestError> {
    let field = signed_request(form)?;
    let (signature, payload) = field.split_once('.').ok_or(SignedRequestError::Malformed)?;
    let signature = BASE64.decode(signature).map_err(|_| SignedRequestError::Malformed)?;
    let bytes = BASE64.decode(payload).map_err(|_| SignedRequestError::Malformed)?;
    let signed_by = secrets.iter().find(|secret| signs(secret, payload, &signature)).ok_or(SignedRequestError::Mismatch)?;
    let read: Payload = serde_json::from_slice(&bytes).map_err(|_| SignedRequestError::Payload)?;
    if read.algorithm.is_none_or(|algorithm| !algorithm.eq_ignore_ascii_case("HMAC-SHA256")) {
        return Err(SignedRequestError::Algorithm);
    }
    let user = read.user_id.as_ref().and_then(text).and_then(UserId::new).ok_or(SignedRequestError::Payload)?;
    let code = code(signed_by, payload).ok_or(SignedRequestError::Payload)?;
    Ok(DeletionRequest { code, user })
}

/// Finds the one field.
fn signed_request(form: &[u8]) -> Result<String, SignedRequestError> {
    if form.len() > LONGEST_FORM {
        return Err(SignedRequestError::TooLarge);
    }
    let mut fields = form_urlencoded::parse(form).filter(|(name, _)| name == "signed_request");
    let (_, field) = fields.next().ok_or(SignedRequestError::Missing)?;
    if fields.next().is_some() { Err(SignedRequestError::Doubled) } else { Ok(field.into_owned()) }
}

/// Reads an id, which Meta writes as text or as a number.
fn text(id: &Value) -> Option<String> {
    id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|number| number.to_string()))
}

fn mac(secret: &Secret) -> Option<Hmac<Sha256>> {
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()
}

/// Compares in constant time.
fn signs(secret: &Secret, payload: &str, signature: &[u8]) -> bool {
    mac(secret).is_some_and(|mac| mac.chain_update(payload).verify_slice(signature).is_ok())
}

/// Makes the code: the first 128 bits of another HMAC over the same payload.
fn code(secret: &Secret, payload: &str) -> Option<ConfirmationCode> {
    let digest = mac(secret)?.chain_update(CODE_OF).chain_update(payload).finalize().into_bytes();
    ConfirmationCode::parse(&hex::encode(digest.first_chunk::<16>()?))
}
