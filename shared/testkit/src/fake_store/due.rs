//! The port `DueIndex`.

use domain::ports::{Due, DueIndex, StoreError};
use domain::time::Timestamp;

use super::state::at_least_one;
use super::{Call, FakeStore};

impl DueIndex for FakeStore {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.call(Call::Due, |state| {
            let limit = at_least_one(limit)?;
            let due = |((conversation, message), at): (&(_, _), &Option<Timestamp>)| {
                let due_at = at.filter(|at| *at <= now)?;
                Some(Due { conversation: Clone::clone(conversation), message: Clone::clone(message), due_at })
            };
            let mut due: Vec<Due> = state.pending.iter().filter_map(due).collect();
            due.sort_by_key(|item| item.due_at);
            due.truncate(limit);
            Ok(due)
        })
        .await
    }

    async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), StoreError> {
        self.call(Call::Postpone, |state| {
            if let Some(at) = state.pending.get_mut(&(due.conversation.clone(), due.message.clone()))
                && *at == Some(due.due_at)
            {
                *at = Some(until);
            }
            Ok(())
        })
        .await
    }
}
