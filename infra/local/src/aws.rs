//! DynamoDB and SQS on this machine, with the tables and queues of the template, each on a loopback port of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use local_sqs::{Engine, QueueName};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;
use crate::template::{Queue, StackModel, Table};
use crate::time::StackClock;

/// The stores did not start.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    #[error("no port could be opened")]
    Listen(#[source] std::io::Error),
    #[error("the table's file {path} cannot be opened: {reason}")]
    OpenTable { path: String, reason: String },
    #[error("the table {name} cannot be made: {reason}")]
    CreateTable { name: String, reason: String },
    #[error("the table {name} in the data folder has other keys or indexes than the template; remove the folder to start anew")]
    OtherTable { name: String },
    #[error("the queues' file cannot be opened")]
    OpenQueues(#[source] local_sqs::OpenError),
    #[error("the queue {name} cannot be made")]
    CreateQueue {
        name: String,
        #[source]
        source: local_sqs::EngineError,
    },
}

/// The running stores.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) queues: Engine,
    pub(crate) dynamodb_url: String,
    pub(crate) sqs_url: String,
}

/// Two open ports: their addresses are part of what the template's references yield, so they come first.
#[derive(Debug)]
pub(crate) struct Ports {
    dynamodb: TcpListener,
    sqs: TcpListener,
}

impl Ports {
    pub(crate) async fn open() -> Result<Self, AwsError> {
        Ok(Self { dynamodb: any_port().await?, sqs: any_port().await? })
    }

    pub(crate) fn sqs_url(&self) -> Result<String, AwsError> {
        url(&self.sqs)
    }
}

/// Opens the stores in `folder`, makes what the template has and they lack, and serves them until `shutdown`.
pub(crate) async fn start(
    ports: Ports,
    folder: &Path,
    model: &StackModel,
    clock: &StackClock,
    shutdown: &Shutdown,
) -> Result<Aws, AwsError> {
    let dynamodb_url = url(&ports.dynamodb)?;
    let sqs_url = url(&ports.sqs)?;
    let tables = open_tables(&folder.join("table.sqlite"), &model.tables)?;
    let queues = open_queues(&folder.join("queues.sqlite"), &model.queues, clock).await?;
    let stop = shutdown.clone();
    shutdown.spawn(async move {
        if let Err(reason) = dynoxide::server::serve_with_shutdown(ports.dynamodb, tables, async move { stop.wanted().await }).await {
            tracing::error!(reason, "the table's endpoint stopped");
        }
    });
    let stop = shutdown.clone();
    let router = local_sqs::router(queues.clone());
    shutdown.spawn(async move {
        let served = axum::serve(ports.sqs, router).with_graceful_shutdown(async move { stop.wanted().await }).await;
        if let Err(err) = served {
            tracing::error!(error = %err, "the queues' endpoint stopped");
        }
    });
    Ok(Aws { queues, dynamodb_url, sqs_url })
}

async fn any_port() -> Result<TcpListener, AwsError> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.map_err(AwsError::Listen)
}

fn url(listener: &TcpListener) -> Result<String, AwsError> {
    Ok(format!("http://{}", listener.local_addr().map_err(AwsError::Listen)?))
}

fn open_tables(path: &Path, tables: &[Table]) -> Result<Database, AwsError> {
    let shown = path.display().to_string();
    let database = Database::new(&shown).map_err(|err| AwsError::OpenTable { path: shown, reason: err.to_string() })?;
    for table in tables {
        let failed = |reason: String| AwsError::CreateTable { name: table.name.clone(), reason };
        let request = create_request(table);
        let existing = database.describe_table(DescribeTableRequest { table_name: table.name.clone() });
        if let Ok(existing) = existing {
            let existing = serde_json::to_value(existing).map_err(|err| failed(err.to_string()))?;
            if shape(existing.get("Table").unwrap_or(&Json::Null)) != shape(&request) {
                return Err(AwsError::OtherTable { name: table.name.clone() });
            }
            continue;
        }
        let request: CreateTableRequest = serde_json::from_value(request).map_err(|err| failed(err.to_string()))?;
        database.create_table(request).map_err(|err| failed(err.to_string()))?;
    }
    Ok(database)
}

/// CloudFormation's properties are those of the API, but for some that other calls set.
fn create_request(table: &Table) -> Json {
    let kept = ["AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"];
    let mut request = json!({ "TableName": table.name });
    for name in kept {
        if let (Some(value), Some(fields)) = (table.properties.get(name), request.as_object_mut()) {
            fields.insert(name.into(), value.clone());
        }
    }
    request
}

/// What must agree between a table and the template: the keys, and each index with its keys.
fn shape(table: &Json) -> Json {
    let indexes = table.get("GlobalSecondaryIndexes").and_then(Json::as_array).into_iter().flatten();
    let mut indexes: Vec<Json> = indexes.map(|index| json!([index.get("IndexName"), index.get("KeySchema")])).collect();
    indexes.sort_by_key(Json::to_string);
    json!([table.get("KeySchema"), indexes])
}

async fn open_queues(path: &Path, queues: &[Queue], clock: &StackClock) -> Result<Engine, AwsError> {
    let engine = Engine::open(path, clock.queues()).map_err(AwsError::OpenQueues)?;
    // A queue must stand before another one names it as its dead-letter queue.
    let (with_redrive, plain): (Vec<_>, Vec<_>) = queues.iter().partition(|queue| queue.attributes.contains_key("RedrivePolicy"));
    for queue in plain.into_iter().chain(with_redrive) {
        let failed = |source| AwsError::CreateQueue { name: queue.name.clone(), source };
        let name = QueueName::parse(&queue.name).map_err(failed)?;
        // A queue of an earlier start takes the template's attributes of today.
        if engine.find_queue(&name).await.is_ok() {
            let changeable = queue.attributes.iter().filter(|(name, _)| *name != "FifoQueue");
            let attributes = changeable.map(|(name, value)| (name.clone(), value.clone())).collect();
            engine.set_attributes(&name, attributes).await.map_err(failed)?;
        } else {
            engine.create_queue(&name, &queue.attributes).await.map_err(failed)?;
        }
    }
    if let Err(err) = engine.release_in_flight().await {
        tracing::warn!(error = %err, "what was in flight at the last stop comes again only after its visibility timeout");
    }
    Ok(engine)
}
