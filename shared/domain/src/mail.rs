//! Notices by e-mail, where the customer agreed to it.

use std::future::Future;

use crate::retry::{Retry, Retryable};

/// An e-mail in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub text: String,
    /// What makes it the same e-mail when it is sent again; part of its `Message-ID`.
    pub id: String,
}

/// The mail server did not take an e-mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It surely was not taken, and may be if it is tried again.
    #[error("the mail server did not take it: {reason}")]
    NotTaken { reason: String },
    /// It never will be: an address that does not exist, a message that is not accepted.
    #[error("the mail server refused it: {reason}")]
    Refused { reason: String },
    /// It may have been taken.
    #[error("nobody can tell whether the mail server took it: {reason}")]
    Unknown { reason: String },
}

impl Retryable for MailError {
    fn retry(&self) -> Retry {
        match self {
            Self::NotTaken { .. } => Retry::Backoff,
            Self::Refused { .. } | Self::Unknown { .. } => Retry::Never,
        }
    }
}

/// The mail server, if there is one.
pub trait Mailer: Sync {
    /// Tells whether e-mail is set up at all.
    fn is_set(&self) -> bool;

    fn send(&self, email: &Email) -> impl Future<Output = Result<(), MailError>> + Send;
}
