use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::QueueName;

/// One bell a queue, rung after a commit that may have made a message visible. Long polls listen.
#[derive(Debug, Default)]
pub(crate) struct Bells(Mutex<BTreeMap<QueueName, watch::Sender<()>>>);

impl Bells {
    /// Hears every ring from now on. Listen first and look second, or a ring in between is lost.
    pub(crate) fn listen(&self, queue: &QueueName) -> watch::Receiver<()> {
        self.lock().entry(queue.clone()).or_default().subscribe()
    }

    pub(crate) fn ring<'q>(&self, queues: impl IntoIterator<Item = &'q QueueName>) {
        let bells = self.lock();
        for bell in queues.into_iter().filter_map(|queue| bells.get(queue)) {
            bell.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<QueueName, watch::Sender<()>>> {
        // No code panics while it holds the map, and a map of bells is whole after every step anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
