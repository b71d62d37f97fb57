use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use super::{Queue, Session};
use crate::clock::millis;
use crate::digest;
use crate::queue_settings::DeduplicationScope;
use crate::{EngineError, NewMessage, Sent};

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
const DEDUPLICATION_WINDOW_MS: i64 = 5 * 60 * 1000;

/// What identifies a sent message.
struct Identity {
    message_id: String,
    sequence: i64,
}

impl Session<'_> {
    /// Adds a message, or answers with the identity of the one that it duplicates.
    pub(crate) fn send(&mut self, queue: &Queue, message: &NewMessage) -> Result<Sent, EngineError> {
        message.check(&queue.settings)?;
        let identity = if let Some(fifo) = &queue.settings.fifo {
            let id = message.deduplication_id.clone().unwrap_or_else(|| digest::content_id(&message.body));
            let scope = match fifo.deduplication_scope {
                DeduplicationScope::MessageQueue => "",
                DeduplicationScope::MessageGroup => message.group_id.as_deref().unwrap_or_default(),
            };
            self.insert_once(queue, scope, &id, message)?
        } else {
            self.insert(queue, None, message)?
        };
        Ok(Sent {
            message_id: identity.message_id,
            sequence_number: queue.is_fifo().then(|| sequence_number(identity.sequence)),
            md5_of_body: digest::md5_of_body(&message.body),
            md5_of_attributes: digest::md5_of_attributes(&message.attributes),
            md5_of_system_attributes: message.trace_header.as_deref().and_then(digest::md5_of_trace_header),
        })
    }

    fn insert_once(&mut self, queue: &Queue, scope: &str, deduplication_id: &str, message: &NewMessage) -> Result<Identity, EngineError> {
        self.sql("DELETE FROM deduplication WHERE expires_at <= ?1")?.execute([self.now_ms])?;
        let sent_before = self
            .sql("SELECT message_id, sequence FROM deduplication WHERE queue = ?1 AND scope = ?2 AND deduplication_id = ?3")?
            .query_row(params![queue.id, scope, deduplication_id], |row| Ok(Identity { message_id: row.get(0)?, sequence: row.get(1)? }))
            .optional()?;
        if let Some(identity) = sent_before {
            return Ok(identity);
        }
        let identity = self.insert(queue, Some(deduplication_id), message)?;
        self.sql("INSERT INTO deduplication VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            queue.id,
            scope,
            deduplication_id,
            identity.message_id,
            identity.sequence,
            self.now_ms + DEDUPLICATION_WINDOW_MS
        ])?;
        Ok(identity)
    }

    fn insert(&mut self, queue: &Queue, deduplication_id: Option<&str>, message: &NewMessage) -> Result<Identity, EngineError> {
        let queue_delay_ms = queue.settings.delay_s * 1000;
        // A FIFO queue lets a message say only "no delay of my own".
        let delay_ms = message.delay.filter(|_| !queue.is_fifo()).map_or(queue_delay_ms, millis);
        let message_id = Uuid::new_v4().to_string();
        self.sql(
            "INSERT INTO messages
             (queue, message_id, group_id, deduplication_id, sent_at, enqueued_at, visible_at, trace_header, attributes, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            queue.id,
            message_id,
            message.group_id,
            deduplication_id,
            self.now_ms,
            self.now_ms + delay_ms,
            message.trace_header,
            serde_json::to_string(&message.attributes)?,
            message.body,
        ])?;
        let sequence = self.transaction.last_insert_rowid();
        self.settle_group(queue, message.group_id.as_deref())?;
        self.changed(&queue.name);
        Ok(Identity { message_id, sequence })
    }
}

/// 20 digits, which sort as text like as numbers.
pub(super) fn sequence_number(id: i64) -> String {
    format!("{id:020}")
}
