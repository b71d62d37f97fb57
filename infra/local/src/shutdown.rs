//! One signal that stops everything, and the tasks that it waits for.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a clean stop waits for what is being worked.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handle on the stop of the stack; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    wanted: watch::Sender<bool>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self { wanted: watch::Sender::new(false), tasks: Arc::default() }
    }

    /// Runs a task that ends by itself once the stop is wanted.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(task);
        if let Ok(mut tasks) = self.tasks.lock() {
            tasks.push(task);
        }
    }

    /// Waits until the stop is wanted.
    pub(crate) async fn wanted(&self) {
        let mut wanted = self.wanted.subscribe();
        // The sender lives as long as this handle, so waiting does not fail.
        drop(wanted.wait_for(|wanted| *wanted).await);
    }

    /// Stops everything and waits for it, but not for ever.
    pub(crate) async fn stop(&self) {
        self.wanted.send_replace(true);
        let tasks = self.tasks.lock().map(|mut tasks| std::mem::take(&mut *tasks)).unwrap_or_default();
        for task in tasks {
            if tokio::time::timeout(PATIENCE, task).await.is_err() {
                tracing::warn!("a task did not stop in time; what it worked comes again at the next start");
            }
        }
    }
}
