//! Jobs in queues: how they are written, read, worked as a batch, and given back.
//!
//! An intake job is a webhook delivery's body as it came, with its facts in message attributes. An outbound job is a small tagged and
//! versioned JSON document that carries ids.

pub mod batch;
mod body;
pub mod events;
pub mod intake;
pub mod orders;
pub mod outbound;
pub mod queues;
pub mod shop;

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use lambda_support::origin;

/// The most bytes of a message body. A queue takes 1 MiB, of which the attributes keep a little.
pub const LONGEST_BODY: usize = 1_048_576 - 2_048;

#[expect(clippy::disallowed_types, reason = "the SDK's type; attributes have no order")]
type SystemAttributes = std::collections::HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

/// X-Ray's header of the invocation, when it has one: the function that takes the message belongs to the same trace then.
fn trace() -> Option<SystemAttributes> {
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(origin::trace()?).build().ok()?;
    Some([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)].into())
}

/// Says why a call to SQS failed, with its code where it has one.
fn reason<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("no message")),
        (None, _) => DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_support::origin::Origin;

    #[tokio::test]
    async fn a_message_belongs_to_the_trace_of_its_invocation_when_there_is_one() {
        let header = String::from("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
        let sent = Origin::traced(Some(header.clone())).of(async { trace() }).await.unwrap();
        let value = sent.get(&MessageSystemAttributeNameForSends::AwsTraceHeader).unwrap();
        assert_eq!((value.data_type(), value.string_value()), ("String", Some(header.as_str())));
        assert!(trace().is_none());
    }
}
