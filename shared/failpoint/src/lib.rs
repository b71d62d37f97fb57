//! Places before and after each durable step, at which a test stops the process as `kill -9` does.
//!
//! Without the feature `armed` every function here is empty, and what deploys has nothing of it; see docs/adr/0016. With the feature, a
//! process stops at the one place that [`arm`] was given.

/// Marks the moment before a durable step.
#[inline]
pub fn before(step: &'static str) {
    switch::pass(step, "before");
}

/// Marks the moment after a durable step, when nobody has acted on it yet.
#[inline]
pub fn after(step: &'static str) {
    switch::pass(step, "after");
}

/// Makes a durable step and marks both of its sides: `around!("table.save", call.await)`. A macro, because a function that takes a future
/// doubles its size.
#[macro_export]
macro_rules! around {
    ($step:literal, $making:expr) => {{
        $crate::before($step);
        let made = $making;
        $crate::after($step);
        made
    }};
}

/// The process stops nowhere: the place is not written as `table.save.after@2`, one is named already, or the build has no failpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmError;

/// Lets the process stop at `place`: a step, `.before` or `.after`, and behind `@` which time that it is passed, from 1.
pub fn arm(place: &str) -> Result<(), ArmError> {
    switch::arm(place)
}

#[cfg(not(feature = "armed"))]
mod switch {
    use super::ArmError;

    pub(crate) const fn pass(_step: &'static str, _side: &'static str) {}

    pub(crate) const fn arm(_place: &str) -> Result<(), ArmError> {
        Err(ArmError)
    }
}

#[cfg(feature = "armed")]
mod switch {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::ArmError;

    struct Armed {
        step: String,
        side: String,
        /// How often the place is passed until the process stops there.
        left: AtomicU32,
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    pub(crate) fn arm(place: &str) -> Result<(), ArmError> {
        let (point, times) = place.rsplit_once('@').ok_or(ArmError)?;
        let (step, side) = point.rsplit_once('.').filter(|(_, side)| ["before", "after"].contains(side)).ok_or(ArmError)?;
        let times = times.parse().ok().filter(|times| *times > 0).ok_or(ArmError)?;
        let armed = Armed { step: step.into(), side: side.into(), left: AtomicU32::new(times) };
        ARMED.set(armed).map_err(|_| ArmError)
    }

    pub(crate) fn pass(step: &str, side: &str) {
        let Some(armed) = ARMED.get().filter(|armed| armed.step == step && armed.side == side) else { return };
        if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // No unwinding, no destructor, nothing flushed.
            std::process::abort();
        }
    }
}
