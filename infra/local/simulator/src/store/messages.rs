//! What was said, and how far it came.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreError;

/// What a message says, in the shapes of the webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `{type, payload, …}` as in `message.attachments`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Value>,
    /// The choices that the Page offers under its message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<Value>,
    /// The payload of the choice that the person tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quick_reply: Option<String>,
    /// The payload of the button that the person tapped; `text` is its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Value>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The name of the utility template that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utility: Option<String>,
}

impl Content {
    /// Only words.
    pub(crate) fn text(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The person.
    FromCustomer,
    /// The Page: an app, or somebody in its inbox.
    FromPage,
}

/// How far a message of the Page came. What a person writes is always `Sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageState {
    Sent,
    Delivered,
    Read,
}

/// One message of a thread.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadMessage {
    pub mid: String,
    pub page_id: String,
    pub psid: String,
    pub direction: Direction,
    /// The app that sent it for the Page.
    pub app_id: Option<String>,
    pub metadata: Option<String>,
    pub content: Content,
    pub at_ms: i64,
    pub state: MessageState,
    /// The emoji with which the person reacted.
    pub customer_reaction: Option<String>,
    /// The emoji with which the Page reacted.
    pub page_reaction: Option<String>,
}

impl ThreadMessage {
    /// The words of the message; empty when it has none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.content.text.as_deref().unwrap_or_default()
    }
}

/// A message about to be kept.
pub(crate) struct NewMessage<'a> {
    pub(crate) mid: &'a str,
    pub(crate) page_id: &'a str,
    pub(crate) psid: &'a str,
    pub(crate) direction: Direction,
    pub(crate) app_id: Option<&'a str>,
    pub(crate) metadata: Option<&'a str>,
    pub(crate) content: &'a Content,
    pub(crate) at_ms: i64,
    pub(crate) delivered_ms: Option<i64>,
    pub(crate) read_ms: Option<i64>,
}

/// Keeps a message at the end of its thread.
pub(crate) fn add(tx: &Transaction<'_>, message: &NewMessage<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO message (mid, page_id, psid, from_page, app_id, metadata, content, at_ms, delivered_ms, read_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            message.mid,
            message.page_id,
            message.psid,
            message.direction == Direction::FromPage,
            message.app_id,
            message.metadata,
            serde_json::to_string(message.content)?,
            message.at_ms,
            message.delivered_ms,
            message.read_ms,
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "mid, page_id, psid, from_page, app_id, metadata, content, at_ms, delivered_ms, read_ms, \
                       customer_reaction, page_reaction";

fn read(row: &Row<'_>, now_ms: i64) -> rusqlite::Result<ThreadMessage> {
    let came = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
    let (delivered, was_read) = (came(row.get("delivered_ms")?), came(row.get("read_ms")?));
    let content: String = row.get("content")?;
    Ok(ThreadMessage {
        mid: row.get("mid")?,
        page_id: row.get("page_id")?,
        psid: row.get("psid")?,
        direction: if row.get("from_page")? { Direction::FromPage } else { Direction::FromCustomer },
        app_id: row.get("app_id")?,
        metadata: row.get("metadata")?,
        content: serde_json::from_str(&content)
            .map_err(|err| rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(err)))?,
        at_ms: row.get("at_ms")?,
        state: match (delivered, was_read) {
            (_, true) => MessageState::Read,
            (true, false) => MessageState::Delivered,
            (false, false) => MessageState::Sent,
        },
        customer_reaction: row.get("customer_reaction")?,
        page_reaction: row.get("page_reaction")?,
    })
}

/// Reads the newest `limit` messages of a thread, oldest first.
pub(crate) fn thread(tx: &Transaction<'_>, psid: &str, now_ms: i64, limit: u32) -> Result<Vec<ThreadMessage>, StoreError> {
    let mut query = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE psid = ?1 ORDER BY number DESC LIMIT ?2"))?;
    let mut rows = query.query_map(params![psid, limit], |row| read(row, now_ms))?.collect::<Result<Vec<_>, _>>()?;
    rows.reverse();
    Ok(rows)
}

/// Finds a message by its id.
pub(crate) fn find(tx: &Transaction<'_>, mid: &str, now_ms: i64) -> Result<Option<ThreadMessage>, StoreError> {
    Ok(tx.query_row(&format!("SELECT {COLUMNS} FROM message WHERE mid = ?1"), [mid], |row| read(row, now_ms)).optional()?)
}

/// Says how many messages of the same thread are newer.
pub(crate) fn newer(tx: &Transaction<'_>, mid: &str) -> Result<i64, StoreError> {
    Ok(tx.query_row(
        "SELECT count(*) FROM message later JOIN message this ON this.mid = ?1 \
         WHERE later.psid = this.psid AND later.number > this.number",
        [mid],
        |row| row.get(0),
    )?)
}

/// Marks what the Page wrote up to now as delivered and read.
pub(crate) fn mark_read(tx: &Transaction<'_>, psid: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE message SET read_ms = ?2, delivered_ms = min(coalesce(delivered_ms, ?2), ?2) \
         WHERE psid = ?1 AND from_page AND at_ms <= ?2 AND (read_ms IS NULL OR read_ms > ?2)",
        params![psid, now_ms],
    )?;
    Ok(())
}

/// Says when the newest message of the Page was written that was there by `now_ms`.
pub(crate) fn last_from_page_ms(tx: &Transaction<'_>, psid: &str, now_ms: i64) -> Result<Option<i64>, StoreError> {
    Ok(tx.query_row("SELECT max(at_ms) FROM message WHERE psid = ?1 AND from_page AND at_ms <= ?2", params![psid, now_ms], |row| {
        row.get(0)
    })?)
}

/// Sets or takes back a reaction; says whether there is such a message.
pub(crate) fn react(tx: &Transaction<'_>, mid: &str, by: Direction, emoji: Option<&str>) -> Result<bool, StoreError> {
    let column = match by {
        Direction::FromCustomer => "customer_reaction",
        Direction::FromPage => "page_reaction",
    };
    Ok(tx.execute(&format!("UPDATE message SET {column} = ?2 WHERE mid = ?1"), params![mid, emoji])? > 0)
}
