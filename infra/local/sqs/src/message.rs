use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::EngineError;
use crate::clock::millis;
use crate::digest;
use crate::queue_settings::{MAX_DELAY_S, QueueSettings};

const MAX_ATTRIBUTES: usize = 10;
const MAX_ID_CHARS: usize = 128;

/// Message attributes by name.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// A typed value beside the body. The type is `String`, `Number` or `Binary`, perhaps with a label: `Number.cents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "base64_bytes")]
    pub binary_value: Option<Vec<u8>>,
}

impl MessageAttribute {
    #[must_use]
    pub fn string(value: &str) -> Self {
        Self { data_type: "String".to_owned(), string_value: Some(value.to_owned()), binary_value: None }
    }

    pub(crate) fn value(&self) -> &[u8] {
        match (&self.string_value, &self.binary_value) {
            (Some(text), _) => text.as_bytes(),
            (None, Some(bytes)) => bytes,
            (None, None) => &[],
        }
    }

    fn check(&self) -> Result<(), EngineError> {
        let kind = self.data_type.split('.').next().unwrap_or_default();
        let fits = match kind {
            "String" | "Number" => self.string_value.is_some() && self.binary_value.is_none(),
            "Binary" => self.binary_value.is_some() && self.string_value.is_none(),
            _ => return Err(EngineError::parameter("MessageAttributes", "the type is not String, Number or Binary")),
        };
        if !fits || self.value().is_empty() {
            return Err(EngineError::parameter("MessageAttributes", "a value of the attribute's type is required"));
        }
        if let Some(text) = &self.string_value {
            check_characters(text)?;
        }
        Ok(())
    }
}

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    pub body: String,
    pub attributes: MessageAttributes,
    /// `AWSTraceHeader`, which does not count towards the size.
    pub trace_header: Option<String>,
    /// Up to 15 minutes; the queue's own delay where `None`. FIFO queues know only the queue's.
    pub delay: Option<Duration>,
    /// Required by FIFO queues.
    pub group_id: Option<String>,
    /// Required by FIFO queues that do not deduplicate by content; refused by standard queues.
    pub deduplication_id: Option<String>,
}

impl NewMessage {
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The bytes that count towards the limit: the body, and each attribute's name, type and value.
    #[must_use]
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(name, value)| name.len() + value.data_type.len() + value.value().len());
        self.body.len() + attributes.sum::<usize>()
    }

    pub(crate) fn check(&self, queue: &QueueSettings) -> Result<(), EngineError> {
        if self.body.is_empty() {
            return Err(EngineError::MissingParameter("MessageBody"));
        }
        check_characters(&self.body)?;
        self.check_attributes()?;
        if self.size() > queue.max_message_bytes {
            return Err(EngineError::parameter("MessageBody", "the message is larger than the queue's MaximumMessageSize"));
        }
        if self.delay.is_some_and(|delay| millis(delay) > MAX_DELAY_S * 1000) {
            return Err(EngineError::parameter("DelaySeconds", "must be between 0 and 900"));
        }
        self.check_ids(queue)
    }

    fn check_attributes(&self) -> Result<(), EngineError> {
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Err(EngineError::parameter("MessageAttributes", "a message has 10 attributes at most"));
        }
        for (name, attribute) in &self.attributes {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if name.is_empty() || name.len() > 256 || !name.chars().all(legal) {
                return Err(EngineError::parameter("MessageAttributes", "the name is not legal"));
            }
            attribute.check()?;
        }
        Ok(())
    }

    fn check_ids(&self, queue: &QueueSettings) -> Result<(), EngineError> {
        check_id("MessageGroupId", self.group_id.as_deref())?;
        check_id("MessageDeduplicationId", self.deduplication_id.as_deref())?;
        let Some(fifo) = &queue.fifo else {
            return match self.deduplication_id {
                Some(_) => Err(EngineError::parameter("MessageDeduplicationId", "only a FIFO queue takes one")),
                None => Ok(()),
            };
        };
        if self.group_id.is_none() {
            return Err(EngineError::MissingParameter("MessageGroupId"));
        }
        if self.deduplication_id.is_none() && !fifo.content_based_deduplication {
            return Err(EngineError::parameter(
                "MessageDeduplicationId",
                "the queue should either have ContentBasedDeduplication enabled or the id provided",
            ));
        }
        if self.delay.is_some_and(|delay| !delay.is_zero()) {
            return Err(EngineError::parameter("DelaySeconds", "the request includes a parameter that is not valid for this queue type"));
        }
        Ok(())
    }
}

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub message_id: String,
    /// The place in a FIFO queue: 20 digits that grow.
    pub sequence_number: Option<String>,
    pub md5_of_body: String,
    pub md5_of_attributes: Option<String>,
    pub md5_of_system_attributes: Option<String>,
}

