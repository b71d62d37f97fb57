//! A mail server with scripted answers.

use std::collections::VecDeque;
use std::sync::Mutex;

use domain::mail::{Email, MailError, Mailer};

use crate::lock::locked;

/// A mail server that takes everything, unless its script says otherwise. Without [`FakeMail::set`] there is none.
#[derive(Debug, Default)]
pub struct FakeMail(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    script: VecDeque<MailError>,
    taken: Vec<Email>,
}

impl FakeMail {
    /// Sets one up.
    #[must_use]
    pub fn set() -> Self {
        Self(Mutex::new(State { is_set: true, ..State::default() }))
    }

    /// Lets the next e-mail end like this.
    pub fn refuse(&self, error: MailError) {
        locked(&self.0).script.push_back(error);
    }

    /// Returns what it took, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Email> {
        locked(&self.0).taken.clone()
    }
}

impl Mailer for FakeMail {
    fn is_set(&self) -> bool {
        locked(&self.0).is_set
    }

    async fn send(&self, email: &Email) -> Result<(), MailError> {
        let mut state = locked(&self.0);
        if let Some(error) = state.script.pop_front() {
            return Err(error);
        }
        state.taken.push(email.clone());
        Ok(())
    }
}
