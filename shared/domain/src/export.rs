//! Exporting what is stored of one person: their conversation with one Page, as JSON Lines.
//!
//! ```text
//! {"record":"conversation", …the summary…}
//! {"record":"event", …, "raw":"<as it came>"}
//! {"record":"message", …, "raw":"<as it came>"}
//! ```

use std::io::{self, Write};

use serde::Serialize;

use crate::conversation::Conversation;
use crate::history::TimelineEvent;
use crate::id::ConversationId;
use crate::message::Message;
use crate::ports::{Exporting, StoreError};
use crate::retry::{Retry, Retryable};

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    Conversation(Box<Conversation>),
    Event(Box<TimelineEvent>),
    Message(Box<Message>),
}

/// Some of what is stored of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    pub records: Vec<Record>,
    /// Where it goes on.
    pub next: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the conversation could not be read")]
    Store(#[source] StoreError),
    #[error("a record could not be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the export could not be written")]
    Write(#[source] io::Error),
}

impl Retryable for ExportError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Json(_) | Self::Write(_) => Retry::Never,
        }
    }
}

/// Writes everything that is stored of a conversation, a record a line, and returns how many lines there are. No more than a page of records
/// is held at once.
pub async fn export(store: &impl Exporting, id: &ConversationId, out: &mut (impl Write + Send)) -> Result<u64, ExportError> {
    let mut lines = 0;
    let mut after = None;
    loop {
        let page = store.records(id, after.as_deref()).await.map_err(ExportError::Store)?;
        for record in &page.records {
            let mut line = serde_json::to_vec(record).map_err(ExportError::Json)?;
            line.push(b'\n');
            out.write_all(&line).map_err(ExportError::Write)?;
            lines += 1;
        }
        after = page.next;
        if after.is_none() {
            out.flush().map_err(ExportError::Write)?;
            return Ok(lines);
        }
    }
}
