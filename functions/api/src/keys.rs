//! API keys: held as hashes, compared in constant time, each with the scopes that it carries.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::problem::Failure;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Trigger notices.
    Notify,
    /// Read conversations and answer them.
    Agent,
    /// Everything.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Notify, Self::Agent, Self::Admin];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }

    fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == value)
    }
}

#[derive(Debug)]
struct ApiKey {
    name: String,
    scopes: Vec<Scope>,
    sha256: [u8; 32],
}

/// Every key that this function accepts.
#[derive(Debug)]
pub(crate) struct ApiKeys(Vec<ApiKey>);

/// `API_KEYS` cannot be read. No variant repeats a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("entry {0} is not written name:scope+scope:key")]
    Shape(usize),
    #[error("entry {0} has a scope that is none of notify, agent and admin")]
    Scope(usize),
    #[error("entry {0} has a key of less than 16 characters")]
    Short(usize),
    #[error("entry {0} has a key that starts with sha256: and is not followed by 64 hexadecimal digits")]
    Hash(usize),
}

impl ApiKeys {
    /// Reads `name:scope+scope:key,…`. A key may be given as `sha256:<hex>` of it, so that it stands nowhere in clear.
    pub(crate) fn parse(value: &str) -> Result<Self, KeysError> {
        value.split(',').enumerate().map(|(index, entry)| parse_entry(index + 1, entry.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Finds the key of a request and checks that it carries one of `scopes`; returns its name.
    pub(crate) fn admit(&self, headers: &HeaderMap, scopes: &[Scope]) -> Result<&str, Failure> {
        let presented = bearer(headers).ok_or(Failure::Unauthorized)?;
        let hash: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        // Every key is compared, so that time tells nothing about which one matched.
        let matching = self.0.iter().fold(None, |found, key| if bool::from(key.sha256.ct_eq(&hash)) { Some(key) } else { found });
        let key = matching.ok_or(Failure::Unauthorized)?;
        let may = key.scopes.contains(&Scope::Admin) || key.scopes.iter().any(|scope| scopes.contains(scope));
        if may { Ok(&key.name) } else { Err(Failure::Forbidden { wanted: scopes.first().copied().unwrap_or(Scope::Admin) }) }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn parse_entry(number: usize, entry: &str) -> Result<ApiKey, KeysError> {
    let mut fields = entry.splitn(3, ':');
    let (Some(name), Some(scopes), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(KeysError::Shape(number));
    };
    if name.is_empty() {
        return Err(KeysError::Shape(number));
    }
    let scopes = scopes.split('+').map(|scope| Scope::parse(scope).ok_or(KeysError::Scope(number))).collect::<Result<_, _>>()?;
    Ok(ApiKey { name: name.into(), scopes, sha256: hashed(number, key)? })
}

fn hashed(number: usize, key: &str) -> Result<[u8; 32], KeysError> {
    if let Some(digits) = key.strip_prefix("sha256:") {
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).map_err(|_| KeysError::Hash(number))?;
        return Ok(hash);
    }
    if key.trim().len() < 16 {
        return Err(KeysError::Short(number));
    }
    Ok(Sha256::digest(key.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sbk_0123456789abcdef";

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_key_opens_what_its_scopes_say() {
        let keys = ApiKeys::parse(&format!("desk:agent:{KEY},root:admin:another-key-0123")).unwrap();
        assert!(keys.admit(&headers(&format!("Bearer {KEY}")), &[Scope::Agent]).is_ok());
        assert!(keys.admit(&headers(&format!("bearer {KEY}")), &[Scope::Agent]).is_ok());
        assert!(matches!(keys.admit(&headers(&format!("Bearer {KEY}")), &[Scope::Notify]), Err(Failure::Forbidden { .. })));
        assert!(keys.admit(&headers("Bearer another-key-0123"), &[Scope::Notify]).is_ok());
    }

    #[test]
    fn no_key_a_wrong_key_and_another_scheme_are_refused_alike() {
        let keys = ApiKeys::parse(&format!("desk:agent:{KEY}")).unwrap();
        assert!(matches!(keys.admit(&HeaderMap::new(), &[Scope::Agent]), Err(Failure::Unauthorized)));
        for value in ["Bearer nonsense", "Basic sbk_0123456789abcdef", KEY, "Bearer"] {
            assert!(matches!(keys.admit(&headers(value), &[Scope::Agent]), Err(Failure::Unauthorized)), "{value}");
        }
    }

    #[test]
    fn a_key_may_be_given_as_its_hash() {
        let hash = hex::encode(Sha256::digest(KEY.as_bytes()));
        let keys = ApiKeys::parse(&format!("desk:agent+notify:sha256:{hash}")).unwrap();
        assert!(keys.admit(&headers(&format!("Bearer {KEY}")), &[Scope::Notify]).is_ok());
        assert!(keys.admit(&headers(&format!("Bearer sha256:{hash}")), &[Scope::Notify]).is_err());
    }

    #[test]
    fn a_bad_list_stops_the_start_and_repeats_no_key() {
        assert_eq!(ApiKeys::parse("desk:agent").unwrap_err(), KeysError::Shape(1));
        assert_eq!(ApiKeys::parse(&format!("a:agent:{KEY},b:root:{KEY}")).unwrap_err(), KeysError::Scope(2));
        assert_eq!(ApiKeys::parse("a:agent:short").unwrap_err(), KeysError::Short(1));
        assert_eq!(ApiKeys::parse("a:agent:sha256:abc").unwrap_err(), KeysError::Hash(1));
    }
}
