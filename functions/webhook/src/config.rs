//! The only reader of this function's environment.

use std::collections::BTreeMap;

use domain::secret::Secret;
use domain::shop::Source;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::secrets::{self, Wanted};

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted {
    required: &["META_APP_SECRETS", "META_VERIFY_TOKEN"],
    optional: &[
        "SHOPIFY_WEBHOOK_SECRETS",
        "WOOCOMMERCE_WEBHOOK_SECRETS",
        "STRIPE_WEBHOOK_SECRETS",
        "EASYPOST_WEBHOOK_SECRETS",
        "AFTERSHIP_WEBHOOK_SECRETS",
    ],
    by_page: None,
};

pub(crate) struct Config {
    /// Several while a secret is rotated.
    pub(crate) app_secrets: Vec<Secret>,
    pub(crate) verify_token: Secret,
    pub(crate) inbound_queue_url: String,
    /// Of the sources that have any; each has several while one is rotated.
    pub(crate) shop_secrets: BTreeMap<Source, Vec<Secret>>,
    pub(crate) orders_queue_url: String,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            app_secrets: secrets::list(environment, "META_APP_SECRETS", "the app secrets that Meta signs webhooks with")?,
            verify_token: secrets::one(environment, "META_VERIFY_TOKEN", "the token that Meta sends in the handshake")?,
            inbound_queue_url: environment.required("INBOUND_QUEUE_URL", "the queue that takes Meta's webhook deliveries")?,
            shop_secrets: Source::WEBHOOKS.into_iter().map(|source| of_source(environment, source)).collect::<Result<_, _>>()?,
            orders_queue_url: environment.required("ORDERS_QUEUE_URL", "the queue that takes the deliveries of shops and carriers")?,
        })
    }
}

fn of_source(environment: &Environment, source: Source) -> Result<(Source, Vec<Secret>), EnvironmentError> {
    Ok((source, secrets::optional_list(environment, secrets_of(source))?))
}

/// The name of a source's secrets.
pub(crate) const fn secrets_of(source: Source) -> &'static str {
    match source {
        Source::Shopify => "SHOPIFY_WEBHOOK_SECRETS",
        Source::Woocommerce => "WOOCOMMERCE_WEBHOOK_SECRETS",
        Source::Stripe => "STRIPE_WEBHOOK_SECRETS",
        Source::Easypost => "EASYPOST_WEBHOOK_SECRETS",
        Source::Aftership => "AFTERSHIP_WEBHOOK_SECRETS",
        // It calls the API, by a key.
        Source::Api => "API_KEYS",
    }
}
