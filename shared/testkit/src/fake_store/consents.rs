//! The port `Consents`.

use domain::consent::{Consents, Entry, Subject, WordsId};
use domain::ports::StoreError;

use super::{Call, FakeStore};

impl Consents for FakeStore {
    async fn append(&self, entry: &Entry) -> Result<bool, StoreError> {
        self.call(Call::AppendConsent, |state| {
            let ledger = state.consents.entry(entry.subject.clone()).or_default();
            Ok(ledger.insert(entry.id(), entry.clone()).is_none())
        })
        .await
    }

    async fn entries(&self, subject: &Subject) -> Result<Vec<Entry>, StoreError> {
        self.call(Call::ConsentEntries, |state| {
            Ok(state.consents.get(subject).map_or_else(Vec::new, |ledger| ledger.values().cloned().collect()))
        })
        .await
    }

    async fn remove_entry(&self, entry: &Entry) -> Result<(), StoreError> {
        self.call(Call::RemoveConsent, |state| {
            if let Some(ledger) = state.consents.get_mut(&entry.subject) {
                ledger.remove(&entry.id());
            }
            Ok(())
        })
        .await
    }

    async fn put_words(&self, id: &WordsId, words: &str) -> Result<(), StoreError> {
        self.call(Call::PutWords, |state| {
            state.words.insert(id.to_string(), words.to_owned());
            Ok(())
        })
        .await
    }

    async fn words(&self, id: &WordsId) -> Result<Option<String>, StoreError> {
        self.call(Call::Words, |state| Ok(state.words.get(&id.to_string()).cloned())).await
    }
}
