//! The only reader of this function's environment.

use domain::retention::Retention;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) inbound_queue_url: String,
    pub(crate) outbound_queue_url: String,
    pub(crate) orders_queue_url: String,
    pub(crate) events_queue_url: String,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            inbound_queue_url: environment.required("INBOUND_QUEUE_URL", "the queue that this function works")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
            orders_queue_url: environment.required("ORDERS_QUEUE_URL", "the queue of what notices need")?,
            events_queue_url: environment.required("EVENTS_QUEUE_URL", "the queue of announcements")?,
        })
    }
}
