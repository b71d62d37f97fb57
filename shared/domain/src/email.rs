//! E-mail addresses as digests: a person is found by one without the address being kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most bytes of an address: 64 before the `@`, 255 behind it (RFC 5321).
pub const LONGEST_EMAIL: usize = 320;

/// The SHA-256 of an address without white space around it and in lower case, as 64 lower-case hexadecimal digits.
///
/// Shops pass customers along in this form, too. Whoever guesses the address can check the guess: it is a pseudonym and no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailHash(String);

impl EmailHash {
    /// Hashes an address; nothing when it cannot be one.
    #[must_use]
    pub fn of(email: &str) -> Option<Self> {
        let email = email.trim().to_lowercase();
        let (local, host) = email.rsplit_once('@')?;
        let plausible = !local.is_empty() && !host.is_empty() && email.len() <= LONGEST_EMAIL && !email.contains(char::is_whitespace);
        plausible.then(|| Self(hex::encode(Sha256::digest(email.as_bytes()))))
    }

    /// Reads a hash that came from outside.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (value.len() == 64 && value.bytes().all(is_digit)).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // What is in here are 64 digits.
        hex::decode_to_slice(&self.0, &mut bytes).unwrap_or_default();
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(hex::encode(bytes))
    }
}

impl fmt::Display for EmailHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let hash = EmailHash::of("mia@example.com").unwrap();
        assert_eq!(EmailHash::of("  Mia@Example.COM\n"), Some(hash.clone()));
        assert_eq!(hash.as_str(), "99857fe111df1f77228c50bacc8acf00afc1516d7c38fe9089f02a1e7e0d512d", "computed by another program");
        assert_eq!(EmailHash::parse(hash.as_str()), Some(hash.clone()));
        assert_eq!(EmailHash::from_bytes(&hash.to_bytes()), hash);
    }

    #[test]
    fn what_is_no_address_has_no_hash() {
        for hostile in ["", "mia", "@example.com", "mia@", "mia @example.com", &format!("{}@example.com", "m".repeat(LONGEST_EMAIL))] {
            assert_eq!(EmailHash::of(hostile), None, "{hostile}");
        }
        for hostile in ["", "365f", &"g".repeat(64), &"A".repeat(64)] {
            assert_eq!(EmailHash::parse(hostile), None, "{hostile}");
        }
    }
}
