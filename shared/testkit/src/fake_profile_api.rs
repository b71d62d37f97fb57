//! User profiles with scripted answers.

use std::collections::VecDeque;
use std::sync::Mutex;

use domain::id::{PageId, UserId};
use domain::ports::{ProfileApi, ProfileError};

use crate::lock::locked;

/// A platform that tells nobody's name, unless its script says otherwise.
#[derive(Debug, Default)]
pub struct FakeProfileApi(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Result<Option<String>, ProfileError>>,
    asked: Vec<(PageId, UserId)>,
}

impl FakeProfileApi {
    /// Answers the next question.
    pub fn answer(&self, answer: Result<Option<&str>, ProfileError>) {
        locked(&self.0).script.push_back(answer.map(|name| name.map(str::to_owned)));
    }

    /// Returns whom it was asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<(PageId, UserId)> {
        locked(&self.0).asked.clone()
    }
}

impl ProfileApi for FakeProfileApi {
    async fn name(&self, page: &PageId, user: &UserId) -> Result<Option<String>, ProfileError> {
        let mut state = locked(&self.0);
        state.asked.push((page.clone(), user.clone()));
        state.script.pop_front().unwrap_or(Ok(None))
    }
}
