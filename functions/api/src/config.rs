//! The only reader of this function's environment.

use domain::announce::InsecureHosts;
use domain::retention::Retention;
use domain::secret::Secret;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;
use lambda_support::secrets::{self, Wanted};

use crate::keys::ApiKeys;

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted { required: &["API_KEYS", "LINK_SECRET"], optional: &[], by_page: None };

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) outbound_queue_url: String,
    pub(crate) orders_queue_url: String,
    pub(crate) events_queue_url: String,
    /// Where endpoints may be that are in no public network: none but on one machine.
    pub(crate) insecure: InsecureHosts,
    pub(crate) keys: ApiKeys,
    /// Several while the secret is rotated; the first one seals new links.
    pub(crate) link_secrets: Vec<Secret>,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        let keys = environment.required("API_KEYS", "the keys of the API, as name:scope+scope:key")?;
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
            orders_queue_url: environment.required("ORDERS_QUEUE_URL", "the queue of what notices need")?,
            events_queue_url: environment.required("EVENTS_QUEUE_URL", "the queue of announcements")?,
            insecure: InsecureHosts::parse(&environment.optional("ANNOUNCE_INSECURE_HOSTS").unwrap_or_default()),
            keys: ApiKeys::parse(&keys).map_err(|err| EnvironmentError::Invalid { name: "API_KEYS".into(), reason: err.to_string() })?,
            link_secrets: secrets::list(environment, "LINK_SECRET", "the secrets that seal the references of links")?,
        })
    }
}
