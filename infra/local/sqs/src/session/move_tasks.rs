use rusqlite::params;
use uuid::Uuid;

use super::{Queue, Session};
use crate::{EngineError, QueueName};

/// How many of a queue's tasks are remembered for listing.
const LISTED: usize = 10;

/// A redrive: messages of a dead-letter queue brought back. It is over when it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    pub handle: String,
    /// An ARN; `None` where each message goes where it came from.
    pub destination: Option<String>,
    pub started_at_ms: i64,
    pub moved: i64,
    pub status: MoveStatus,
}

/// How a redrive ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveStatus {
    Completed,
    Failed { reason: String },
}

/// A message that is to be moved.
struct DeadLetter {
    id: i64,
    group_id: Option<String>,
    source_arn: Option<String>,
}

impl Session<'_> {
    /// Moves what is visible in a dead-letter queue to `destination`, or to where each message came from.
    ///
    /// What arrives is a new message: new id, new age, no receives. Stops at a message whose origin is not known.
    pub(crate) fn move_messages(&mut self, source: &QueueName, destination: Option<&QueueName>) -> Result<String, EngineError> {
        let queue = self.queue(source)?;
        let destination = destination.map(|name| self.queue(name)).transpose()?;
        if self.dead_letter_sources(source)?.is_empty() {
            return Err(EngineError::parameter("SourceArn", "the source queue must be configured as a dead-letter queue"));
        }
        self.expire(&queue)?;
        let (moved, failure) = self.move_all(&queue, destination.as_ref())?;
        let handle = Uuid::new_v4().to_string();
        self.sql("INSERT INTO move_tasks VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            handle,
            queue.id,
            destination.map(|queue| queue.name.arn()),
            self.now_ms,
            moved,
            failure
        ])?;
        Ok(handle)
    }

    /// The latest redrives of a queue, the last one first.
    pub(crate) fn move_tasks(&self, source: &QueueName) -> Result<Vec<MoveTask>, EngineError> {
        let queue = self.queue(source)?;
        let mut statement = self.sql(
            "SELECT handle, destination, started_at, moved, failure FROM move_tasks
             WHERE source = ?1 ORDER BY started_at DESC LIMIT ?2",
        )?;
        let tasks = statement.query_map(params![queue.id, LISTED], |row| {
            let failure: Option<String> = row.get(4)?;
            Ok(MoveTask {
                handle: row.get(0)?,
                destination: row.get(1)?,
                started_at_ms: row.get(2)?,
                moved: row.get(3)?,
                status: failure.map_or(MoveStatus::Completed, |reason| MoveStatus::Failed { reason }),
            })
        })?;
        Ok(tasks.collect::<Result<_, _>>()?)
    }

    fn move_all(&mut self, source: &Queue, to: Option<&Queue>) -> Result<(i64, Option<&'static str>), EngineError> {
        let mut moved = 0;
        for letter in self.dead_letters(source)? {
            let origin = match to {
                Some(_) => None,
                None => self.origin(&letter)?,
            };
            let Some(target) = to.or(origin.as_ref()) else {
                return Ok((moved, Some("CouldNotDetermineMessageSource")));
            };
            self.move_message(source, target, &letter)?;
            moved += 1;
        }
        Ok((moved, None))
    }

    fn dead_letters(&self, queue: &Queue) -> Result<Vec<DeadLetter>, EngineError> {
        let mut statement = self.sql("SELECT id, group_id, source_arn FROM messages WHERE queue = ?1 AND visible_at <= ?2 ORDER BY id")?;
        let letters = statement
            .query_map([queue.id, self.now_ms], |row| Ok(DeadLetter { id: row.get(0)?, group_id: row.get(1)?, source_arn: row.get(2)? }))?;
        Ok(letters.collect::<Result<_, _>>()?)
    }

    fn origin(&self, letter: &DeadLetter) -> Result<Option<Queue>, EngineError> {
        match &letter.source_arn {
            Some(arn) => self.find_queue(&QueueName::from_arn(arn)?),
            None => Ok(None),
        }
    }

    fn move_message(&mut self, source: &Queue, target: &Queue, letter: &DeadLetter) -> Result<(), EngineError> {
        self.sql(
            "INSERT INTO messages
             (queue, message_id, group_id, deduplication_id, sent_at, enqueued_at, visible_at, trace_header, attributes, body)
             SELECT ?2, ?3, group_id, deduplication_id, ?4, ?4, ?4, trace_header, attributes, body
             FROM messages WHERE id = ?1",
        )?
        .execute(params![letter.id, target.id, Uuid::new_v4().to_string(), self.now_ms])?;
        self.sql("DELETE FROM messages WHERE id = ?1")?.execute([letter.id])?;
        self.settle_group(source, letter.group_id.as_deref())?;
        self.settle_group(target, letter.group_id.as_deref())?;
        self.changed(&target.name);
        Ok(())
    }
}
