//! The secrets of a function: lists of them where rotation wants two at once, never blank, never printed.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::DisplayErrorContext;
use aws_sdk_ssm::types::Parameter;
use domain::secret::Secret;

use crate::aws::Aws;
use crate::environment::{Environment, EnvironmentError};

/// The most names of one call.
const MOST_NAMES: usize = 10;

/// The parameters that a function reads under `SECRETS_PATH`, and no others: its policy names the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Parameters that must be there.
    pub required: &'static [&'static str],
    /// Parameters that may be missing: what needs them is refused until they are there.
    pub optional: &'static [&'static str],
    /// A secret for each Page: parameters below this name, each named by its Page, and one of this name itself as `page=secret,…`. None of
    /// them must be there.
    pub by_page: Option<&'static str>,
}

impl Wanted {
    /// Returns the name of each parameter that is asked for by its name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).chain(&self.by_page).copied()
    }
}

/// The parameters under `SECRETS_PATH` could not be read; the function does not start.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the environment is incomplete")]
    Environment(#[from] EnvironmentError),
    #[error("the secrets under {path} cannot be read: {reason}")]
    Parameters { path: String, reason: String },
    #[error("these parameters are missing: {}; put each into the Parameter Store under this name, as a SecureString", names.join(", "))]
    Missing { names: Vec<String> },
}

/// Adds the secrets that `wanted` names to the environment, from the parameters under `SECRETS_PATH`. Without that variable the environment
/// holds them already.
pub async fn fetch(environment: Environment, wanted: &Wanted) -> Result<Environment, FetchError> {
    match Source::from_environment(&environment)? {
        Some(source) => Ok(environment.with(source.ask(wanted).await?)),
        None => Ok(environment),
    }
}

/// The Parameter Store below a path.
pub(crate) struct Source {
    ssm: Client,
    path: String,
}

impl Source {
    /// Returns nothing when the environment holds the secrets itself.
    pub(crate) fn from_environment(environment: &Environment) -> Result<Option<Self>, EnvironmentError> {
        let Some(path) = environment.optional("SECRETS_PATH") else { return Ok(None) };
        Ok(Some(Self { ssm: Aws::from_environment(environment)?.ssm(), path }))
    }

    /// Reads what is wanted, each under the last part of its name.
    pub(crate) async fn ask(&self, wanted: &Wanted) -> Result<BTreeMap<String, String>, FetchError> {
        let mut found = self.named(wanted).await?;
        if let Some(name) = wanted.by_page {
            let below = self.below(name).await?;
            let of_pages = below.into_iter().map(|(page, secret)| format!("{page}={secret}"));
            // A Page's own parameter comes last, and the last of a Page counts.
            let joined: Vec<String> = found.remove(name).into_iter().chain(of_pages).collect();
            if !joined.is_empty() {
                found.insert(name.to_owned(), joined.join(","));
            }
        }
        Ok(found)
    }

    async fn named(&self, wanted: &Wanted) -> Result<BTreeMap<String, String>, FetchError> {
        let names: Vec<String> = wanted.names().map(|name| format!("{}{name}", self.path)).collect();
        let mut found = BTreeMap::new();
        for names in names.chunks(MOST_NAMES) {
            let asked = self.ssm.get_parameters().set_names(Some(names.to_vec())).with_decryption(true).send().await;
            let answer = asked.map_err(|err| self.unreadable(&DisplayErrorContext(err).to_string()))?;
            found.extend(answer.parameters.unwrap_or_default().into_iter().filter_map(entry));
        }
        let missing = wanted.required.iter().filter(|name| !found.contains_key(**name));
        let missing: Vec<String> = missing.map(|name| format!("{}{name}", self.path)).collect();
        if missing.is_empty() { Ok(found) } else { Err(FetchError::Missing { names: missing }) }
    }

