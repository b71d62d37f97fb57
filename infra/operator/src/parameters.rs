//! The secrets of a stack in the Parameter Store.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::types::ParameterType;
use domain::secret::Secret;

/// A call of the Parameter Store failed. No variant repeats a value.
#[derive(Debug, thiserror::Error)]
pub enum ParametersError {
    #[error("the parameters under {path} cannot be read: {reason}")]
    Read { path: String, reason: String },
    #[error("the parameter {name} cannot be written: {reason}")]
    Written { name: String, reason: String },
}

/// The parameters under one path, by the rest of their names: `META_VERIFY_TOKEN`, `META_PAGE_TOKENS/108234567890123`.
#[derive(Debug)]
pub(crate) struct Parameters {
    client: Client,
    path: String,
}

impl Parameters {
    pub(crate) const fn new(client: Client, path: String) -> Self {
        Self { client, path }
    }

    /// Reads them all. A blank one counts as missing.
    pub(crate) async fn all(&self) -> Result<BTreeMap<String, Secret>, ParametersError> {
        let read = self.client.get_parameters_by_path().path(&self.path).recursive(true).with_decryption(true);
        let mut pages = read.into_paginator().send();
        let mut found = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|err| ParametersError::Read { path: self.path.clone(), reason: reason(&err) })?;
            for parameter in page.parameters.unwrap_or_default() {
                let name = parameter.name.as_deref().and_then(|name| name.strip_prefix(&self.path)).map(str::to_owned);
                let value = parameter.value.as_deref().and_then(|value| Secret::new(value).ok());
                found.extend(name.zip(value));
            }
        }
        Ok(found)
    }

    /// Writes one as a `SecureString`, in place of what was there.
    pub(crate) async fn put(&self, name: &str, value: &Secret) -> Result<(), ParametersError> {
        let name = format!("{}{name}", self.path);
        let put = self.client.put_parameter().name(&name).value(value.expose()).r#type(ParameterType::SecureString).overwrite(true);
        put.send().await.map(drop).map_err(|err| ParametersError::Written { name, reason: reason(&err) })
    }
}

fn reason<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("no message")),
        (None, _) => DisplayErrorContext(error).to_string(),
    }
}
