//! The only reader of this function's environment.

use domain::retention::Retention;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;
use lambda_support::secrets::Wanted;

use crate::keys::ApiKeys;

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted { required: &["API_KEYS"], by_page: None };

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) outbound_queue_url: String,
    pub(crate) keys: ApiKeys,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        let keys = environment.required("API_KEYS", "the keys of the API, as name:scope+scope:key")?;
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
            keys: ApiKeys::parse(&keys).map_err(|err| EnvironmentError::Invalid { name: "API_KEYS".into(), reason: err.to_string() })?,
        })
    }
}
