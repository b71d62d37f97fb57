//! The least that a webhook and an ingested batch can cost. It checks and reads the same bytes, signs and makes the round trips over TLS that
//! cannot be saved, and does nothing else: no retry, no timeout, no log, no care.

mod aws;
mod http;

use aws::Aws;
use http::Connection;
use ring::hmac;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The most messages of one transaction: 100 writes, of which a message needs three.
const MESSAGES_A_TRANSACTION: usize = 33;

#[derive(Deserialize)]
struct Request {
    headers: Headers,
    body: String,
}

#[derive(Deserialize)]
struct Headers {
    #[serde(rename = "x-hub-signature-256")]
    signature: String,
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    body: String,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(borrow)]
    messaging: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    sender: Party<'a>,
    timestamp: i64,
    #[serde(borrow)]
    message: Text<'a>,
}

#[derive(Deserialize)]
struct Party<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct Text<'a> {
    mid: &'a str,
    text: &'a str,
}

fn main() -> Outcome<()> {
    let mut runtime = Connection::plain(&std::env::var("AWS_LAMBDA_RUNTIME_API")?)?;
    let mut aws = Aws::from_environment()?;
    let is_webhook = std::env::var("_HANDLER")? == "webhook";
    loop {
        let (head, event) = runtime.call("GET /2018-06-01/runtime/invocation/next", "", b"")?;
        let id = http::header(&head, "lambda-runtime-aws-request-id").ok_or("no request id")?;
        let answer = if is_webhook { webhook(&mut aws, &event)? } else { ingest(&mut aws, &event)? };
        runtime.call(&format!("POST /2018-06-01/runtime/invocation/{id}/response"), "", answer.as_bytes())?;
    }
}

fn webhook(aws: &mut Aws, event: &[u8]) -> Outcome<String> {
    let request: Request = serde_json::from_slice(event)?;
    let secret = hmac::Key::new(hmac::HMAC_SHA256, std::env::var("META_APP_SECRETS")?.as_bytes());
    let signature = unhex(request.headers.signature.strip_prefix("sha256=").ok_or("no signature")?);
    hmac::verify(&secret, request.body.as_bytes(), &signature).map_err(|_| "not genuine")?;
    let _delivery: Delivery<'_> = serde_json::from_str(&request.body)?;
    let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let call = json!({
        "QueueUrl": std::env::var("INBOUND_QUEUE_URL")?,
        "MessageBody": request.body,
        "MessageAttributes": {
            "job": text("meta.delivery.v1"), "encoding": text("plain"), "received_at": text("1795255200000"), "request_id": text("none"),
        },
    });
    aws.call("sqs", "AmazonSQS.SendMessage", &call)?;
    Ok(json!({ "statusCode": 200, "headers": { "content-type": "text/plain" }, "body": "EVENT_RECEIVED" }).to_string())
}

/// One read of all conversations, and as few transactions as hold the rows.
fn ingest(aws: &mut Aws, event: &[u8]) -> Outcome<String> {
    let table = std::env::var("TABLE_NAME")?;
    let batch: Batch = serde_json::from_slice(event)?;
    let deliveries: Vec<Delivery<'_>> = batch.records.iter().map(|record| serde_json::from_str(&record.body)).collect::<Result<_, _>>()?;
    let mut events = Vec::new();
    for entry in deliveries.iter().flat_map(|delivery| &delivery.entry) {
        for raw in &entry.messaging {
            events.push((entry.id, raw.get(), serde_json::from_str::<Event<'_>>(raw.get())?));
        }
    }
    let conversation = |page: &str, user: &str| format!("CNV#{page}#{user}");
    let keys = events.iter().map(|(page, _, event)| json!({ "pk": { "S": conversation(page, event.sender.id) }, "sk": { "S": "C#" } }));
    let found = aws.call("dynamodb", "DynamoDB_20120810.BatchGetItem", &json!({
        "RequestItems": { &table: { "ConsistentRead": true, "Keys": keys.collect::<Vec<_>>() } },
    }))?;
    let _found: Value = serde_json::from_slice(&found)?;
    for events in events.chunks(MESSAGES_A_TRANSACTION) {
        let writes = events.iter().flat_map(|(page, raw, event)| rows(&table, &conversation(page, event.sender.id), page, raw, event));
        aws.call("dynamodb", "DynamoDB_20120810.TransactWriteItems", &json!({ "TransactItems": writes.collect::<Vec<_>>() }))?;
    }
    Ok(String::from(r#"{"batchItemFailures":[]}"#))
}

/// The rows of a message with as many bytes as `ingest` writes.
fn rows(table: &str, partition: &str, page: &str, raw: &str, event: &Event<'_>) -> [Value; 3] {
    let text = |value: &str| json!({ "S": value });
    let number = |value: i64| json!({ "N": value.to_string() });
    let row = format!("M#{}", event.message.mid);
    let put = |item: Value| json!({ "Put": { "TableName": table, "Item": item } });
    [
        put(json!({
            "pk": text(&format!("KEY#{}", event.message.mid)), "sk": text("K#"), "schema": number(1),
            "row_pk": text(partition), "row_sk": text(&row),
        })),
        put(json!({
            "pk": text(partition), "sk": text("C#"), "schema": number(1), "version": number(1),
            "inbox_pk": text(&format!("INBOX#{page}#open#0")), "inbox_sk": text(&format!("{:015}#{partition}", event.timestamp)),
            "conversation": { "M": {
                "id": text(partition), "page": text(page), "user": text(event.sender.id), "name": text("Mia Sommer"),
                "name_checked_at": number(event.timestamp), "unread_count": number(1), "created_at": number(event.timestamp),
                "case": { "M": { "number": number(1), "status": text("open"), "opened_at": number(event.timestamp) } },
                "last_activity_at": number(event.timestamp), "last_inbound_at": number(event.timestamp),
                "window_ends_at": number(event.timestamp), "marks": { "M": {} }, "version": number(1),
            } },
        })),
        put(json!({
            "pk": text(partition), "sk": text(&row), "schema": number(1), "revision": number(1), "raw": text(raw),
            "message": { "M": {
                "id": text(&row), "conversation": text(partition), "page": text(page), "user": text(event.sender.id),
                "direction": text("inbound"), "kind": text("text"), "occurred_at": number(event.timestamp), "text": text(event.message.text),
                "author": { "M": { "kind": text("customer"), "id": text(event.sender.id) } },
                "platform_ids": { "L": [text(event.message.mid)] },
            } },
        })),
    ]
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
}
