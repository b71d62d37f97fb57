//! Stores what customers wrote: for each event a read of the conversation, and one transaction with the rows that `ingest` writes.

use std::collections::HashMap;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::{Deserialize, Serialize};
use serde_dynamo::to_attribute_value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

const WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Deserialize)]
struct Delivery {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    messaging: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Event {
    sender: Party,
    timestamp: i64,
    message: Text,
}

#[derive(Deserialize)]
struct Party {
    id: String,
}

#[derive(Deserialize)]
struct Text {
    mid: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Conversation {
    id: String,
    page: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name_checked_at: Option<i64>,
    case: Case,
    unread_count: u32,
    created_at: i64,
    last_activity_at: i64,
    last_inbound_at: Option<i64>,
    window_ends_at: Option<i64>,
    marks: HashMap<String, i64>,
}

#[derive(Serialize, Deserialize)]
struct Case {
    number: u32,
    status: String,
    opened_at: i64,
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    conversation: &'a str,
    page: &'a str,
    user: &'a str,
    direction: &'a str,
    kind: &'a str,
    author: Author<'a>,
    occurred_at: i64,
    text: &'a str,
    platform_ids: [&'a str; 1],
}

#[derive(Serialize)]
struct Author<'a> {
    kind: &'a str,
    id: &'a str,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let table = Client::new(&config);
    let table_name = std::env::var("TABLE_NAME")?;
    run(service_fn(|event: LambdaEvent<SqsEvent>| handle(&table, &table_name, event.payload))).await
}

async fn handle(table: &Client, table_name: &str, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        if let Err(error) = delivery(table, table_name, record.body.as_deref().unwrap_or_default()).await {
            tracing::warn!(error, "delivery given back");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}

async fn delivery(table: &Client, table_name: &str, body: &str) -> Result<(), Error> {
    let delivery: Delivery = serde_json::from_str(body)?;
    for entry in &delivery.entry {
        for raw in &entry.messaging {
            store(table, table_name, &entry.id, raw).await?;
        }
    }
    Ok(())
}

async fn store(table: &Client, table_name: &str, page: &str, raw: &RawValue) -> Result<(), Error> {
    let event: Event = serde_json::from_str(raw.get())?;
    let user = &event.sender.id;
    let id = format!("cnv_{}", hash(&[page, user], 13));
    let partition = format!("CNV#{id}");
    let found = table
        .get_item()
        .table_name(table_name)
        .key("pk", AttributeValue::S(partition.clone()))
        .key("sk", AttributeValue::S("C#".into()))
        .consistent_read(true)
        .send()
        .await?;
    let (version, mut conversation) = match found.item {
        Some(item) => {
            let version: u64 = item["version"].as_n().map_err(|_| "no version")?.parse()?;
            (version, serde_dynamo::from_attribute_value(item["conversation"].clone())?)
        }
        None => (0, begin(&id, page, user, event.timestamp)),
    };
    conversation.unread_count += 1;
    conversation.last_activity_at = conversation.last_activity_at.max(event.timestamp);
    conversation.last_inbound_at = conversation.last_inbound_at.max(Some(event.timestamp));
    conversation.window_ends_at = conversation.window_ends_at.max(Some(event.timestamp + WINDOW_MS));

    let message_id = format!("msg_{:012x}{}", event.timestamp, hash(&[page, &event.message.mid], 7));
    let message = Message {
        id: &message_id,
        conversation: &id,
        page,
        user,
        direction: "inbound",
        kind: "text",
        author: Author { kind: "customer", id: user },
        occurred_at: event.timestamp,
        text: &event.message.text,
        platform_ids: [&event.message.mid],
    };
    let row = format!("M#{message_id}");
    let marker = Put::builder()
        .table_name(table_name)
        .item("pk", AttributeValue::S(format!("KEY#m{}", hash(&[page, &event.message.mid], 26))))
        .item("sk", AttributeValue::S("K#".into()))
        .item("schema", AttributeValue::N("1".into()))
        .item("row_pk", AttributeValue::S(partition.clone()))
        .item("row_sk", AttributeValue::S(row.clone()))
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    let summary = Put::builder()
        .table_name(table_name)
        .item("pk", AttributeValue::S(partition.clone()))
        .item("sk", AttributeValue::S("C#".into()))
        .item("schema", AttributeValue::N("1".into()))
        .item("version", AttributeValue::N((version + 1).to_string()))
        .item("inbox_pk", AttributeValue::S(format!("INBOX#{page}#{}#0", conversation.case.status)))
        .item("inbox_sk", AttributeValue::S(format!("{:015}#{id}", conversation.last_activity_at)))
        .item("conversation", to_attribute_value(&conversation)?);
    let summary = if version == 0 {
        summary.condition_expression("attribute_not_exists(pk)")
    } else {
        summary
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
    };
    let message = Put::builder()
        .table_name(table_name)
        .item("pk", AttributeValue::S(partition))
        .item("sk", AttributeValue::S(row))
        .item("schema", AttributeValue::N("1".into()))
        .item("revision", AttributeValue::N("1".into()))
        .item("message", to_attribute_value(&message)?)
        .item("raw", AttributeValue::S(raw.get().into()))
        .condition_expression("attribute_not_exists(pk)")
        .build()?;
    let write = |put: Put| TransactWriteItem::builder().put(put).build();
    table
        .transact_write_items()
        .transact_items(write(marker))
        .transact_items(write(summary.build()?))
        .transact_items(write(message))
        .send()
        .await?;
    tracing::info!(conversation.id = id, outcome = "new", "event taken");
    Ok(())
}

fn begin(id: &str, page: &str, user: &str, at: i64) -> Conversation {
    Conversation {
        id: id.into(),
        page: page.into(),
        user: user.into(),
        name: None,
        name_checked_at: None,
        case: Case { number: 1, status: "open".into(), opened_at: at },
        unread_count: 0,
        created_at: at,
        last_activity_at: at,
        last_inbound_at: None,
        window_ends_at: None,
        marks: HashMap::new(),
    }
}

fn hash(parts: &[&str], bytes: usize) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part.as_bytes());
        sha.update([0]);
    }
    hex::encode(&sha.finalize()[..bytes])
}
