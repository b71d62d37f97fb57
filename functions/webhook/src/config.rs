//! The only reader of this function's environment.

use domain::secret::Secret;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::secrets::{self, Wanted};

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted { required: &["META_APP_SECRETS", "META_VERIFY_TOKEN"], by_page: None };

pub(crate) struct Config {
    /// Several while a secret is rotated.
    pub(crate) app_secrets: Vec<Secret>,
    pub(crate) verify_token: Secret,
    pub(crate) inbound_queue_url: String,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            app_secrets: secrets::list(environment, "META_APP_SECRETS", "the app secrets that Meta signs webhooks with")?,
            verify_token: secrets::one(environment, "META_VERIFY_TOKEN", "the token that Meta sends in the handshake")?,
            inbound_queue_url: environment.required("INBOUND_QUEUE_URL", "the queue that takes Meta's webhook deliveries")?,
        })
    }
}
