//! The only reader of the operator's environment. `infra/operator/stack_env.py` makes it of the stack's outputs.

use domain::id::PageId;
use domain::secret::Secret;
use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;

use crate::arguments::QueueName;

/// Where the Graph API is when nothing else is said.
const GRAPH_API: &str = "https://graph.facebook.com/v26.0";

/// Where Meta's webhooks come in, below the gateway's address.
const WEBHOOKS: &str = "/webhooks/meta";

/// The addresses of a queue and of its dead letters.
pub(crate) struct Queue {
    pub(crate) url: String,
    pub(crate) dead_letters_url: String,
}

impl Queue {
    pub(crate) fn read(environment: &Environment, name: QueueName) -> Result<Self, EnvironmentError> {
        let (url, dead_letters) = match name {
            QueueName::Inbound => ("INBOUND_QUEUE_URL", "INBOUND_DEAD_LETTERS_URL"),
            QueueName::Orders => ("ORDERS_QUEUE_URL", "ORDERS_DEAD_LETTERS_URL"),
            QueueName::Events => ("EVENTS_QUEUE_URL", "EVENTS_DEAD_LETTERS_URL"),
            QueueName::Outbound => ("OUTBOUND_QUEUE_URL", "OUTBOUND_DEAD_LETTERS_URL"),
        };
        Ok(Self {
            url: environment.required(url, "the queue that dead letters go back to")?,
            dead_letters_url: environment.required(dead_letters, "the queue of what ran out of receives")?,
        })
    }
}

/// What connecting a Page needs.
pub(crate) struct Connection {
    pub(crate) secrets_path: String,
    pub(crate) graph_url: String,
    pub(crate) callback: String,
    pub(crate) table_name: String,
    /// Secrets that need not be asked for.
    pub(crate) app_secret: Option<Secret>,
    pub(crate) page_token: Option<Secret>,
}

impl Connection {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        let gateway = environment.required("WEBHOOK_URL", "the address of the gateway, the stack's output Url")?;
        Ok(Self {
            secrets_path: environment.required("SECRETS_PATH", "where the stack's secrets lie in the Parameter Store")?,
            graph_url: graph_url(environment),
            callback: format!("{}{WEBHOOKS}", gateway.trim_end_matches('/')),
            table_name: table_name(environment)?,
            app_secret: secret(environment, "META_APP_SECRET"),
            page_token: secret(environment, "META_PAGE_TOKEN"),
        })
    }
}

/// The table, which keeps what is stored as long as the functions do.
pub(crate) fn table(environment: &Environment, aws: &Aws) -> Result<Table, EnvironmentError> {
    Ok(Table::new(aws.dynamodb(), table_name(environment)?).keeping(retention::read(environment, "RETENTION_DAYS")?))
}

pub(crate) fn graph_url(environment: &Environment) -> String {
    environment.optional("GRAPH_API_URL").unwrap_or_else(|| GRAPH_API.into())
}

pub(crate) fn table_name(environment: &Environment) -> Result<String, EnvironmentError> {
    environment.required("TABLE_NAME", "the table")
}

pub(crate) fn inbound_queue(environment: &Environment) -> Result<String, EnvironmentError> {
    environment.required("INBOUND_QUEUE_URL", "the queue of webhook deliveries")
}

pub(crate) fn outbound_queue(environment: &Environment) -> Result<String, EnvironmentError> {
    environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")
}

pub(crate) fn orders_queue(environment: &Environment) -> Result<String, EnvironmentError> {
    environment.required("ORDERS_QUEUE_URL", "the queue of what notices need")
}

pub(crate) fn events_queue(environment: &Environment) -> Result<String, EnvironmentError> {
    environment.required("EVENTS_QUEUE_URL", "the queue of what the shop's own programs are told")
}

/// Where the secrets lie; nothing for a stack that has them in its environment.
pub(crate) fn secrets_path(environment: &Environment) -> Option<String> {
    environment.optional("SECRETS_PATH")
}

/// The token of a Page among those of a stack that has its secrets in its environment.
pub(crate) fn page_token(environment: &Environment, page: &PageId) -> Option<Secret> {
    let tokens = environment.optional("META_PAGE_TOKENS")?;
    let of_page = tokens.split(',').filter_map(|pair| pair.split_once('=')).find(|(of, _)| of.trim() == page.as_str());
    of_page.and_then(|(_, token)| Secret::new(token).ok())
}

fn secret(environment: &Environment, name: &str) -> Option<Secret> {
    environment.optional(name).and_then(|value| Secret::new(&value).ok())
}
