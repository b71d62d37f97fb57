//! The port `Templates`.

use domain::id::PageId;
use domain::ports::StoreError;
use domain::template::{PageTemplate, Templates};

use super::{Call, FakeStore};

impl Templates for FakeStore {
    async fn templates(&self, page: &PageId) -> Result<Vec<PageTemplate>, StoreError> {
        self.call(Call::Templates, |state| Ok(state.templates.values().filter(|template| template.page == *page).cloned().collect())).await
    }

    async fn put_template(&self, template: &PageTemplate) -> Result<bool, StoreError> {
        self.call(Call::PutTemplate, |state| {
            let key = (template.page.clone(), template.name.clone(), template.language.clone());
            let stored = state.templates.get(&key);
            if stored.is_some_and(|stored| stored.at > template.at) {
                return Ok(false);
            }
            let has_button = template.has_button.or_else(|| stored.and_then(|stored| stored.has_button));
            state.templates.insert(key, PageTemplate { has_button, ..template.clone() });
            Ok(true)
        })
        .await
    }
}
