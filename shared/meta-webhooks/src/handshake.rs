//! The GET with which Meta checks that the endpoint is ours, each time the webhook is configured.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

use std::fmt;

use domain::secret::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The query of the handshake, as it came. Its `Debug` does not show the token: it may be the right one.
#[derive(Clone, Copy, Default)]
pub struct HandshakeQuery<'a> {
    /// `hub.mode`, always `subscribe`.
    pub mode: Option<&'a str>,
    /// `hub.verify_token`, the string that was typed into Meta's dashboard.
    pub token: Option<&'a str>,
    /// `hub.challenge`, an integer as text.
    pub challenge: Option<&'a str>,
}

impl fmt::Debug for HandshakeQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.map(|_| "…");
        f.debug_struct("HandshakeQuery").field("mode", &self.mode).field("token", &token).field("challenge", &self.challenge).finish()
    }
}

/// The handshake is not for us. Every variant is answered with 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("hub.mode is not `subscribe`")]
    Mode,
    #[error("hub.verify_token is not ours")]
    Token,
    #[error("hub.challenge is missing")]
    NoChallenge,
    #[error("hub.challenge is longer than {LONGEST_CHALLENGE} bytes")]
    LongChallenge,
}

/// Meta's challenges have ten digits or so. We do not send back whatever a stranger with the token likes.
const LONGEST_CHALLENGE: usize = 1024;

/// Returns the challenge to send back, byte for byte, as `text/plain`.
pub fn answer<'a>(query: HandshakeQuery<'a>, verify_token: &Secret) -> Result<&'a str, HandshakeError> {
    if query.mode != Some("subscribe") {
        return Err(HandshakeError::Mode);
    }
    if !query.token.is_some_and(|token| same(token, verify_token.expose())) {
        return Err(HandshakeError::Token);
    }
    let challenge = query.challenge.filter(|challenge| !challenge.is_empty()).ok_or(HandshakeError::NoChallenge)?;
    if challenge.len() > LONGEST_CHALLENGE { Err(HandshakeError::LongChallenge) } else { Ok(challenge) }
}

/// Compares digests, so that the time tells nothing of the token, not even its length.
fn same(left: &str, right: &str) -> bool {
    Sha256::digest(left).ct_eq(&Sha256::digest(right)).into()
}
