//! Locks that outlive a failed test.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock even when a test failed while it held it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
