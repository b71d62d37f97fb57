use std::error::Error as _;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::EngineError;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProtocolError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("The action {0:?} is not valid for this endpoint.")]
    UnknownAction(String),
    #[error("The request does not parse: {0}")]
    Malformed(serde_json::Error),
    #[error("There should be at least one entry in the request.")]
    EmptyBatch,
    #[error("Maximum number of entries per request are 10.")]
    TooManyEntries,
    #[error("Two or more batch entries in the request have the same Id.")]
    EntryIdsNotDistinct,
    #[error("A batch entry id can only contain alphanumeric characters, hyphens and underscores, 1 to 80 in length.")]
    InvalidEntryId,
    #[error("Batch requests cannot be longer than 1048576 bytes.")]
    BatchTooLong,
}

/// How AWS names an error: the shape of today's protocol, and the code of the query protocol before it, which SDKs go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code {
    shape: &'static str,
    pub(super) query: &'static str,
    pub(super) sender_fault: bool,
}

impl ProtocolError {
    fn code(&self) -> Code {
        match self {
            Self::Engine(error) => code(error),
            Self::UnknownAction(_) => sender("InvalidAction", "InvalidAction"),
            Self::Malformed(_) => sender("SerializationException", "MalformedInput"),
            Self::EmptyBatch => sender("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::TooManyEntries => sender("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            Self::EntryIdsNotDistinct => sender("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            Self::InvalidEntryId => sender("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            Self::BatchTooLong => sender("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
        }
    }
}

/// The code of an error of the queues; a batch entry shows it too.
pub(super) fn code(error: &EngineError) -> Code {
    match error {
        EngineError::QueueDoesNotExist => sender("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        EngineError::QueueNameExists => sender("QueueNameExists", "QueueAlreadyExists"),
        EngineError::InvalidAttributeName(_) => sender("InvalidAttributeName", "InvalidAttributeName"),
        EngineError::InvalidAttributeValue(_) => sender("InvalidAttributeValue", "InvalidAttributeValue"),
        EngineError::InvalidParameter { .. } | EngineError::ReceiptHandleExpired => {
            sender("InvalidParameterValueException", "InvalidParameterValue")
        }
        EngineError::MissingParameter(_) => sender("MissingRequiredParameterException", "MissingParameter"),
        EngineError::InvalidMessageContents => sender("InvalidMessageContents", "InvalidMessageContents"),
        EngineError::ReceiptHandleIsInvalid => sender("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
        EngineError::MessageNotInflight => sender("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
        EngineError::MoveTaskNotRunning => sender("ResourceNotFoundException", "ResourceNotFoundException"),
        EngineError::Store(_) | EngineError::Corrupt(_) | EngineError::Closed => {
            Code { shape: "InternalFailure", query: "InternalError", sender_fault: false }
        }
    }
}

fn sender(shape: &'static str, query: &'static str) -> Code {
    Code { shape, query, sender_fault: true }
}

impl IntoResponse for ProtocolError {
    fn into_response(self) -> Response {
        let Code { shape, query, sender_fault } = self.code();
        let (status, fault) =
            if sender_fault { (StatusCode::BAD_REQUEST, "Sender") } else { (StatusCode::INTERNAL_SERVER_ERROR, "Receiver") };
        if !sender_fault {
            tracing::error!(error = %self, cause = self.source().map(tracing::field::display), "request not served");
        }
        let body = json!({ "__type": format!("com.amazonaws.sqs#{shape}"), "message": self.to_string() });
        (status, [("x-amzn-query-error", format!("{query};{fault}"))], super::json(&body)).into_response()
    }
}
