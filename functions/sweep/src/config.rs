//! The only reader of this function's environment.

use domain::id::PageId;
use domain::retention::Retention;
use graph_api::{Settings, Timeouts};
use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::retention;
use lambda_support::secrets::{self, Wanted};

/// The parameters that this function reads.
pub const WANTED: Wanted = Wanted { required: &["META_APP_SECRETS"], optional: &[], by_page: Some("META_PAGE_TOKENS") };

/// Where the Graph API is when nothing else is said.
const GRAPH_API: &str = "https://graph.facebook.com/v26.0";

pub(crate) struct Config {
    pub(crate) table_name: String,
    pub(crate) retention: Retention,
    pub(crate) outbound_queue_url: String,
    pub(crate) orders_queue_url: String,
    pub(crate) graph: Settings,
}

impl Config {
    pub(crate) fn read(environment: &Environment) -> Result<Self, EnvironmentError> {
        // The newest secret comes first in the list; it signs what we ask.
        let app_secrets = secrets::list(environment, "META_APP_SECRETS", "the app secret that proves our calls")?;
        // None is no reason not to start: the messages of a Page without a token wait for it.
        let tokens = secrets::named(environment, "META_PAGE_TOKENS")?;
        Ok(Self {
            table_name: environment.required("TABLE_NAME", "the table")?,
            retention: retention::read(environment, "RETENTION_DAYS")?,
            outbound_queue_url: environment.required("OUTBOUND_QUEUE_URL", "the queue of messages that leave")?,
            orders_queue_url: environment.required("ORDERS_QUEUE_URL", "the queue of what notices need")?,
            graph: Settings {
                base_url: environment.optional("GRAPH_API_URL").unwrap_or_else(|| GRAPH_API.into()),
                app_secret: app_secrets.into_iter().next(),
                page_tokens: tokens.into_iter().filter_map(|(page, token)| Some((PageId::new(page)?, token))).collect(),
                timeouts: Timeouts::default(),
            },
        })
    }
}
