//! Counting for rollouts what becomes of notices.

use super::Ports;
use crate::notice::Notice;
use crate::rollout::{self, RolloutError, What};
use crate::time::Timestamp;

/// Counts for the rollout that the notice is part of, if it is, and stops the rollout when its limits are passed.
pub(super) async fn count(world: &impl Ports, notice: &Notice, what: What, at: Timestamp) -> Result<(), RolloutError> {
    let Some(id) = &notice.rollout else { return Ok(()) };
    let counted = rollout::note(world.store(), id, &notice.id, what, at).await.map_err(RolloutError::Store)?;
    if counted && matches!(what, What::Failed | What::Blocked) {
        rollout::stop_if_needed(world.store(), id, world.now()).await?;
    }
    Ok(())
}
