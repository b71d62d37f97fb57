use rusqlite::{OptionalExtension as _, params};

use super::{Queue, Session};
use crate::EngineError;
use crate::receipt::Receipt;

/// What a receipt handle needs to be compared with.
struct Received {
    visible_at_ms: i64,
    receive_count: i64,
    group_id: Option<String>,
}

impl Session<'_> {
    /// Deletes the message of a receipt handle; one that is gone already is no error.
    ///
    /// A handle that a later receive has replaced deletes nothing: a FIFO queue says so, a standard queue does not. AWS
    /// leaves open what a standard queue does, so this is the answer under which a consumer that was too slow shows.
    pub(crate) fn delete(&mut self, queue: &Queue, handle: &str) -> Result<(), EngineError> {
        let receipt = receipt_of(queue, handle)?;
        let Some(received) = self.received(receipt)? else {
            return Ok(());
        };
        let replaced = received.receive_count != receipt.receive_count;
        if queue.is_fifo() && (replaced || received.visible_at_ms <= self.now_ms) {
            return Err(EngineError::ReceiptHandleExpired);
        }
        if replaced {
            return Ok(());
        }
        self.sql("DELETE FROM messages WHERE id = ?1")?.execute([receipt.message])?;
        self.after_change(queue, &received)
    }

    /// Hides a message that is in flight for another while, from now on. 0 gives it back at once.
    pub(crate) fn change_visibility(&mut self, queue: &Queue, handle: &str, visibility_ms: i64) -> Result<(), EngineError> {
        let receipt = receipt_of(queue, handle)?;
        let received = self.received(receipt)?.filter(|received| received.receive_count == receipt.receive_count);
        let Some(received) = received else {
            return Err(EngineError::ReceiptHandleExpired);
        };
        if received.visible_at_ms <= self.now_ms {
            return Err(EngineError::MessageNotInflight);
        }
        self.sql("UPDATE messages SET visible_at = ?2 WHERE id = ?1")?.execute([receipt.message, self.now_ms + visibility_ms])?;
        self.after_change(queue, &received)
    }

    /// Gives back every message that is in flight, and returns how many: for a start after which no consumer of before is left.
    pub(crate) fn release_in_flight(&mut self) -> Result<usize, EngineError> {
        let released =
            self.sql("UPDATE messages SET visible_at = ?1 WHERE receive_count > 0 AND visible_at > ?1")?.execute([self.now_ms])?;
        self.sql(
            "UPDATE message_groups SET available_at = (
                 SELECT max(visible_at) FROM messages
                 WHERE messages.queue = message_groups.queue AND messages.group_id = message_groups.group_id
                   AND (receive_count > 0 OR id = (SELECT min(id) FROM messages AS first
                        WHERE first.queue = message_groups.queue AND first.group_id = message_groups.group_id)))",
        )?
        .execute([])?;
        Ok(released)
    }

    fn received(&self, receipt: Receipt) -> Result<Option<Received>, EngineError> {
        // By queue too: the message may have been set aside since.
        let mut statement = self.sql("SELECT visible_at, receive_count, group_id FROM messages WHERE id = ?1 AND queue = ?2")?;
        let read = statement.query_row(params![receipt.message, receipt.queue], |row| {
            Ok(Received { visible_at_ms: row.get(0)?, receive_count: row.get(1)?, group_id: row.get(2)? })
        });
        Ok(read.optional()?)
    }

    fn after_change(&mut self, queue: &Queue, received: &Received) -> Result<(), EngineError> {
        self.settle_group(queue, received.group_id.as_deref())?;
        self.changed(&queue.name);
        Ok(())
    }
}

fn receipt_of(queue: &Queue, handle: &str) -> Result<Receipt, EngineError> {
    let receipt = Receipt::parse(handle)?;
    if receipt.queue == queue.id { Ok(receipt) } else { Err(EngineError::ReceiptHandleIsInvalid) }
}
