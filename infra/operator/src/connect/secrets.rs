//! The five secrets of a stack: taken as they stand, asked for, or made up.

use std::collections::BTreeMap;

use domain::id::PageId;
use domain::secret::{BlankSecret, Secret};
use lambda_support::clock::random;
use sha2::{Digest, Sha256};

use crate::config::Connection;
use crate::failure::Failure;
use crate::terminal::Terminal;

const APP_SECRETS: &str = "META_APP_SECRETS";
const VERIFY_TOKEN: &str = "META_VERIFY_TOKEN";
const PAGE_TOKENS: &str = "META_PAGE_TOKENS";
const API_KEYS: &str = "API_KEYS";
const LINK_SECRET: &str = "LINK_SECRET";

/// How many app secrets are good at once: the new one, and the one that Meta may still sign with.
const MOST_APP_SECRETS: usize = 2;

/// A parameter that is to be written, and why.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) value: Secret,
    pub(crate) why: &'static str,
}

/// The secrets as they will stand.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) app_secret: Secret,
    pub(crate) verify_token: Secret,
    pub(crate) page_token: Secret,
    /// An API key that was made up, in clear: it is shown once and stored as its hash.
    pub(crate) api_key: Option<Secret>,
    pub(crate) changes: Vec<Change>,
    /// The names of what stays as it is.
    pub(crate) unchanged: Vec<String>,
}

impl Secrets {
    /// Compares what stands with what was given; asks for what neither has.
    pub(crate) fn gather(
        standing: &BTreeMap<String, Secret>,
        config: &Connection,
        page: &PageId,
        terminal: &mut dyn Terminal,
    ) -> Result<Self, Failure> {
        let page_parameter = format!("{PAGE_TOKENS}/{page}");
        let app_secrets = list(standing.get(APP_SECRETS));
        let given = given(config.app_secret.clone(), app_secrets.first(), "the app secret", "META_APP_SECRET", terminal)?;
        let page_token = given_token(standing.get(&page_parameter), config, terminal)?;
        let new_list = joined(&given, &app_secrets);
        let verify_token = standing.get(VERIFY_TOKEN).cloned().map_or_else(|| made_up(""), Ok).map_err(blank)?;
        let link_secret = standing.get(LINK_SECRET).cloned().map_or_else(|| made_up(""), Ok).map_err(blank)?;
        let api_key = if standing.contains_key(API_KEYS) { None } else { Some(made_up("sbk_").map_err(blank)?) };

        let mut secrets = Self { app_secret: given, verify_token, page_token, api_key, changes: Vec::new(), unchanged: Vec::new() };
        let why = if app_secrets.is_empty() { "as given" } else { "the new one in front; the old one stays good" };
        secrets.set(standing, APP_SECRETS.into(), Secret::new(&new_list).map_err(blank)?, why);
        secrets.set(standing, VERIFY_TOKEN.into(), secrets.verify_token.clone(), "made up");
        secrets.set(standing, LINK_SECRET.into(), link_secret, "made up");
        secrets.set(standing, page_parameter, secrets.page_token.clone(), "as given");
        match secrets.api_key.as_ref().map(hashed).transpose().map_err(blank)? {
            Some(keys) => secrets.set(standing, API_KEYS.into(), keys, "one key made up, stored as its hash"),
            None => secrets.unchanged.push(API_KEYS.into()),
        }
        Ok(secrets)
    }

    fn set(&mut self, standing: &BTreeMap<String, Secret>, name: String, value: Secret, why: &'static str) {
        if standing.get(&name) == Some(&value) {
            self.unchanged.push(name);
        } else {
            self.changes.push(Change { name, value, why });
        }
    }
}

fn given_token(standing: Option<&Secret>, config: &Connection, terminal: &mut dyn Terminal) -> Result<Secret, Failure> {
    given(config.page_token.clone(), standing, "the Page's access token", "META_PAGE_TOKEN", terminal)
}

/// Takes what was given, else what stands, else asks.
fn given(
    given: Option<Secret>,
    standing: Option<&Secret>,
    what: &'static str,
    variable: &'static str,
    terminal: &mut dyn Terminal,
) -> Result<Secret, Failure> {
    let known = given.or_else(|| standing.cloned());
    known.or_else(|| terminal.ask_secretly(&format!("{what}:"))).ok_or(Failure::SecretMissing { what, variable })
}

fn list(value: Option<&Secret>) -> Vec<Secret> {
    value.map(|value| value.expose().split(',').filter_map(|part| Secret::new(part).ok()).collect()).unwrap_or_default()
}

/// Puts a new app secret in front. One that stands in front already changes nothing.
fn joined(given: &Secret, standing: &[Secret]) -> String {
    let others = standing.iter().filter(|secret| *secret != given);
    let kept: Vec<&str> = std::iter::once(given).chain(others).take(MOST_APP_SECRETS).map(Secret::expose).collect();
    kept.join(",")
}

/// 160 random bits.
fn made_up(tag: &str) -> Result<Secret, BlankSecret> {
    Secret::new(&format!("{tag}{:020x}{:020x}", random(), random()))
}

/// Writes a key as `API_KEYS` holds it: `name:scope:sha256:<hex>`.
fn hashed(key: &Secret) -> Result<Secret, BlankSecret> {
    Secret::new(&format!("operator:admin:sha256:{}", hex::encode(Sha256::digest(key.expose().as_bytes()))))
}

fn blank(_: BlankSecret) -> Failure {
    Failure::SecretMissing { what: "a secret", variable: APP_SECRETS }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &str) -> Secret {
        Secret::new(value).unwrap()
    }

    #[test]
    fn a_new_app_secret_goes_in_front_and_two_are_kept() {
        assert_eq!(joined(&secret("c"), &[secret("b"), secret("a")]), "c,b");
        assert_eq!(joined(&secret("b"), &[secret("b"), secret("a")]), "b,a");
        assert_eq!(joined(&secret("a"), &[]), "a");
    }

    #[test]
    fn a_made_up_key_is_long_and_its_hash_is_stored() {
        let key = made_up("sbk_").unwrap();
        assert_eq!(key.expose().len(), 44);
        assert!(hashed(&key).unwrap().expose().starts_with("operator:admin:sha256:"));
        assert_ne!(key, made_up("sbk_").unwrap());
    }
}
