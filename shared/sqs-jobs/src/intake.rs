//! The intake queues: webhook deliveries as they came, proven genuine.

use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::MessageAttributeValue;
use domain::deletion::{ConfirmationCode, DeletionRequest};
use domain::id::UserId;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::LONGEST_BODY;
use crate::body::{self, Encoding};

/// The tag and version of a job, so that a later version knows what it reads.
const META_DELIVERY: &str = "meta.delivery.v1";
const META_DELETION: &str = "meta.deletion.v1";

pub(crate) const JOB: &str = "job";
const ENCODING: &str = "encoding";
const RECEIVED_AT: &str = "received_at";
const REQUEST_ID: &str = "request_id";

/// A webhook delivery of Meta's on its way to `ingest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaDelivery {
    pub body: Vec<u8>,
    pub received_at: Timestamp,
    /// The gateway's id of the request that brought it, for the logs.
    pub request_id: String,
}

/// A body as the queue takes it. Making one does not send it.
#[derive(Debug, Clone)]
pub struct QueueBody {
    text: String,
    encoding: Encoding,
}

impl QueueBody {
    /// Writes `bytes`; nothing when they are too long even compressed.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        body::encode(bytes, LONGEST_BODY).map(|(text, encoding)| Self { text, encoding })
    }

    /// The text and the name of its encoding, as they stand in the queue's message.
    #[must_use]
    pub fn as_written(&self) -> (&str, &'static str) {
        (&self.text, self.encoding.as_str())
    }
}

/// The queue did not take a delivery.
#[derive(Debug, thiserror::Error)]
#[error("the intake queue did not take the delivery: {reason}")]
pub struct IntakeError {
    pub reason: String,
}

/// A queue message that is no delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADelivery {
    #[error("the message has no body")]
    NoBody,
    #[error("the message is tagged {0:?}, which this version does not know")]
    UnknownJob(String),
    #[error("the message does not say which of the known sources it is of")]
    UnknownSource,
    #[error("the message's encoding {0:?} is not known")]
    UnknownEncoding(String),
    #[error("the message's body does not unpack")]
    Unreadable,
}

/// The producing end of an intake queue.
#[derive(Debug, Clone)]
pub struct IntakeQueue {
    client: Client,
    url: String,
}

impl IntakeQueue {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Puts one delivery into the queue, with one call.
    pub async fn put(&self, body: QueueBody, received_at: Timestamp, request_id: &str) -> Result<(), IntakeError> {
        self.send(META_DELIVERY, body, received_at, request_id).await
    }

    /// Puts a person's request to be deleted into the queue.
    pub async fn put_deletion(&self, request: &DeletionRequest, received_at: Timestamp, request_id: &str) -> Result<(), IntakeError> {
        let body = json!({ "code": request.code, "user": request.user }).to_string();
        let body = QueueBody { text: body, encoding: Encoding::Plain };
        self.send(META_DELETION, body, received_at, request_id).await
    }

    async fn send(&self, job: &str, body: QueueBody, received_at: Timestamp, request_id: &str) -> Result<(), IntakeError> {
        send(&self.client, &self.url, body, [(JOB, job)], received_at, request_id).await
    }
}

/// Puts a body into a queue with its facts: those that every delivery has, and `more`.
pub(crate) async fn send<'a>(
    client: &Client,
    url: &str,
    body: QueueBody,
    more: impl IntoIterator<Item = (&'a str, &'a str)>,
    received_at: Timestamp,
    request_id: &str,
) -> Result<(), IntakeError> {
    let message = client
        .send_message()
        .queue_url(url)
        .message_body(body.text)
        .message_attributes(ENCODING, text(body.encoding.as_str())?)
        .message_attributes(RECEIVED_AT, text(&received_at.as_millis().to_string())?)
        .set_message_system_attributes(crate::trace())
        .message_attributes(REQUEST_ID, text(if request_id.is_empty() { "none" } else { request_id })?);
    let with_more = |message: SendMessageFluentBuilder, (name, value)| Ok(message.message_attributes(name, text(value)?));
    let message = more.into_iter().try_fold(message, with_more)?;
    failpoint::before("queue.intake");
    let sent = message.send().await;
    failpoint::after("queue.intake");
    sent.map(drop).map_err(|err| IntakeError { reason: crate::reason(&err) })
}

fn text(value: &str) -> Result<MessageAttributeValue, IntakeError> {
    let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    built.map_err(|err| IntakeError { reason: err.to_string() })
}

/// Tells whether a queue message is a person's request to be deleted.
#[must_use]
pub fn is_deletion(message: &SqsMessage) -> bool {
    message.message_attributes.get(JOB).is_some_and(|job| job.string_value.as_deref() == Some(META_DELETION))
}

/// Reads a person's request to be deleted.
pub fn read_deletion(message: &SqsMessage) -> Result<DeletionRequest, NotADelivery> {
    deletion(message.body.as_deref().ok_or(NotADelivery::NoBody)?)
}

/// Reads a request to be deleted as it stands in the queue.
pub fn deletion(text: &str) -> Result<DeletionRequest, NotADelivery> {
    #[derive(Deserialize)]
    struct Written {
        code: String,
        user: String,
    }
    let written: Written = serde_json::from_str(text).map_err(|_| NotADelivery::Unreadable)?;
    let read = ConfirmationCode::parse(&written.code).zip(UserId::new(written.user));
    let (code, user) = read.ok_or(NotADelivery::Unreadable)?;
    Ok(DeletionRequest { code, user })
}

/// Reads a delivery out of a queue message. A message without attributes counts as a plain body: somebody put it there by hand.
///
/// `now` stands in for the moment of receipt when the message does not tell it.
pub fn read(message: &SqsMessage, now: Timestamp) -> Result<MetaDelivery, NotADelivery> {
    read_job(message, META_DELIVERY, now)
}

/// Reads what every delivery has, out of a message with the tag `job` or none.
pub(crate) fn read_job(message: &SqsMessage, job: &str, now: Timestamp) -> Result<MetaDelivery, NotADelivery> {
    let text = message.body.as_deref().ok_or(NotADelivery::NoBody)?;
    match attribute(message, JOB) {
        Some(other) if other != job => return Err(NotADelivery::UnknownJob(other)),
        Some(_) | None => {}
    }
    let encoding = match attribute(message, ENCODING) {
        Some(name) => Encoding::parse(&name).ok_or(NotADelivery::UnknownEncoding(name))?,
        None => Encoding::Plain,
    };
    Ok(MetaDelivery {
        body: body::decode(text, encoding).ok_or(NotADelivery::Unreadable)?,
        received_at: attribute(message, RECEIVED_AT).and_then(|ms| ms.parse().ok()).map_or(now, Timestamp::from_millis),
        request_id: attribute(message, REQUEST_ID).unwrap_or_default(),
    })
}

pub(crate) fn attribute(message: &SqsMessage, name: &str) -> Option<String> {
    message.message_attributes.get(name).and_then(|value| value.string_value.clone())
}
