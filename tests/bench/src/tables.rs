//! Tables of the tests' engine, with the keys and indexes of `infra/data.yaml`: one for each subject, so that none reads another's rows.

use std::net::SocketAddr;

use dynamodb_store::Table;
use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::Outcome;

/// The running engine.
pub(crate) struct Tables {
    database: Database,
    pub(crate) address: SocketAddr,
}

impl Tables {
    pub(crate) async fn serve() -> Outcome<Self> {
        let database = Database::memory()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        drop(tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), std::future::pending())));
        Ok(Self { database, address })
    }

    /// Makes an empty table and a store over it.
    pub(crate) fn make(&self, name: &str) -> Outcome<Table> {
        self.database.create_table(definition(name)?).map_err(|err| err.to_string())?;
        let url = format!("http://{}", self.address);
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

fn definition(name: &str) -> Outcome<CreateTableRequest> {
    let template: Json = serde_yaml_ng::from_str::<serde_yaml_ng::Value>(include_str!("../../../infra/data.yaml"))
        .map(|template| property(&template, &["Resources", "Table", "Properties"]))?;
    Ok(serde_json::from_value(json!({
        "TableName": name,
        "BillingMode": template.get("BillingMode"),
        "AttributeDefinitions": template.get("AttributeDefinitions"),
        "KeySchema": template.get("KeySchema"),
        "GlobalSecondaryIndexes": template.get("GlobalSecondaryIndexes"),
    }))?)
}

/// Reads below a path; what CloudFormation computes is left out.
fn property(template: &serde_yaml_ng::Value, path: &[&str]) -> Json {
    let found = path.iter().try_fold(template, |value, name| value.get(name));
    let fields = found.and_then(serde_yaml_ng::Value::as_mapping).into_iter().flatten();
    let plain = |value: &serde_yaml_ng::Value| serde_json::to_value(value).ok();
    fields.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), plain(value)?))).collect()
}
