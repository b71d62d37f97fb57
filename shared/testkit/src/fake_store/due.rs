//! The port `DueIndex`.

use domain::ports::{Due, DueIndex, StoreError};
use domain::time::Timestamp;

use super::state::{State, Turn, at_least_one};
use super::{Call, FakeStore};

impl DueIndex for FakeStore {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.call(Call::Due, |state| {
            let limit = at_least_one(limit)?;
            Ok(state.turns(limit, |turn| matches!(turn, Turn::At(at) if *at <= now)))
        })
        .await
    }

    async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), StoreError> {
        self.call(Call::Postpone, |state| {
            if let Some(at) = state.pending.get_mut(&(due.conversation.clone(), due.message.clone()))
                && at.as_ref().is_some_and(|turn| turn.at() == due.due_at)
            {
                *at = Some(Turn::At(until));
            }
            Ok(())
        })
        .await
    }
}

impl State {
    /// Lists the pending messages whose turn is wanted, the earliest first.
    pub(super) fn turns(&self, limit: usize, wanted: impl Fn(&Turn) -> bool) -> Vec<Due> {
        let turn = |((conversation, message), turn): (&(_, _), &Option<Turn>)| {
            let due_at = turn.as_ref().filter(|turn| wanted(turn))?.at();
            Some(Due { conversation: Clone::clone(conversation), message: Clone::clone(message), due_at })
        };
        let mut due: Vec<Due> = self.pending.iter().filter_map(turn).collect();
        due.sort_by_key(|item| item.due_at);
        due.truncate(limit);
        due
    }
}
