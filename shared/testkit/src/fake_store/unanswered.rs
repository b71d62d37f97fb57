//! The port `UnansweredIndex`.

use domain::ports::{StoreError, UnansweredIndex};
use domain::time::Timestamp;

use super::{Call, FakeStore};

impl UnansweredIndex for FakeStore {
    async fn oldest_unanswered(&self) -> Result<Option<Timestamp>, StoreError> {
        let oldest = self.call(Call::OldestUnanswered, |state| {
            Ok(state.conversations.values().filter_map(|conversation| conversation.unanswered_since).min())
        });
        oldest.await
    }
}
