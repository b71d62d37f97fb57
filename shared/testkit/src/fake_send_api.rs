//! The Send API with scripted answers.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;

use domain::content::{Content, UtilityMessage};
use domain::id::{PageId, PlatformMessageId, UserId};
use domain::policy::Way;
use domain::ports::{ProfileError, SendApi, SendError, SendRequest, Sendable, ThreadRecord, ThreadRecordApi};
use domain::time::Timestamp;

use crate::crash::Crash;
use crate::ids::mid;
use crate::lock::locked;

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub page: PageId,
    pub user: UserId,
    /// The words of it, as far as it has any: of a receipt the order's number, of a utility message the template's name.
    pub text: String,
    pub given: Given,
    pub way: Way,
    pub metadata: String,
    /// What the customer got of it.
    pub taken_as: Option<PlatformMessageId>,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Text(String),
    Content(Content),
    Utility(UtilityMessage),
}

impl Given {
    fn of(sendable: Sendable<'_>) -> Self {
        match sendable {
            Sendable::Text(text) => Self::Text(text.to_owned()),
            Sendable::Content(content) => Self::Content(content.clone()),
            Sendable::Utility(utility) => Self::Utility(utility.clone()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Content(Content::Text { text } | Content::Buttons { text, .. }) => text.clone(),
            Self::Content(Content::Receipt(receipt)) => receipt.order_number.clone(),
            Self::Utility(utility) => utility.template.clone(),
        }
    }
}

/// A platform that takes everything as `m_out-1`, `m_out-2`, …, unless its script says otherwise.
#[derive(Default)]
pub struct FakeSendApi {
    state: Mutex<State>,
    crash: Crash,
}

#[derive(Default)]
struct State {
    /// What the platform's record of threads says; it does not answer when nothing is said here.
    record: Option<Result<ThreadRecord, ProfileError>>,
    script: VecDeque<Answer>,
    calls: Vec<Sent>,
}

type Action = Box<dyn FnOnce(Sent) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

enum Answer {
    Error(SendError),
    /// The platform takes it, and the answer is lost.
    Lost(SendError),
    Taken,
    /// The platform takes it, and something happens before its answer arrives.
    TakenAfter(Action),
    /// Something happens, and the platform does not take it.
    ErrorAfter(SendError, Action),
}

impl fmt::Debug for FakeSendApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeSendApi").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl FakeSendApi {
    /// Makes a platform whose callers stop when `crash` says so.
    #[must_use]
    pub fn that_crashes(crash: &Crash) -> Self {
        Self { crash: crash.clone(), ..Self::default() }
    }

    /// Says what the record of threads answers from now on.
    pub fn record(&self, record: Result<ThreadRecord, ProfileError>) {
        locked(&self.state).record = Some(record);
    }

    /// Takes the next call.
    pub fn take(&self) {
        locked(&self.state).script.push_back(Answer::Taken);
    }

    /// Refuses the next call.
    pub fn refuse(&self, error: SendError) {
        locked(&self.state).script.push_back(Answer::Error(error));
    }

    /// Takes the next call and answers with an error all the same.
    pub fn take_but_answer(&self, error: SendError) {
        locked(&self.state).script.push_back(Answer::Lost(error));
    }

    /// Takes the next call, and runs `action` before its answer arrives.
    pub fn take_and_then<F>(&self, action: impl FnOnce(Sent) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        locked(&self.state).script.push_back(Answer::TakenAfter(Box::new(|sent| Box::pin(action(sent)))));
    }

    /// Refuses the next call, and runs `action` before its answer arrives.
    pub fn refuse_and_then<F>(&self, error: SendError, action: impl FnOnce(Sent) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        locked(&self.state).script.push_back(Answer::ErrorAfter(error, Box::new(|sent| Box::pin(action(sent)))));
    }

    /// Returns every call, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Sent> {
        locked(&self.state).calls.clone()
    }

    /// Returns what reached the customer, in order.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.taken_as.is_some()).map(|call| call.text).collect()
    }
}

impl SendApi for FakeSendApi {
    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        self.crash.step().await;
        let (answer, call) = {
            let mut state = locked(&self.state);
            let answer = state.script.pop_front().unwrap_or(Answer::Taken);
            let taken = !matches!(answer, Answer::Error(_) | Answer::ErrorAfter(..));
            let given = Given::of(request.content);
            let call = Sent {
                page: request.page.clone(),
                user: request.user.clone(),
                text: given.text(),
                given,
                way: request.way,
                metadata: request.metadata.to_owned(),
                taken_as: taken.then(|| mid(&format!("m_out-{}", state.calls.len() + 1))),
            };
            state.calls.push(call.clone());
            (answer, call)
        };
        let taken_as = call.taken_as.clone();
        let refused = match answer {
            Answer::Taken => None,
            Answer::Error(error) | Answer::Lost(error) => Some(error),
            Answer::TakenAfter(action) => {
                action(call).await;
                None
            }
            Answer::ErrorAfter(error, action) => {
                action(call).await;
                Some(error)
            }
        };
        self.crash.step().await;
        match (refused, taken_as) {
            (Some(error), _) => Err(error),
            (None, Some(id)) => Ok(id),
            (None, None) => Err(SendError::Unknown { reason: "the script names no outcome".into() }),
        }
    }
}

impl ThreadRecordApi for FakeSendApi {
    async fn sent_since(&self, _page: &PageId, _user: &UserId, _since: Timestamp) -> Result<ThreadRecord, ProfileError> {
        let silent = || Err(ProfileError::Unavailable { reason: "the record does not answer".into() });
        locked(&self.state).record.clone().unwrap_or_else(silent)
    }
}
