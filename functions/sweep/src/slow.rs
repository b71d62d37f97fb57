//! The pace of the Conversations API: it takes two calls a second of a Page, and deliver may need one of them.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/overview/rate-limiting>

use std::time::Duration;

use domain::id::PageId;
use domain::ports::{PageApi, ProfileError, RecordedThreads, TokenReport};

/// The pause before each call that reads threads.
const PAUSE: Duration = Duration::from_millis(1100);

/// A Page API that reads threads slowly.
#[derive(Debug)]
pub(crate) struct Slow<Api>(Api);

impl<Api> Slow<Api> {
    pub(crate) const fn new(api: Api) -> Self {
        Self(api)
    }
}

impl<Api: PageApi> PageApi for Slow<Api> {
    async fn token(&self, page: &PageId) -> Result<TokenReport, ProfileError> {
        self.0.token(page).await
    }

    async fn subscribed_fields(&self, page: &PageId) -> Result<Vec<String>, ProfileError> {
        self.0.subscribed_fields(page).await
    }

    async fn subscribe(&self, page: &PageId, fields: &[&str]) -> Result<(), ProfileError> {
        self.0.subscribe(page, fields).await
    }

    #[expect(clippy::disallowed_methods, reason = "a wait of a moment, a few times a run, and only after an outage")]
    async fn threads(&self, page: &PageId, cursor: Option<&str>) -> Result<RecordedThreads, ProfileError> {
        tokio::time::sleep(PAUSE).await;
        self.0.threads(page, cursor).await
    }
}
