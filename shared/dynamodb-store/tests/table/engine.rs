//! An engine on a loopback port for each test, and what was asked of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use table_engine::TableEngine;

/// What the table is called here.
pub(crate) const TABLE: &str = "shopbell";

/// A table of its own. The engine ends with the test's runtime.
pub(crate) struct Engine {
    pub(crate) table: Table,
    pub(crate) client: Client,
    pub(crate) calls: Calls,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        let url = TableEngine::with(TABLE).await.unwrap().url();
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let client = Aws::from_environment(&environment).unwrap().dynamodb();
        let calls = Calls::default();
        let counted = Client::from_conf(client.config().to_builder().interceptor(calls.clone()).build());
        Self { table: Table::new(counted, TABLE.into()), client, calls }
    }
}

/// The calls that were made, by the names of their operations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    /// Returns what was called since this was asked last.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        self.0.lock().unwrap().push(operation.to_owned());
        Ok(())
    }
}

/// Reads every item of the table, each attribute by its name.
pub(crate) async fn everything(client: &Client) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        #[expect(clippy::disallowed_methods, reason = "a test looks at what no access pattern reads")]
        let page = client.scan().table_name(TABLE).set_exclusive_start_key(start).send().await.unwrap();
        items.extend(page.items().iter().map(|item| item.clone().into_iter().collect::<Item>()));
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

pub(crate) type Item = BTreeMap<String, AttributeValue>;
