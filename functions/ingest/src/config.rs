//! The only reader of this function's environment.

use lambda_support::environment::{Environment, EnvironmentError};

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) inbound_queue_url: String,
    pub(crate) outbound_queue_url: String,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            inbound_queue_url: environment.required("INBOUND_QUEUE_URL", "the queue that this function works")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
        })
    }
}
