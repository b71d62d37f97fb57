//! One time for the whole stack: the functions, the queues and the simulator.

use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;

/// The machine's time, or one that a test moves.
#[derive(Debug, Clone)]
pub struct StackClock {
    queues: local_sqs::Clock,
    simulator: messenger_simulator::Clock,
}

impl StackClock {
    #[must_use]
    pub fn system() -> Self {
        Self { queues: local_sqs::Clock::system(), simulator: messenger_simulator::Clock::system() }
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        let ms = start.as_millis();
        Self { queues: local_sqs::Clock::manual(ms), simulator: messenger_simulator::Clock::manual(ms) }
    }

    /// Moves a manual clock; what waits for a moment in between wakes.
    pub fn advance(&self, span: Duration) {
        self.queues.advance(span);
        self.simulator.advance(span);
    }

    /// Moves a manual clock back, as when a machine's time is set right.
    pub fn turn_back(&self, span: Duration) {
        self.queues.turn_back(span);
        self.simulator.turn_back(span);
    }

    pub(crate) fn queues(&self) -> local_sqs::Clock {
        self.queues.clone()
    }

    pub(crate) fn simulator(&self) -> messenger_simulator::Clock {
        self.simulator.clone()
    }

    /// Waits for a moment.
    pub(crate) async fn wait_until(&self, at: Timestamp) {
        self.queues.wait_until(at.as_millis()).await;
    }
}

impl Clock for StackClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.queues.now_ms())
    }
}
