use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::bells::Bells;
use crate::clock::millis;
use crate::database::Database;
use crate::queue_settings::{MAX_VISIBILITY_S, MAX_WAIT_S};
use crate::session::{MoveTask, Queue, Session, Taken};
use crate::{Clock, EngineError, Message, NewMessage, OpenError, QueueAttributes, QueueName, Receive, Sent};

const MAX_MESSAGES: usize = 10;

/// The queues of one file. Clones are handles to the same queues; the file is closed with the last of them.
///
/// One process at a time may have a file open, because a long poll hears only of what its own process sends.
#[derive(Debug, Clone)]
pub struct Engine {
    database: Arc<Database>,
    bells: Arc<Bells>,
    clock: Clock,
}

impl Engine {
    /// Opens a database file, and creates it where there is none.
    ///
    /// The file is in WAL mode with `synchronous=NORMAL`: what was answered survives a kill of the process, but the
    /// last moments may be lost, never torn, when the machine itself goes down.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, OpenError> {
        let bells = Arc::<Bells>::default();
        let database = Database::open(path, clock.clone(), Arc::clone(&bells))?;
        Ok(Self { database: Arc::new(database), bells, clock })
    }

    /// Queues that are gone with the last handle.
    pub fn in_memory(clock: Clock) -> Result<Self, OpenError> {
        let bells = Arc::<Bells>::default();
        let database = Database::in_memory(clock.clone(), Arc::clone(&bells))?;
        Ok(Self { database: Arc::new(database), bells, clock })
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sends a message.
    pub async fn send(&self, queue: &QueueName, message: NewMessage) -> Result<Sent, EngineError> {
        self.on(queue, move |session, queue| session.send(queue, &message)).await
    }

    /// Sends messages in one transaction. Each has its own outcome, in order.
    pub async fn send_batch(&self, queue: &QueueName, messages: Vec<NewMessage>) -> Result<Vec<Result<Sent, EngineError>>, EngineError> {
        self.on(queue, move |session, queue| Ok(messages.iter().map(|message| session.send(queue, message)).collect())).await
    }

    /// Takes messages; where there are none, waits for some as long as the request or the queue says.
    ///
    /// A caller that goes away while it waits takes nothing.
    pub async fn receive(&self, queue: &QueueName, request: Receive) -> Result<Vec<Message>, EngineError> {
        check_receive(&request)?;
        let started_ms = self.clock.now_ms();
        let mut bell = self.bells.listen(queue);
        loop {
            let (taken, queue_wait_s) = self
                .on(queue, move |session, queue| {
                    let visibility_ms = request.visibility.map_or(queue.settings.visibility_timeout_s * 1000, millis);
                    Ok((session.take(queue, request.max, visibility_ms)?, queue.settings.receive_wait_s))
                })
                .await?;
            let Taken { messages, next_visible_ms } = taken;
            let deadline_ms = started_ms + request.wait.map_or(queue_wait_s * 1000, millis);
            if !messages.is_empty() || self.clock.now_ms() >= deadline_ms {
                return Ok(messages);
            }
            let wake_ms = next_visible_ms.map_or(deadline_ms, |next_ms| next_ms.min(deadline_ms));
            tokio::select! {
                _ = bell.changed() => {}
                () = self.clock.wait_until(wake_ms) => {}
            }
        }
    }

    /// Waits until the queue may have a message to give, without taking it. Another receiver may be faster.
    pub async fn wait_until_visible(&self, queue: &QueueName) -> Result<(), EngineError> {
        let mut bell = self.bells.listen(queue);
        loop {
            let next_visible_ms = self.on(queue, |session, queue| session.next_visible(queue)).await?;
            if next_visible_ms.is_some_and(|next_ms| next_ms <= self.clock.now_ms()) {
                return Ok(());
            }
            tokio::select! {
                _ = bell.changed() => {}
                () = self.clock.wait_until(next_visible_ms.unwrap_or(i64::MAX)), if next_visible_ms.is_some() => {}
            }
        }
    }

    /// Deletes a received message.
    pub async fn delete(&self, queue: &QueueName, receipt_handle: &str) -> Result<(), EngineError> {
        let handle = receipt_handle.to_owned();
        self.on(queue, move |session, queue| session.delete(queue, &handle)).await
    }

    /// Deletes received messages in one transaction. Each has its own outcome, in order.
    pub async fn delete_batch(&self, queue: &QueueName, receipt_handles: Vec<String>) -> Result<Vec<Result<(), EngineError>>, EngineError> {
        self.on(queue, move |session, queue| Ok(receipt_handles.iter().map(|handle| session.delete(queue, handle)).collect())).await
    }

    /// Hides a received message for `visibility` from now on, up to 12 hours; zero gives it back.
    pub async fn change_visibility(&self, queue: &QueueName, receipt_handle: &str, visibility: Duration) -> Result<(), EngineError> {
        let visibility_ms = check_visibility(visibility)?;
        let handle = receipt_handle.to_owned();
        self.on(queue, move |session, queue| session.change_visibility(queue, &handle, visibility_ms)).await
    }

    /// Creates a queue. One that exists with the same attributes is no error.
    pub async fn create_queue(&self, queue: &QueueName, attributes: &QueueAttributes) -> Result<(), EngineError> {
        let (queue, attributes) = (queue.clone(), attributes.clone());
        self.database.run(move |session| session.create_queue(&queue, &attributes)).await
    }

    /// Whether the queue exists: an error where it does not. Its URL and ARN follow from its name.
    pub async fn find_queue(&self, queue: &QueueName) -> Result<(), EngineError> {
        self.on(queue, |_, _| Ok(())).await
    }

    /// All queues, by name.
    pub async fn queues(&self) -> Result<Vec<QueueName>, EngineError> {
        self.database.run(|session| Ok(session.queues()?.into_iter().map(|queue| queue.name).collect())).await
    }

    /// Deletes a queue and its messages.
    pub async fn delete_queue(&self, queue: &QueueName) -> Result<(), EngineError> {
        self.named(queue, |session, name| session.delete_queue(&name)).await
    }

    /// Deletes a queue's messages.
    pub async fn purge_queue(&self, queue: &QueueName) -> Result<(), EngineError> {
        self.named(queue, |session, name| session.purge_queue(&name)).await
    }

    /// Gives back every message of every queue that is in flight, and returns how many. Call it at a start, before anybody polls: whoever
    /// received those messages before is gone.
    pub async fn release_in_flight(&self) -> Result<usize, EngineError> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's own lifetime is not general enough")]
        self.database.run(|session| session.release_in_flight()).await
    }

    /// All attributes of a queue, the message counts included. Here the counts are exact.
    pub async fn attributes(&self, queue: &QueueName) -> Result<QueueAttributes, EngineError> {
        self.named(queue, |session, name| session.attributes(&name)).await
    }

    /// Changes some attributes of a queue.
    pub async fn set_attributes(&self, queue: &QueueName, attributes: QueueAttributes) -> Result<(), EngineError> {
        self.named(queue, move |session, name| session.set_attributes(&name, &attributes)).await
    }

    pub async fn tags(&self, queue: &QueueName) -> Result<BTreeMap<String, String>, EngineError> {
        self.named(queue, |session, name| session.tags(&name)).await
    }

    /// Adds tags, or overwrites them.
    pub async fn tag_queue(&self, queue: &QueueName, tags: BTreeMap<String, String>) -> Result<(), EngineError> {
        self.named(queue, move |session, name| {
            let mut all = session.tags(&name)?;
            all.extend(tags);
            session.set_tags(&name, &all)
        })
        .await
    }

    pub async fn untag_queue(&self, queue: &QueueName, keys: Vec<String>) -> Result<(), EngineError> {
        self.named(queue, move |session, name| {
            let mut all = session.tags(&name)?;
            all.retain(|key, _| !keys.contains(key));
            session.set_tags(&name, &all)
        })
        .await
    }

    /// The queues whose dead letters go to this one.
    pub async fn dead_letter_sources(&self, queue: &QueueName) -> Result<Vec<QueueName>, EngineError> {
        self.named(queue, |session, name| session.dead_letter_sources(&name)).await
    }

    /// Moves the visible messages of a dead-letter queue to `destination`, or to where each came from. Gives back the
    /// handle of the task, which is over by then.
    pub async fn move_messages(&self, source: &QueueName, destination: Option<QueueName>) -> Result<String, EngineError> {
        self.named(source, move |session, name| session.move_messages(&name, destination.as_ref())).await
    }

    /// The latest moves out of a queue, the last one first.
    pub async fn move_tasks(&self, source: &QueueName) -> Result<Vec<MoveTask>, EngineError> {
        self.named(source, |session, name| session.move_tasks(&name)).await
    }

    /// Runs work on a queue that must exist.
    async fn on<T, F>(&self, queue: &QueueName, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>, &Queue) -> Result<T, EngineError> + Send + 'static,
    {
        let name = queue.clone();
        self.database
            .run(move |session| {
                let queue = session.queue(&name)?;
                work(session, &queue)
            })
            .await
    }

    /// Runs work that looks the queue up itself.
    async fn named<T, F>(&self, queue: &QueueName, work: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>, QueueName) -> Result<T, EngineError> + Send + 'static,
    {
        let name = queue.clone();
        self.database.run(move |session| work(session, name)).await
    }
}

fn check_receive(request: &Receive) -> Result<(), EngineError> {
    if !(1..=MAX_MESSAGES).contains(&request.max) {
        return Err(EngineError::parameter("MaxNumberOfMessages", "must be between 1 and 10, if provided"));
    }
    if request.wait.is_some_and(|wait| millis(wait) > MAX_WAIT_S * 1000) {
        return Err(EngineError::parameter("WaitTimeSeconds", "must be between 0 and 20, if provided"));
    }
    request.visibility.map(check_visibility).transpose()?;
    Ok(())
}

fn check_visibility(visibility: Duration) -> Result<i64, EngineError> {
    let visibility_ms = millis(visibility);
    if visibility_ms > MAX_VISIBILITY_S * 1000 {
        return Err(EngineError::parameter("VisibilityTimeout", "must be between 0 and 43200"));
    }
    Ok(visibility_ms)
}
