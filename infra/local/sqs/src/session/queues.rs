use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, params};

use super::Session;
use crate::queue_settings::QueueSettings;
use crate::{EngineError, QueueAttributes, QueueName};

#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) id: i64,
    pub(crate) name: QueueName,
    pub(crate) settings: QueueSettings,
    created_at_ms: i64,
    modified_at_ms: i64,
}

impl Queue {
    pub(crate) fn is_fifo(&self) -> bool {
        self.settings.fifo.is_some()
    }

    fn read(row: &Row<'_>) -> Result<Self, EngineError> {
        Ok(Self {
            id: row.get("id")?,
            name: QueueName::parse(row.get_ref("name")?.as_str().map_err(rusqlite::Error::from)?)?,
            settings: serde_json::from_str(row.get_ref("settings")?.as_str().map_err(rusqlite::Error::from)?)?,
            created_at_ms: row.get("created_at")?,
            modified_at_ms: row.get("modified_at")?,
        })
    }
}

impl Session<'_> {
    pub(crate) fn queue(&self, name: &QueueName) -> Result<Queue, EngineError> {
        self.find_queue(name)?.ok_or(EngineError::QueueDoesNotExist)
    }

    pub(super) fn find_queue(&self, name: &QueueName) -> Result<Option<Queue>, EngineError> {
        let mut statement = self.sql("SELECT id, name, settings, created_at, modified_at FROM queues WHERE name = ?1")?;
        let mut rows = statement.query([name.as_str()])?;
        rows.next()?.map(Queue::read).transpose()
    }

    pub(crate) fn queues(&self) -> Result<Vec<Queue>, EngineError> {
        let mut statement = self.sql("SELECT id, name, settings, created_at, modified_at FROM queues ORDER BY name")?;
        statement.query_and_then([], Queue::read)?.collect()
    }

    /// Creates a queue, or finds that it exists with these same attributes.
    pub(crate) fn create_queue(&mut self, name: &QueueName, attributes: &QueueAttributes) -> Result<(), EngineError> {
        let settings = QueueSettings::new(name, attributes)?;
        if let Some(queue) = self.find_queue(name)? {
            let same = queue.settings.clone().with(attributes)? == queue.settings;
            return if same { Ok(()) } else { Err(EngineError::QueueNameExists) };
        }
        self.check_redrive(name, &settings)?;
        self.sql("INSERT INTO queues (name, settings, created_at, modified_at) VALUES (?1, ?2, ?3, ?3)")?.execute(params![
            name.as_str(),
            serde_json::to_string(&settings)?,
            self.now_ms
        ])?;
        Ok(())
    }

    pub(crate) fn set_attributes(&mut self, name: &QueueName, attributes: &QueueAttributes) -> Result<(), EngineError> {
        let queue = self.queue(name)?;
        let settings = queue.settings.with(attributes)?;
        self.check_redrive(name, &settings)?;
        self.sql("UPDATE queues SET settings = ?2, modified_at = ?3 WHERE id = ?1")?.execute(params![
            queue.id,
            serde_json::to_string(&settings)?,
            self.now_ms
        ])?;
        Ok(())
    }

    /// A dead-letter queue must exist and be of the same kind.
    fn check_redrive(&self, name: &QueueName, settings: &QueueSettings) -> Result<(), EngineError> {
        let Some(policy) = &settings.redrive else {
            return Ok(());
        };
        let target = policy.target()?;
        if target == *name {
            return Err(EngineError::parameter("RedrivePolicy", "a queue cannot be its own dead-letter queue"));
        }
        let target = self.queue(&target)?;
        if target.is_fifo() != name.is_fifo() {
            return Err(EngineError::parameter("RedrivePolicy", "the dead-letter queue must be of the same type as the source"));
        }
        Ok(())
    }

    pub(crate) fn delete_queue(&mut self, name: &QueueName) -> Result<(), EngineError> {
        let queue = self.queue(name)?;
        self.sql("DELETE FROM queues WHERE id = ?1")?.execute([queue.id])?;
        self.changed(name);
        Ok(())
    }

    /// Deletes a queue's messages. What was sent stays known to deduplication.
    pub(crate) fn purge_queue(&mut self, name: &QueueName) -> Result<(), EngineError> {
        let queue = self.queue(name)?;
        self.sql("DELETE FROM messages WHERE queue = ?1")?.execute([queue.id])?;
        self.sql("DELETE FROM message_groups WHERE queue = ?1")?.execute([queue.id])?;
        Ok(())
    }

    /// A queue's attributes, its message counts included.
    pub(crate) fn attributes(&mut self, name: &QueueName) -> Result<QueueAttributes, EngineError> {
        let queue = self.queue(name)?;
        self.expire(&queue)?;
        let [visible, in_flight, delayed] = self.counts(&queue)?;
        let mut attributes = queue.settings.describe()?;
        let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
        put("QueueArn", name.arn());
        put("CreatedTimestamp", (queue.created_at_ms / 1000).to_string());
        put("LastModifiedTimestamp", (queue.modified_at_ms / 1000).to_string());
        put("ApproximateNumberOfMessages", visible.to_string());
        put("ApproximateNumberOfMessagesNotVisible", in_flight.to_string());
        put("ApproximateNumberOfMessagesDelayed", delayed.to_string());
        Ok(attributes)
    }

    /// Visible, in flight, delayed.
    fn counts(&self, queue: &Queue) -> Result<[i64; 3], EngineError> {
        let mut statement = self.sql(
            "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                    count(*) FILTER (WHERE visible_at > ?2 AND receive_count > 0),
                    count(*) FILTER (WHERE visible_at > ?2 AND receive_count = 0)
             FROM messages WHERE queue = ?1",
        )?;
        Ok(statement.query_row([queue.id, self.now_ms], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?)
    }

    pub(crate) fn tags(&self, name: &QueueName) -> Result<BTreeMap<String, String>, EngineError> {
        let mut statement = self.sql("SELECT tags FROM queues WHERE name = ?1")?;
        let tags: Option<String> = statement.query_row([name.as_str()], |row| row.get(0)).optional()?;
        Ok(serde_json::from_str(&tags.ok_or(EngineError::QueueDoesNotExist)?)?)
    }

    pub(crate) fn set_tags(&mut self, name: &QueueName, tags: &BTreeMap<String, String>) -> Result<(), EngineError> {
        self.sql("UPDATE queues SET tags = ?2 WHERE name = ?1")?.execute(params![name.as_str(), serde_json::to_string(tags)?])?;
        Ok(())
    }

    /// The queues whose dead letters go to this one.
    pub(crate) fn dead_letter_sources(&self, name: &QueueName) -> Result<Vec<QueueName>, EngineError> {
        let arn = self.queue(name)?.name.arn();
        let sends_here = |queue: &Queue| queue.settings.redrive.as_ref().is_some_and(|p| p.dead_letter_target_arn == arn);
        Ok(self.queues()?.into_iter().filter(sends_here).map(|queue| queue.name).collect())
    }
}
