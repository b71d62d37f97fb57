use rusqlite::params;

use super::{Queue, Session};
use crate::EngineError;

/// When a group may next give out a message: when its oldest message is visible and none of its messages is in flight.
///
/// Messages in flight have been received and become visible later; for those received and visible again the moment lies
/// in the past and does no harm. A group without messages yields no row.
const SETTLE: &str = "
    INSERT OR REPLACE INTO message_groups (queue, group_id, available_at)
    SELECT queue, group_id, max(visible_at, coalesce((
        SELECT max(visible_at) FROM messages WHERE queue = ?1 AND group_id = ?2 AND receive_count > 0), 0))
    FROM messages WHERE queue = ?1 AND group_id = ?2 ORDER BY id LIMIT 1";

impl Session<'_> {
    /// Brings the row of a message's group up to date. Every change of a FIFO queue's messages ends with this.
    pub(super) fn settle_group(&mut self, queue: &Queue, group: Option<&str>) -> Result<(), EngineError> {
        let Some(group) = group.filter(|_| queue.is_fifo()) else {
            return Ok(());
        };
        if self.sql(SETTLE)?.execute(params![queue.id, group])? == 0 {
            self.sql("DELETE FROM message_groups WHERE queue = ?1 AND group_id = ?2")?.execute(params![queue.id, group])?;
        }
        Ok(())
    }
}