/// What a receiver asks for. The default is one message, the queue's wait and the queue's visibility timeout.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// 1 to 10.
    pub max: usize,
    /// Up to 20 seconds; the queue's `ReceiveMessageWaitTimeSeconds` where `None`.
    pub wait: Option<Duration>,
    /// Up to 12 hours; the queue's `VisibilityTimeout` where `None`.
    pub visibility: Option<Duration>,
}

impl Default for Receive {
    fn default() -> Self {
        Self { max: 1, wait: None, visibility: None }
    }
}

/// A received message. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
    pub attributes: MessageAttributes,
    pub sent_at_ms: i64,
    pub first_received_at_ms: i64,
    /// How often the message was received, this time included.
    pub receive_count: i64,
    pub group_id: Option<String>,
    pub deduplication_id: Option<String>,
    pub sequence_number: Option<String>,
    pub trace_header: Option<String>,
    /// The queue whose dead letter this is.
    pub dead_letter_source_arn: Option<String>,
}

impl Message {
    /// The attributes that SQS itself sets, by the names that `ReceiveMessage` and Lambda events use.
    #[must_use]
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let always = [
            ("ApproximateFirstReceiveTimestamp", Some(self.first_received_at_ms.to_string())),
            ("ApproximateReceiveCount", Some(self.receive_count.to_string())),
            ("SenderId", Some("local".to_owned())),
            ("SentTimestamp", Some(self.sent_at_ms.to_string())),
        ];
        let sometimes = [
            ("AWSTraceHeader", &self.trace_header),
            ("DeadLetterQueueSourceArn", &self.dead_letter_source_arn),
            ("MessageDeduplicationId", &self.deduplication_id),
            ("MessageGroupId", &self.group_id),
            ("SequenceNumber", &self.sequence_number),
        ];
        let sometimes = sometimes.into_iter().map(|(name, value)| (name, value.clone()));
        always.into_iter().chain(sometimes).filter_map(|(name, value)| Some((name, value?))).collect()
    }

    #[must_use]
    pub fn md5_of_body(&self) -> String {
        digest::md5_of_body(&self.body)
    }
}

/// Only what XML 1.0 can carry: <https://www.w3.org/TR/REC-xml/#charsets>. A `char` is never a surrogate.
fn check_characters(text: &str) -> Result<(), EngineError> {
    let illegal = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(illegal) { Err(EngineError::InvalidMessageContents) } else { Ok(()) }
}

fn check_id(name: &'static str, id: Option<&str>) -> Result<(), EngineError> {
    let legal = |id: &str| (1..=MAX_ID_CHARS).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic());
    if id.is_none_or(legal) {
        return Ok(());
    }
    Err(EngineError::parameter(name, "can only include alphanumeric and punctuation characters, 1 to 128 in length"))
}

mod base64_bytes {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| BASE64_STANDARD.encode(bytes)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| BASE64_STANDARD.decode(text).map_err(D::Error::custom)).transpose()
    }
}
