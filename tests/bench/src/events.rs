//! The events that Lambda hands to functions, with what Meta and our own queues put into them.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::id::{ConversationId, MessageId};
use domain::job::OutboundJob;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use sqs_jobs::outbound;
use testkit::ids::PAGE;

use crate::Outcome;

/// The app secret of every subject.
pub(crate) const SECRET: &str = "0f9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b";

/// How many customers write.
pub(crate) const CUSTOMERS: usize = 50;

/// How many messages one delivery of a large batch holds.
const MESSAGES_A_DELIVERY: usize = 5;

/// Makes events that never came before.
#[derive(Debug)]
pub(crate) struct Events {
    moment: AtomicI64,
}

impl Events {
    /// Events that happen from `start_ms` on, a millisecond apart.
    pub(crate) const fn since(start_ms: i64) -> Self {
        Self { moment: AtomicI64::new(start_ms) }
    }

    fn moment(&self) -> i64 {
        self.moment.fetch_add(1, Ordering::Relaxed)
    }

    /// A delivery of Meta's with one message of each of the first `customers`.
    fn delivery(&self, customers: std::ops::Range<usize>) -> String {
        let message = |number| {
            let at = self.moment();
            json!({
                "sender": { "id": customer(number) }, "recipient": { "id": PAGE }, "timestamp": at,
                "message": {
                    "mid": format!("m_WjsKrJAXUusVVuyssOf0J8KpTLdavAs3DbZWQhvvx363hCcf78y97O_uJyP7rnMXnYhAyv9noD8R0Q8c-M{at}"),
                    "text": "Hi, where is my order 20418?",
                },
            })
        };
        let messages: Vec<Json> = customers.map(message).collect();
        json!({ "object": "page", "entry": [{ "id": PAGE, "time": self.moment(), "messaging": messages }] }).to_string()
    }

    /// A signed webhook delivery as the gateway hands it on.
    pub(crate) fn webhook(&self, messages: usize) -> Outcome<Vec<u8>> {
        let body = self.delivery(0..messages);
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?.chain_update(&body);
        let event = json!({
            "version": "2.0",
            "routeKey": "POST /webhooks/meta",
            "rawPath": "/webhooks/meta",
            "rawQueryString": "",
            "headers": {
                "accept": "*/*",
                "accept-encoding": "deflate, gzip",
                "content-length": body.len().to_string(),
                "content-type": "application/json",
                "host": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
                "user-agent": "facebookexternalua",
                "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                "x-forwarded-for": "173.252.87.1",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
                "x-hub-signature": "sha1=0f9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b0f9d8c7b",
                "x-hub-signature-256": format!("sha256={}", hex::encode(mac.finalize().into_bytes())),
            },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abcdefghij",
                "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
                "domainPrefix": "abcdefghij",
                "http": {
                    "method": "POST", "path": "/webhooks/meta", "protocol": "HTTP/1.1", "sourceIp": "173.252.87.1",
                    "userAgent": "facebookexternalua",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "POST /webhooks/meta",
                "stage": "$default",
                "time": "22/Nov/2026:10:00:00 +0000",
                "timeEpoch": self.moment(),
            },
            "body": body,
            "isBase64Encoded": false,
        });
        Ok(event.to_string().into_bytes())
    }

    /// A batch of the inbound queue: one message, or one of each customer in several deliveries.
    pub(crate) fn inbound(&self, messages: usize) -> Vec<u8> {
        let starts = (0..messages).step_by(MESSAGES_A_DELIVERY);
        let records = starts.map(|start| {
            let body = self.delivery(start..(start + MESSAGES_A_DELIVERY).min(messages));
            let text = |value: &str| json!({ "stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String" });
            let attributes = json!({
                "job": text("meta.delivery.v1"), "encoding": text("plain"), "request_id": text("JKJaXmPLvHcESHA="),
                "received_at": text(&self.moment().to_string()),
            });
            self.record(&body, &attributes, None)
        });
        batch(&records.collect::<Vec<_>>())
    }

    /// A batch of the outbound queue: each message in the group of its conversation.
    pub(crate) fn outbound(&self, messages: Vec<(ConversationId, MessageId)>) -> Outcome<Vec<u8>> {
        let mut records = Vec::new();
        for (conversation, message) in messages {
            let group = conversation.to_string();
            let body = outbound::write(&OutboundJob::Deliver { conversation, message })?;
            records.push(self.record(&body, &json!({}), Some(&group)));
        }
        Ok(batch(&records))
    }

    fn record(&self, body: &str, attributes: &Json, group: Option<&str>) -> Json {
        let at = self.moment();
        json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-{:012}", at % 1_000_000_000_000),
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a".repeat(5),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": at.to_string(), "SenderId": "AROAIWPX5BD2BHG722MW4:sender",
                "ApproximateFirstReceiveTimestamp": at.to_string(), "MessageGroupId": group.unwrap_or("none"),
            },
            "messageAttributes": attributes,
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:inbound",
            "awsRegion": "eu-central-1",
        })
    }
}

fn batch(records: &[Json]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// The id of a customer.
pub(crate) fn customer(number: usize) -> String {
    format!("74029188364{number:05}")
}
