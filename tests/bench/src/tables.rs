//! Tables of the tests' engine: one for each subject, so that none reads another's rows.

use std::net::SocketAddr;

use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use table_engine::TableEngine;

use crate::Outcome;

/// The running engine.
pub(crate) struct Tables(TableEngine);

impl Tables {
    pub(crate) async fn serve() -> Outcome<Self> {
        Ok(Self(TableEngine::start().await?))
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Makes an empty table and a store over it.
    pub(crate) fn make(&self, name: &str) -> Outcome<Table> {
        self.0.create(name)?;
        let url = self.0.url();
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Table::new(Aws::from_environment(&environment)?.dynamodb(), name.to_owned()))
    }
}
