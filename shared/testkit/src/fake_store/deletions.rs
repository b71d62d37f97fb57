//! The port `Deletions`.

use domain::deletion::{ConfirmationCode, Deletion};
use domain::id::PageId;
use domain::ports::{Deletions, StoreError};

use super::{Call, FakeStore};

impl Deletions for FakeStore {
    async fn deletion(&self, code: &ConfirmationCode) -> Result<Option<Deletion>, StoreError> {
        self.call(Call::Deletion, |state| Ok(state.deletions.get(code).cloned())).await
    }

    async fn put_deletion(&self, deletion: &Deletion) -> Result<(), StoreError> {
        self.call(Call::PutDeletion, |state| {
            state.deletions.insert(deletion.code.clone(), deletion.clone());
            Ok(())
        })
        .await
    }

    async fn known_pages(&self) -> Result<Vec<PageId>, StoreError> {
        self.call(Call::KnownPages, |state| Ok(state.pages.iter().cloned().collect())).await
    }
}
