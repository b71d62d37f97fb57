//! `appsecret_proof`: shows Meta that a call comes from a server that knows the app's secret, not merely from a holder of the token.
//!
//! <https://developers.facebook.com/docs/graph-api/guides/secure-requests>

use domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The app secret cannot be the key of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the app secret cannot be used as a key")]
pub struct InvalidAppSecret;

/// Returns the HMAC-SHA256 of the token, the app secret being the key, in lower-case hexadecimal digits.
///
/// Meta checks it when it is there, and asks for it when "Require App Secret" is on. There is a newer form with a time in it; this one has
/// no end, so it is made once a token.
pub(crate) fn appsecret_proof(app_secret: &Secret, token: &Secret) -> Result<String, InvalidAppSecret> {
    let hmac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes()).map_err(|_| InvalidAppSecret)?;
    Ok(hex::encode(hmac.chain_update(token.expose()).finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_one_of_the_vector() {
        let vector = include_str!("../../../tests/payloads/graph/appsecret_proof.json");
        let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
        let text = |key: &str| vector.get(key).unwrap().as_str().unwrap();
        let proof = appsecret_proof(&Secret::new(text("app_secret")).unwrap(), &Secret::new(text("access_token")).unwrap());
        assert_eq!(proof.as_deref(), Ok(text("appsecret_proof")));
    }
}
