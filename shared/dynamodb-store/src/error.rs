//! DynamoDB's errors as the port's: what a later attempt may get past is `Unavailable`, only a request that is wrong in itself is `Refused`.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::StoreError;

use crate::item::Item;

/// Classifies a failed call. A missing table or permission is `Unavailable`: an operator mends it, and no customer's word may be parked for it.
pub(crate) fn of<E>(error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let refused = matches!(error.code(), Some("ValidationException" | "ItemCollectionSizeLimitExceededException"));
    let reason = match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("no message")),
        (None, _) => format!("{}", DisplayErrorContext(error)),
    };
    if refused { StoreError::Refused { reason } } else { StoreError::Unavailable { reason } }
}

/// Returns the item that stood in the way of a conditional update; any other failure stays one.
pub(crate) fn refused_item(failed: SdkError<UpdateItemError>) -> Result<Option<Item>, StoreError> {
    if let SdkError::ServiceError(service) = &failed
        && let UpdateItemError::ConditionalCheckFailedException(condition) = service.err()
    {
        return Ok(condition.item.clone());
    }
    Err(of(failed))
}

/// A request that the SDK's builder found incomplete: a defect of this crate.
pub(crate) fn build(error: &aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Refused { reason: error.to_string() }
}

/// A value that cannot be written as an attribute.
pub(crate) fn encode(error: &serde_dynamo::Error) -> StoreError {
    StoreError::Refused { reason: error.to_string() }
}

/// A row that cannot be read; says which and where, not what stands there.
pub(crate) fn corrupt(pk: Option<&AttributeValue>, sk: Option<&AttributeValue>, reason: impl Into<String>) -> StoreError {
    let text = |value: Option<&AttributeValue>| value.and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    StoreError::Corrupt { key: format!("{} {}", text(pk), text(sk)), reason: reason.into() }
}
