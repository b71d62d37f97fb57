//! The only reader of this function's environment.

use domain::retention::Retention;
use domain::secret::Secret;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;
use lambda_support::secrets::{self, Wanted};

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted { required: &["LINK_SECRET"], optional: &["SMTP_URL"], by_page: None };

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) orders_queue_url: String,
    pub(crate) outbound_queue_url: String,
    pub(crate) events_queue_url: String,
    /// Several while the secret is rotated.
    pub(crate) link_secrets: Vec<Secret>,
    pub(crate) mail: mail::Settings,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            orders_queue_url: environment.required("ORDERS_QUEUE_URL", "the queue that this function works")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
            events_queue_url: environment.required("EVENTS_QUEUE_URL", "the queue of what the shop's programs are told")?,
            link_secrets: secrets::list(environment, "LINK_SECRET", "the secret that links are signed with")?,
            mail: mail::Settings {
                from: environment.optional("EMAIL_FROM"),
                smtp_url: environment.optional("SMTP_URL").and_then(|url| Secret::new(&url).ok()),
            },
        })
    }
}
