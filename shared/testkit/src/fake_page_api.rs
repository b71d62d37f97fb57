//! What the platform says of Pages, as a test sets it.

use std::sync::Mutex;

use domain::id::PageId;
use domain::ports::{PageApi, ProfileError, RecordedThreads, TokenReport};
use domain::watch::FIELDS;

use crate::lock::locked;

/// A platform whose token is good and whose Page is subscribed to everything, unless a test says otherwise.
#[derive(Debug)]
pub struct FakePageApi(Mutex<State>);

#[derive(Debug)]
struct State {
    token: Result<TokenReport, ProfileError>,
    fields: Vec<String>,
    subscribing: Result<(), ProfileError>,
    /// The lists of threads, one a call.
    threads: Vec<RecordedThreads>,
    cursors: Vec<Option<String>>,
}

impl Default for FakePageApi {
    fn default() -> Self {
        Self(Mutex::new(State {
            token: Ok(TokenReport { valid: true, ends_at: None }),
            fields: FIELDS.map(str::to_owned).to_vec(),
            subscribing: Ok(()),
            threads: Vec::new(),
            cursors: Vec::new(),
        }))
    }
}

impl FakePageApi {
    /// Says what is told of the token from now on.
    pub fn set_token(&self, token: Result<TokenReport, ProfileError>) {
        locked(&self.0).token = token;
    }

    /// Says to which fields the Page is subscribed.
    pub fn set_fields(&self, fields: &[&str]) {
        locked(&self.0).fields = fields.iter().map(|field| (*field).to_owned()).collect();
    }

    /// Says how subscribing ends.
    pub fn set_subscribing(&self, end: Result<(), ProfileError>) {
        locked(&self.0).subscribing = end;
    }

    /// Adds what the next call for threads is answered with.
    pub fn then_threads(&self, threads: RecordedThreads) {
        locked(&self.0).threads.push(threads);
    }

    /// Returns the cursors with which threads were asked for, in order.
    #[must_use]
    pub fn cursors(&self) -> Vec<Option<String>> {
        locked(&self.0).cursors.clone()
    }
}

impl PageApi for FakePageApi {
    async fn token(&self, _page: &PageId) -> Result<TokenReport, ProfileError> {
        locked(&self.0).token.clone()
    }

    async fn subscribed_fields(&self, _page: &PageId) -> Result<Vec<String>, ProfileError> {
        Ok(locked(&self.0).fields.clone())
    }

    async fn subscribe(&self, _page: &PageId, fields: &[&str]) -> Result<(), ProfileError> {
        let mut state = locked(&self.0);
        state.subscribing.clone()?;
        state.fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Ok(())
    }

    async fn threads(&self, _page: &PageId, cursor: Option<&str>) -> Result<RecordedThreads, ProfileError> {
        let mut state = locked(&self.0);
        state.cursors.push(cursor.map(str::to_owned));
        if state.threads.is_empty() {
            return Err(ProfileError::Unavailable { reason: "the script names no threads".into() });
        }
        Ok(state.threads.remove(0))
    }
}
