//! Exporting what is stored of one person: their conversation with one Page, as JSON Lines.
//!
//! ```text
//! {"record":"conversation", …the summary…}
//! {"record":"event", …, "raw":"<as it came>"}
//! {"record":"message", …, "raw":"<as it came>"}
//! {"record":"consent", …}
//! {"record":"order", …}
//! {"record":"notice", …}
//! ```

use std::io::{self, Write};

use serde::Serialize;

use crate::consent::{Consents, Entry, Subject};
use crate::conversation::Conversation;
use crate::history::TimelineEvent;
use crate::id::ConversationId;
use crate::message::Message;
use crate::notice::{Notice, Notices, OrderId};
use crate::orders::{Order, Orders};
use crate::ports::{Exporting, StoreError};
use crate::retry::{Retry, Retryable};

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    Conversation(Box<Conversation>),
    Event(Box<TimelineEvent>),
    Message(Box<Message>),
    /// An order that is the person's own.
    Order(Box<Order>),
    Notice(Box<Notice>),
    Consent(Box<Entry>),
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
pub async fn export<S: Exporting + Orders + Notices + Consents>(
    store: &S,
    id: &ConversationId,
    out: &mut (impl Write + Send),
) -> Result<u64, ExportError> {
    let mut lines = 0;
    let mut after = None;
    loop {
        let page = store.records(id, after.as_deref()).await.map_err(ExportError::Store)?;
        lines += write(&page.records, out)?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let subject = Subject::Conversation { conversation: id.clone() };
    lines += write(&consents(store, &subject).await?, out)?;
    for tied in store.tied_orders(id).await.map_err(ExportError::Store)? {
        lines += write(&of_order(store, id, &tied.order).await?, out)?;
    }
    out.flush().map_err(ExportError::Write)?;
    Ok(lines)
}

fn write(records: &[Record], out: &mut (impl Write + Send)) -> Result<u64, ExportError> {
    for record in records {
        let mut line = serde_json::to_vec(record).map_err(ExportError::Json)?;
        line.push(b'\n');
        out.write_all(&line).map_err(ExportError::Write)?;
    }
    Ok(records.len() as u64)
}

async fn consents<S: Consents>(store: &S, subject: &Subject) -> Result<Vec<Record>, ExportError> {
    let entries = store.entries(subject).await.map_err(ExportError::Store)?;
    Ok(entries.into_iter().map(|entry| Record::Consent(Box::new(entry))).collect())
}

/// Reads an order of the person's own, with its notices and what they agreed to under the shop's names for them.
async fn of_order<S: Orders + Notices + Consents>(
    store: &S,
    conversation: &ConversationId,
    id: &OrderId,
) -> Result<Vec<Record>, ExportError> {
    let order = store.order(id).await.map_err(ExportError::Store)?;
    let Some(order) = order.filter(|order| order.conversation.as_ref() == Some(conversation)) else { return Ok(Vec::new()) };
    let mut records = vec![Record::Order(Box::new(order.clone()))];
    for notice in &order.notices {
        let notice = store.notice(notice).await.map_err(ExportError::Store)?;
        records.extend(notice.map(|notice| Record::Notice(Box::new(notice))));
    }
    for subject in order.subjects() {
        records.extend(consents(store, &subject).await?);
    }
    Ok(records)
}
