use std::io;

/// Why a queue could not do what was asked. The protocol gives each its AWS code.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    #[error("A queue already exists with the same name and a different value for attribute(s)")]
    QueueNameExists,
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    #[error("Value for parameter {name} is invalid. Reason: {reason}.")]
    InvalidParameter { name: &'static str, reason: &'static str },
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    #[error("Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")]
    ReceiptHandleExpired,
    #[error("The message is not in flight.")]
    MessageNotInflight,
    #[error("The task does not exist or is not running.")]
    MoveTaskNotRunning,
    #[error("The store failed.")]
    Store(#[from] rusqlite::Error),
    #[error("The store holds a value that does not parse.")]
    Corrupt(#[from] serde_json::Error),
    /// The store's thread is gone, because work on it panicked.
    #[error("The store is closed.")]
    Closed,
}

impl EngineError {
    pub(crate) fn parameter(name: &'static str, reason: &'static str) -> Self {
        Self::InvalidParameter { name, reason }
    }
}

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database could not be opened")]
    Database(#[from] rusqlite::Error),
    #[error("the database has schema version {found}, this build knows {known}; delete the file to start afresh")]
    OtherVersion { found: i64, known: i64 },
    #[error("the database thread could not be started")]
    Thread(#[from] io::Error),
}
