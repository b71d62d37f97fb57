use std::collections::BTreeSet;

use rusqlite::{Row, params};

use super::send::sequence_number;
use super::{Queue, Session};
use crate::receipt::Receipt;
use crate::{EngineError, Message};

/// What a receive found: messages, or when to look again unless a bell rings first.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) messages: Vec<Message>,
    pub(crate) next_visible_ms: Option<i64>,
}

/// A visible message that is about to be given out, or set aside.
struct Candidate {
    id: i64,
    visible_at_ms: i64,
    first_received_at_ms: Option<i64>,
    /// As it was before this receive. What the receive decides (handle, times, sequence number) is filled in by it.
    message: Message,
}

/// The query for candidates under a condition, put together at compile time so that its statement is cached by its text.
macro_rules! candidates {
    ($condition:literal) => {
        concat!(
            "SELECT id, message_id, group_id, deduplication_id, sent_at, visible_at, receive_count, first_received_at,
                    source_arn, trace_header, attributes, body
             FROM messages WHERE ",
            $condition
        )
    };
}

impl Session<'_> {
    /// Takes up to `max` messages and hides them for `visibility_ms`.
    ///
    /// Messages received too often go to the dead-letter queue instead; where that empties a receive, it looks again.
    pub(crate) fn take(&mut self, queue: &Queue, max: usize, visibility_ms: i64) -> Result<Taken, EngineError> {
        self.expire(queue)?;
        let dead_letter_queue = self.dead_letter_queue(queue)?;
        loop {
            let candidates = if queue.is_fifo() { self.fifo_candidates(queue, max)? } else { self.standard_candidates(queue, max)? };
            let exhausted = candidates.is_empty();
            let groups: BTreeSet<_> = candidates.iter().filter_map(|c| c.message.group_id.clone()).collect();
            let mut messages = Vec::new();
            for candidate in candidates {
                match &dead_letter_queue {
                    Some((target, limit)) if candidate.message.receive_count >= *limit => {
                        self.set_aside(queue, target, &candidate)?;
                    }
                    _ => messages.push(self.give_out(queue, candidate, visibility_ms)?),
                }
            }
            for group in &groups {
                self.settle_group(queue, Some(group))?;
            }
            if !messages.is_empty() {
                return Ok(Taken { messages, next_visible_ms: None });
            }
            if exhausted {
                return Ok(Taken { messages, next_visible_ms: self.next_visible(queue)? });
            }
        }
    }

    /// When the queue's next message becomes visible by the clock alone; in the past where one is visible.
    pub(crate) fn next_visible(&self, queue: &Queue) -> Result<Option<i64>, EngineError> {
        let mut statement = if queue.is_fifo() {
            self.sql("SELECT min(available_at) FROM message_groups WHERE queue = ?1")?
        } else {
            self.sql("SELECT min(visible_at) FROM messages WHERE queue = ?1")?
        };
        Ok(statement.query_row([queue.id], |row| row.get(0))?)
    }

    /// Deletes what is older than the queue's retention period.
    pub(super) fn expire(&mut self, queue: &Queue) -> Result<(), EngineError> {
        let oldest_ms = self.now_ms - queue.settings.retention_s * 1000;
        let groups: BTreeSet<Option<String>> = self
            .sql("DELETE FROM messages WHERE queue = ?1 AND enqueued_at <= ?2 RETURNING group_id")?
            .query_map([queue.id, oldest_ms], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for group in groups {
            self.settle_group(queue, group.as_deref())?;
        }
        Ok(())
    }

    /// The dead-letter queue and after how many receives. A policy whose queue was deleted sets nothing aside.
    fn dead_letter_queue(&self, queue: &Queue) -> Result<Option<(Queue, i64)>, EngineError> {
        let Some(policy) = &queue.settings.redrive else {
            return Ok(None);
        };
        Ok(self.find_queue(&policy.target()?)?.map(|target| (target, policy.max_receive_count)))
    }

    fn standard_candidates(&self, queue: &Queue, max: usize) -> Result<Vec<Candidate>, EngineError> {
        self.sql(candidates!("queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, id LIMIT ?3"))?
            .query_and_then(params![queue.id, self.now_ms, max], Candidate::read)?
            .collect()
    }

    /// The oldest messages of the groups that have waited longest, as many of each group as there is room for.
    fn fifo_candidates(&self, queue: &Queue, max: usize) -> Result<Vec<Candidate>, EngineError> {
        let mut candidates = Vec::new();
        for group in self.available_groups(queue, max)? {
            let room = max.saturating_sub(candidates.len());
            let mut statement = self.sql(candidates!("queue = ?1 AND group_id = ?2 ORDER BY id LIMIT ?3"))?;
            for candidate in statement.query_and_then(params![queue.id, group, room], Candidate::read)? {
                let candidate = candidate?;
                // A delayed message holds back what was sent after it.
                if candidate.visible_at_ms > self.now_ms {
                    break;
                }
                candidates.push(candidate);
            }
        }
        Ok(candidates)
    }

    fn available_groups(&self, queue: &Queue, max: usize) -> Result<Vec<String>, EngineError> {
        let mut statement =
            self.sql("SELECT group_id FROM message_groups WHERE queue = ?1 AND available_at <= ?2 ORDER BY available_at LIMIT ?3")?;
        let groups = statement.query_map(params![queue.id, self.now_ms, max], |row| row.get(0))?;
        Ok(groups.collect::<Result<_, _>>()?)
    }

    fn give_out(&mut self, queue: &Queue, candidate: Candidate, visibility_ms: i64) -> Result<Message, EngineError> {
        let Candidate { id, first_received_at_ms, mut message, .. } = candidate;
        message.receive_count += 1;
        message.first_received_at_ms = first_received_at_ms.unwrap_or(self.now_ms);
        message.sequence_number = queue.is_fifo().then(|| sequence_number(id));
        message.receipt_handle = Receipt { queue: queue.id, message: id, receive_count: message.receive_count }.handle();
        self.sql("UPDATE messages SET receive_count = ?2, first_received_at = ?3, visible_at = ?4 WHERE id = ?1")?.execute([
            id,
            message.receive_count,
            message.first_received_at_ms,
            self.now_ms + visibility_ms,
        ])?;
        Ok(message)
    }

    /// Moves a message to the dead-letter queue, as it is. Its age goes on, except on a FIFO queue.
    fn set_aside(&mut self, source: &Queue, target: &Queue, candidate: &Candidate) -> Result<(), EngineError> {
        self.sql(
            "UPDATE messages SET queue = ?2, source_arn = ?3, visible_at = ?4, enqueued_at = iif(?5, ?4, enqueued_at)
             WHERE id = ?1",
        )?
        .execute(params![candidate.id, target.id, source.name.arn(), self.now_ms, source.is_fifo()])?;
        self.settle_group(target, candidate.message.group_id.as_deref())?;
        self.changed(&target.name);
        Ok(())
    }
}

impl Candidate {
    fn read(row: &Row<'_>) -> Result<Self, EngineError> {
        let first_received_at_ms: Option<i64> = row.get("first_received_at")?;
        Ok(Self {
            id: row.get("id")?,
            visible_at_ms: row.get("visible_at")?,
            first_received_at_ms,
            message: Message {
                message_id: row.get("message_id")?,
                receipt_handle: String::new(),
                body: row.get("body")?,
                attributes: serde_json::from_str(row.get_ref("attributes")?.as_str().map_err(rusqlite::Error::from)?)?,
                sent_at_ms: row.get("sent_at")?,
                first_received_at_ms: 0,
                receive_count: row.get("receive_count")?,
                group_id: row.get("group_id")?,
                deduplication_id: row.get("deduplication_id")?,
                sequence_number: None,
                trace_header: row.get("trace_header")?,
                dead_letter_source_arn: row.get("source_arn")?,
            },
        })
    }
}
