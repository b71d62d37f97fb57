//! The orders queue: what `notify` has to do.
//!
//! A job is a tagged JSON document; its version stands in the attribute `job`, which tells it from the deliveries of shops in the same queue.

use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use domain::job::OrdersJob;
use domain::notify::OrdersJobs;
use domain::ports::JobQueueError;

use crate::LONGEST_BODY;
use crate::body::{self, Encoding};

/// The tag and version of a job, so that a later version knows what it reads.
const ORDERS_JOB: &str = "orders.job.v1";

const JOB: &str = "job";
const ENCODING: &str = "encoding";

/// A queue message is tagged as a job and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrdersJob {
    #[error("the message has no body")]
    NoBody,
    #[error("the message's encoding {0:?} is not known")]
    UnknownEncoding(String),
    #[error("the message's body does not unpack")]
    Packed,
    #[error("the message is not a job (line {line}, column {column})")]
    Unreadable { line: usize, column: usize },
}

/// The producing end of the orders queue.
#[derive(Debug, Clone)]
pub struct OrdersQueue {
    client: Client,
    url: String,
}

impl OrdersQueue {
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl OrdersJobs for OrdersQueue {
    async fn put(&self, job: &OrdersJob) -> Result<(), JobQueueError> {
        let (body, encoding) = write(job)?;
        failpoint::before("queue.orders");
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_attributes(JOB, text(ORDERS_JOB)?)
            .message_attributes(ENCODING, text(encoding.as_str())?)
            .set_message_system_attributes(crate::trace())
            .send()
            .await;
        failpoint::after("queue.orders");
        sent.map(drop).map_err(|err| JobQueueError { reason: crate::reason(&err) })
    }
}

fn write(job: &OrdersJob) -> Result<(String, Encoding), JobQueueError> {
    let json = serde_json::to_vec(job).map_err(|err| JobQueueError { reason: err.to_string() })?;
    body::encode(&json, LONGEST_BODY).ok_or_else(|| JobQueueError { reason: "it is too long even compressed".into() })
}

fn text(value: &str) -> Result<MessageAttributeValue, JobQueueError> {
    let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    built.map_err(|err| JobQueueError { reason: err.to_string() })
}

/// Writes a job as it is parked.
#[must_use]
pub fn to_parked(job: &OrdersJob) -> Vec<u8> {
    // Plain types of ours: writing them does not fail.
    serde_json::to_vec(job).unwrap_or_default()
}

/// Reads [`to_parked`] back; nothing when it is none.
#[must_use]
pub fn from_parked(bytes: &[u8]) -> Option<OrdersJob> {
    serde_json::from_slice(bytes).ok()
}

/// Reads a job out of a queue message; nothing when the message is tagged as something else.
pub fn read(message: &SqsMessage) -> Result<Option<OrdersJob>, NotAnOrdersJob> {
    let attribute = |name: &str| message.message_attributes.get(name).and_then(|value| value.string_value.clone());
    if attribute(JOB).as_deref() != Some(ORDERS_JOB) {
        return Ok(None);
    }
    let text = message.body.as_deref().ok_or(NotAnOrdersJob::NoBody)?;
    let encoding = match attribute(ENCODING) {
        Some(name) => Encoding::parse(&name).ok_or(NotAnOrdersJob::UnknownEncoding(name))?,
        None => Encoding::Plain,
    };
    let json = body::decode(text, encoding).ok_or(NotAnOrdersJob::Packed)?;
    serde_json::from_slice(&json).map(Some).map_err(|err| NotAnOrdersJob::Unreadable { line: err.line(), column: err.column() })
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::sqs::SqsMessageAttribute;
    use domain::id::{ConversationId, MessageId, PageId, UserId};
    use domain::job::Act;
    use domain::notice::{NoticeId, OrderId};
    use domain::time::Timestamp;

    use super::*;

    fn message(job: &str, body: &str, encoding: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.body = Some(body.into());
        for (name, value) in [(JOB, job), (ENCODING, encoding)] {
            let mut attribute = SqsMessageAttribute::default();
            attribute.string_value = Some(value.into());
            message.message_attributes.insert(name.into(), attribute);
        }
        message
    }

    fn jobs() -> Vec<OrdersJob> {
        let page = PageId::new("1").unwrap();
        let conversation = ConversationId::of(&page, &UserId::new("2").unwrap());
        let at = Timestamp::from_millis(1_795_255_200_000);
        let act = Act {
            conversation: conversation.clone(),
            at,
            message: Some(MessageId::new(at, 7)),
            reference: Some("sb1-r".into()),
            numbers: vec!["20418".into()],
        };
        vec![
            OrdersJob::Decide { notice: NoticeId::of(&OrderId::of(&page, "1001"), "receipt") },
            OrdersJob::CustomerActed(act),
            OrdersJob::Marks { conversation },
        ]
    }

    #[test]
    fn a_job_is_read_as_it_was_written() {
        for job in jobs() {
            let (body, encoding) = write(&job).unwrap();
            assert_eq!(from_parked(&to_parked(&job)), Some(job.clone()));
            assert_eq!(read(&message(ORDERS_JOB, &body, encoding.as_str())), Ok(Some(job)));
        }
    }

    #[test]
    fn what_is_tagged_as_something_else_is_none() {
        assert_eq!(read(&message("shop.delivery.v1", "{}", "plain")), Ok(None));
        assert_eq!(read(&SqsMessage::default()), Ok(None));
    }

    #[test]
    fn words_that_are_no_job_are_not_repeated() {
        let error = read(&message(ORDERS_JOB, r#"{"type":"my secret words"}"#, "plain")).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(read(&message(ORDERS_JOB, "?", "gzip+base64")), Err(NotAnOrdersJob::Packed));
    }
}
