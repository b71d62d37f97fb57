//! The only reader of this function's environment.

use domain::announce::InsecureHosts;
use domain::retention::Retention;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) events_queue_url: String,
    /// None but on one machine.
    pub(crate) insecure: InsecureHosts,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            events_queue_url: environment.required("EVENTS_QUEUE_URL", "the queue that this function works")?,
            insecure: InsecureHosts::parse(&environment.optional("ANNOUNCE_INSECURE_HOSTS").unwrap_or_default()),
        })
    }
}
