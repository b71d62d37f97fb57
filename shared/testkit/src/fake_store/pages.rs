//! The ports `Holds` and `Watches`.

use domain::hold::Hold;
use domain::id::PageId;
use domain::ports::{Due, Holds, StoreError, Watches};
use domain::watch::Watch;

use super::state::{Turn, at_least_one};
use super::{Call, FakeStore};

impl Holds for FakeStore {
    async fn hold(&self, page: &PageId) -> Result<Option<Hold>, StoreError> {
        self.call(Call::Hold, |state| Ok(state.holds.get(page).cloned())).await
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.call(Call::Holds, |state| Ok(state.holds.values().cloned().collect())).await
    }

    async fn put_hold(&self, hold: &Hold) -> Result<bool, StoreError> {
        self.call(Call::PutHold, |state| {
            let current = state.holds.get(&hold.page).map_or(0, |stored| stored.revision) == hold.revision;
            if current {
                state.holds.insert(hold.page.clone(), Hold { revision: hold.revision + 1, ..hold.clone() });
            }
            Ok(current)
        })
        .await
    }

    async fn remove_hold(&self, hold: &Hold) -> Result<(), StoreError> {
        self.call(Call::RemoveHold, |state| {
            if state.holds.get(&hold.page).is_some_and(|stored| stored.revision == hold.revision) {
                state.holds.remove(&hold.page);
            }
            Ok(())
        })
        .await
    }

    async fn held(&self, page: &PageId, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.call(Call::Held, |state| {
            let limit = at_least_one(limit)?;
            Ok(state.turns(limit, |turn| matches!(turn, Turn::WithPage(of, _) if of == page)))
        })
        .await
    }
}

impl Watches for FakeStore {
    async fn watches(&self) -> Result<Vec<Watch>, StoreError> {
        self.call(Call::Watches, |state| Ok(state.watches.values().cloned().collect())).await
    }

    async fn put_watch(&self, watch: &Watch) -> Result<bool, StoreError> {
        self.call(Call::PutWatch, |state| {
            let current = state.watches.get(&watch.page).map_or(0, |stored| stored.revision) == watch.revision;
            if current {
                state.watches.insert(watch.page.clone(), Watch { revision: watch.revision + 1, ..watch.clone() });
            }
            Ok(current)
        })
        .await
    }
}
