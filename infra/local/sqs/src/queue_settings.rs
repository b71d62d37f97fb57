use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{EngineError, QueueName};

/// A queue's attributes as AWS writes them, by name: `{"VisibilityTimeout": "45"}`.
///
/// Names, ranges and defaults: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
pub type QueueAttributes = BTreeMap<String, String>;

/// The largest message, body and attributes together: 1 MiB.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// The longest visibility timeout: 12 hours.
pub(crate) const MAX_VISIBILITY_S: i64 = 43_200;
/// The longest delay: 15 minutes.
pub(crate) const MAX_DELAY_S: i64 = 900;
/// The longest long poll.
pub(crate) const MAX_WAIT_S: i64 = 20;

/// Attributes that mean nothing on one machine: kept and given back, never enforced.
const KEPT: [&str; 5] = ["Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];

/// A queue's settings, read from its attributes and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueSettings {
    pub(crate) visibility_timeout_s: i64,
    pub(crate) delay_s: i64,
    pub(crate) retention_s: i64,
    pub(crate) receive_wait_s: i64,
    pub(crate) max_message_bytes: usize,
    pub(crate) redrive: Option<RedrivePolicy>,
    pub(crate) fifo: Option<FifoSettings>,
    kept: QueueAttributes,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FifoSettings {
    pub(crate) content_based_deduplication: bool,
    pub(crate) deduplication_scope: DeduplicationScope,
    throughput_limit: ThroughputLimit,
}

/// Within what a deduplication id is unique.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DeduplicationScope {
    #[default]
    MessageQueue,
    MessageGroup,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ThroughputLimit {
    #[default]
    PerQueue,
    PerMessageGroupId,
}

/// `{"deadLetterTargetArn": "arn:…", "maxReceiveCount": 3}`; the count may come as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedrivePolicy {
    pub(crate) dead_letter_target_arn: String,
    #[serde(deserialize_with = "number_or_text")]
    pub(crate) max_receive_count: i64,
}

impl QueueSettings {
    /// The settings of a new queue: AWS's defaults, then what `attributes` say.
    pub(crate) fn new(name: &QueueName, attributes: &QueueAttributes) -> Result<Self, EngineError> {
        if name.is_fifo() != attributes.contains_key("FifoQueue") {
            return Err(EngineError::parameter("QueueName", "a name ends with .fifo if, and only if, FifoQueue is true"));
        }
        Self {
            visibility_timeout_s: 30,
            delay_s: 0,
            retention_s: 345_600,
            receive_wait_s: 0,
            max_message_bytes: MAX_MESSAGE_BYTES,
            redrive: None,
            fifo: name.is_fifo().then(FifoSettings::default),
            kept: QueueAttributes::new(),
        }
        .with(attributes)
    }

    /// These settings, changed by `attributes`.
    pub(crate) fn with(mut self, attributes: &QueueAttributes) -> Result<Self, EngineError> {
        for (name, value) in attributes {
            self.set(name, value)?;
        }
        Ok(self)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), EngineError> {
        match name {
            "VisibilityTimeout" => self.visibility_timeout_s = number(name, value, 0..=MAX_VISIBILITY_S)?,
            "DelaySeconds" => self.delay_s = number(name, value, 0..=MAX_DELAY_S)?,
            "MessageRetentionPeriod" => self.retention_s = number(name, value, 60..=1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.receive_wait_s = number(name, value, 0..=MAX_WAIT_S)?,
            "MaximumMessageSize" => self.max_message_bytes = number(name, value, 1024..=MAX_MESSAGE_BYTES)?,
            "RedrivePolicy" => self.redrive = redrive_policy(value)?,
            kept if KEPT.contains(&kept) => {
                self.kept.insert(name.to_owned(), value.to_owned());
            }
            _ => self.set_fifo(name, value)?,
        }
        Ok(())
    }

    fn set_fifo(&mut self, name: &str, value: &str) -> Result<(), EngineError> {
        let Some(fifo) = &mut self.fifo else {
            return Err(EngineError::InvalidAttributeName(name.to_owned()));
        };
        let bad_value = || EngineError::InvalidAttributeValue(name.to_owned());
        match name {
            "FifoQueue" if value == "true" => {}
            "FifoQueue" => return Err(bad_value()),
            "ContentBasedDeduplication" => {
                fifo.content_based_deduplication = value.parse().map_err(|_| bad_value())?;
            }
            "DeduplicationScope" => {
                fifo.deduplication_scope = choice(value).ok_or_else(bad_value)?;
            }
            "FifoThroughputLimit" => fifo.throughput_limit = choice(value).ok_or_else(bad_value)?,
            _ => return Err(EngineError::InvalidAttributeName(name.to_owned())),
        }
        Ok(())
    }

    /// The settings as attributes, the way `GetQueueAttributes` shows them.
    pub(crate) fn describe(&self) -> Result<QueueAttributes, EngineError> {
        let mut attributes = self.kept.clone();
        let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
        put("VisibilityTimeout", self.visibility_timeout_s.to_string());
        put("DelaySeconds", self.delay_s.to_string());
        put("MessageRetentionPeriod", self.retention_s.to_string());
        put("ReceiveMessageWaitTimeSeconds", self.receive_wait_s.to_string());
        put("MaximumMessageSize", self.max_message_bytes.to_string());
        if let Some(policy) = &self.redrive {
            put("RedrivePolicy", serde_json::to_string(policy)?);
        }
        if let Some(fifo) = &self.fifo {
            put("FifoQueue", "true".to_owned());
            put("ContentBasedDeduplication", fifo.content_based_deduplication.to_string());
            put("DeduplicationScope", chosen(fifo.deduplication_scope)?);
            put("FifoThroughputLimit", chosen(fifo.throughput_limit)?);
        }
        Ok(attributes)
    }
}

impl RedrivePolicy {
    pub(crate) fn target(&self) -> Result<QueueName, EngineError> {
        QueueName::from_arn(&self.dead_letter_target_arn)
    }
}

fn number<N>(name: &str, value: &str, range: RangeInclusive<N>) -> Result<N, EngineError>
where
    N: std::str::FromStr + PartialOrd,
{
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| EngineError::InvalidAttributeValue(name.to_owned()))
}

/// Reads a policy; the empty string takes it away.
fn redrive_policy(value: &str) -> Result<Option<RedrivePolicy>, EngineError> {
    if value.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(value)
        .ok()
        .filter(|policy: &RedrivePolicy| (1..=1000).contains(&policy.max_receive_count))
        .map(Some)
        .ok_or_else(|| EngineError::InvalidAttributeValue("RedrivePolicy".to_owned()))
}

fn choice<T: for<'de> Deserialize<'de>>(value: &str) -> Option<T> {
    serde_json::from_value(value.into()).ok()
}

fn chosen<T: Serialize>(value: T) -> Result<String, EngineError> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(i64),
        Text(String),
    }
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
