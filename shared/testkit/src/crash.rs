//! A process that stops between two of its steps.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use crate::lock::locked;

/// Lets work live for so many steps, then stops it for ever, as a crash does: nothing after that step is done. Fakes that share one make a
/// step before and after everything they do, so that work stops both before a call has an effect and before its answer arrives.
#[derive(Debug, Clone, Default)]
pub struct Crash(Arc<Mutex<Fate>>);

#[derive(Debug, Default)]
struct Fate {
    /// How many steps are left, when they are counted.
    left: Option<usize>,
    stopped: bool,
}

impl Crash {
    /// Lets the work live for `steps` more steps.
    pub fn after(&self, steps: usize) {
        *locked(&self.0) = Fate { left: Some(steps), stopped: false };
    }

    /// Lets the next work live as long as it wants.
    pub fn never(&self) {
        *locked(&self.0) = Fate::default();
    }

    /// Runs `work` until it ends or is stopped; nothing when it was stopped.
    pub async fn run<F: Future>(&self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if locked(&self.0).stopped => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Makes a step: lets other work go first, and never comes back once the steps are used up.
    pub(crate) async fn step(&self) {
        let mut yielded = false;
        std::future::poll_fn(|context| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let stopped = {
            let mut fate = locked(&self.0);
            fate.stopped = fate.left == Some(0);
            fate.left = fate.left.map(|left| left.saturating_sub(1));
            fate.stopped
        };
        if stopped {
            std::future::pending::<()>().await;
        }
    }
}