    async fn below(&self, name: &str) -> Result<BTreeMap<String, String>, FetchError> {
        let path = format!("{}{name}/", self.path);
        let mut pages = self.ssm.get_parameters_by_path().path(path).with_decryption(true).into_paginator().send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|err| self.unreadable(&DisplayErrorContext(err).to_string()))?;
            found.extend(page.parameters.unwrap_or_default().into_iter().filter_map(entry));
        }
        Ok(found)
    }

    fn unreadable(&self, reason: &str) -> FetchError {
        FetchError::Parameters { path: self.path.clone(), reason: reason.to_owned() }
    }
}

/// A parameter by the last part of its name.
fn entry(parameter: Parameter) -> Option<(String, String)> {
    let name = parameter.name.as_deref()?.rsplit('/').next()?.to_owned();
    Some((name, parameter.value?))
}

/// Returns a comma-separated list of secrets; at least one.
pub fn list(environment: &Environment, name: &str, purpose: &str) -> Result<Vec<Secret>, EnvironmentError> {
    let value = environment.required(name, purpose)?;
    value.split(',').map(|part| Secret::new(part).map_err(|_| blank(name))).collect()
}

/// Returns a comma-separated list of secrets; none when the variable is absent.
pub fn optional_list(environment: &Environment, name: &str) -> Result<Vec<Secret>, EnvironmentError> {
    if environment.optional(name).is_some() { list(environment, name, "") } else { Ok(Vec::new()) }
}

/// Returns one secret.
pub fn one(environment: &Environment, name: &str, purpose: &str) -> Result<Secret, EnvironmentError> {
    Secret::new(&environment.required(name, purpose)?).map_err(|_| blank(name))
}

/// Returns a comma-separated list of `name=secret`; none when the variable is absent.
pub fn named(environment: &Environment, name: &str) -> Result<Vec<(String, Secret)>, EnvironmentError> {
    let Some(value) = environment.optional(name) else { return Ok(Vec::new()) };
    value.split(',').map(|pair| named_pair(name, pair)).collect()
}

fn named_pair(variable: &str, pair: &str) -> Result<(String, Secret), EnvironmentError> {
    let (key, secret) = pair.split_once('=').ok_or_else(|| EnvironmentError::Invalid {
        name: variable.into(),
        reason: "each entry is written name=secret, and entries are separated by commas".into(),
    })?;
    let key = key.trim();
    if key.is_empty() {
        return Err(EnvironmentError::Invalid { name: variable.into(), reason: "an entry has no name before its =".into() });
    }
    Ok((key.to_owned(), Secret::new(secret).map_err(|_| blank(variable))?))
}

fn blank(name: &str) -> EnvironmentError {
    EnvironmentError::Invalid { name: name.into(), reason: "it holds a blank secret".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        [("S".to_owned(), value.to_owned())].into_iter().collect()
    }

    #[test]
    fn a_blank_secret_in_a_list_stops_the_start() {
        assert_eq!(list(&environment("a, b"), "S", "").unwrap().len(), 2);
        assert!(list(&environment("a,,b"), "S", "").is_err());
        assert!(list(&environment("a,"), "S", "").is_err());
        assert!(list(&environment(","), "S", "").is_err());
    }

    #[test]
    fn a_list_that_may_be_missing_has_no_secrets_then_and_no_blank_ones_else() {
        assert_eq!(optional_list(&environment(" "), "S").unwrap().len(), 0);
        assert_eq!(optional_list(&environment("a"), "T").unwrap().len(), 0);
        assert_eq!(optional_list(&environment("a,b"), "S").unwrap().len(), 2);
        assert!(optional_list(&environment("a,"), "S").is_err());
    }

    #[test]
    fn a_token_may_contain_an_equals_sign() {
        let tokens = named(&environment("1=EAA==,2=EAB"), "S").unwrap();
        assert_eq!(tokens.first().map(|(page, token)| (page.as_str(), token.expose())), Some(("1", "EAA==")));
        assert!(named(&environment("=EAA"), "S").is_err());
        assert!(named(&environment("1"), "S").is_err());
        assert!(named(&environment("1= "), "S").is_err());
        assert!(named(&environment("1=EAA"), "T").unwrap().is_empty());
    }
}
