//! The secrets of a function: lists of them where rotation wants two at once, never blank, never printed.

use aws_sdk_ssm::error::DisplayErrorContext;
use domain::secret::Secret;

use crate::aws::Aws;
use crate::environment::{Environment, EnvironmentError};

/// The parameters under `SECRETS_PATH` could not be read; the function does not start.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the environment is incomplete")]
    Environment(#[from] EnvironmentError),
    #[error("the secrets under {path} cannot be read: {reason}")]
    Parameters { path: String, reason: String },
    #[error("there are no secrets under {path}; put them there as SecureString parameters, as {path}META_VERIFY_TOKEN")]
    None { path: String },
}

/// Adds the secrets that stand as parameters under `SECRETS_PATH` to the environment, each under the last part of its name. Without that
/// variable the environment holds them already.
pub async fn fetch(environment: Environment) -> Result<Environment, FetchError> {
    let Some(path) = environment.optional("SECRETS_PATH") else { return Ok(environment) };
    let ssm = Aws::from_environment(&environment)?.ssm();
    let mut pages = ssm.get_parameters_by_path().path(&path).with_decryption(true).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|err| FetchError::Parameters { path: path.clone(), reason: DisplayErrorContext(err).to_string() })?;
        for parameter in page.parameters.unwrap_or_default() {
            let name = parameter.name.as_deref().and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned();
            found.push((name, parameter.value.unwrap_or_default()));
        }
    }
    if found.is_empty() {
        return Err(FetchError::None { path });
    }
    Ok(environment.with(found))
}

/// Returns a comma-separated list of secrets; at least one.
pub fn list(environment: &Environment, name: &str, purpose: &str) -> Result<Vec<Secret>, EnvironmentError> {
    let value = environment.required(name, purpose)?;
    value.split(',').map(|part| Secret::new(part).map_err(|_| blank(name))).collect()
}

/// Returns one secret.
pub fn one(environment: &Environment, name: &str, purpose: &str) -> Result<Secret, EnvironmentError> {
    Secret::new(&environment.required(name, purpose)?).map_err(|_| blank(name))
}

/// Returns a comma-separated list of `name=secret`.
pub fn named(environment: &Environment, name: &str, purpose: &str) -> Result<Vec<(String, Secret)>, EnvironmentError> {
    let value = environment.required(name, purpose)?;
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
    fn a_token_may_contain_an_equals_sign() {
        let tokens = named(&environment("1=EAA==,2=EAB"), "S", "").unwrap();
        assert_eq!(tokens.first().map(|(page, token)| (page.as_str(), token.expose())), Some(("1", "EAA==")));
        assert!(named(&environment("=EAA"), "S", "").is_err());
        assert!(named(&environment("1"), "S", "").is_err());
        assert!(named(&environment("1= "), "S", "").is_err());
    }
}
