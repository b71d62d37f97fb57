//! Tables with the keys and indexes of `infra/data.yaml`, in an engine of this process that a DynamoDB client calls over loopback.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

/// Why there is no engine or no table; a test stops at it.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A running engine. It ends with the runtime that it was started in.
pub struct TableEngine {
    database: Database,
    address: SocketAddr,
}

impl fmt::Debug for TableEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableEngine").field("address", &self.address).finish_non_exhaustive()
    }
}

impl TableEngine {
    /// Starts an engine without tables.
    pub async fn start() -> Result<Self, Failure> {
        let database = Database::memory()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        drop(tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), std::future::pending())));
        Ok(Self { database, address })
    }

    /// Starts an engine with one empty table.
    pub async fn with(table: &str) -> Result<Self, Failure> {
        let engine = Self::start().await?;
        engine.create(table)?;
        Ok(engine)
    }

    /// Makes an empty table.
    pub fn create(&self, table: &str) -> Result<(), Failure> {
        self.database.create_table(definition(table)?).map_err(|err| err.to_string())?;
        Ok(())
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what a client takes as `AWS_ENDPOINT_URL_DYNAMODB`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Reads the table from the template that deploys it.
fn definition(table: &str) -> Result<CreateTableRequest, Failure> {
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(include_str!("../../../infra/data.yaml"))?;
    let properties = ["Resources", "Table", "Properties"].iter().try_fold(&template, |value, name| value.get(name));
    let property = |name: &str| -> Result<Json, Failure> {
        let value = properties.and_then(|properties| properties.get(name));
        Ok(serde_json::to_value(value.ok_or_else(|| format!("infra/data.yaml: the table has no {name}"))?)?)
    };
    Ok(serde_json::from_value(json!({
        "TableName": table,
        "BillingMode": property("BillingMode")?,
        "AttributeDefinitions": property("AttributeDefinitions")?,
        "KeySchema": property("KeySchema")?,
        "GlobalSecondaryIndexes": property("GlobalSecondaryIndexes")?,
    }))?)
}
