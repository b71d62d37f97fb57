//! The Send API: one message, once.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>

use domain::deliver::MOST_ATTEMPTS;
use domain::hold::HoldCause;
use domain::id::PlatformMessageId;
use domain::policy::Way;
use domain::ports::{SendApi, SendError, SendRequest, Sendable};
use reqwest::Method;

use crate::answer::{Answer, SHORT};
use crate::call::{Call, CallError};
use crate::client::GraphApi;
use crate::errors::{self, LOOK_FIRST};
use crate::message::body;

impl SendApi for GraphApi {
    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        let credentials = self
            .credentials(request.page)
            .map_err(|missing| SendError::PageHeld { cause: HoldCause::Token, reason: format!("{missing} It goes out by itself then.") })?;
        let call = Call {
            name: "send",
            page: request.page,
            method: Method::POST,
            path: &[request.page.as_str(), "messages"],
            query: &[],
            body: Some(body(request)),
            longest_answer: SHORT,
        };
        let answer = failpoint::around!("graph.send", self.call(call, credentials).await).map_err(|error| no_answer(&error))?;
        taken(&answer, request.way).map_err(|error| of_template(error, request.content))
    }
}

/// What may be behind a refusal after the window.
const HUMAN_AGENT: &str = "It left as a person's answer after the messaging window, which Meta grants by its feature Human Agent: check in \
                           the app's dashboard that the app has it.";

/// Finds the message's id in `{"recipient_id":…,"message_id":…}`.
pub(crate) fn taken(answer: &Answer, way: Way) -> Result<PlatformMessageId, SendError> {
    if !answer.is_success() {
        return Err(match (errors::send_error(answer), way) {
            (SendError::Refused { reason }, Way::HumanAgent) => SendError::Refused { reason: format!("{reason} {HUMAN_AGENT}") },
            (error, _) => error,
        });
    }
    answer
        .text("message_id")
        .and_then(PlatformMessageId::new)
        .ok_or_else(|| SendError::Unknown { reason: format!("Meta took the call, but its answer names no message. {LOOK_FIRST}") })
}

/// Says which template was refused.
fn of_template(error: SendError, content: Sendable<'_>) -> SendError {
    match (error, content) {
        (SendError::Refused { reason }, Sendable::Utility(utility)) => SendError::Refused {
            reason: format!(
                "{reason} It left as the utility template {} ({}): `make templates` says whether Meta has approved it on this Page.",
                utility.template, utility.language
            ),
        },
        (error, _) => error,
    }
}

fn no_answer(error: &CallError) -> SendError {
    match error {
        CallError::NotReached(_) => {
            let reason = format!("{error} As a rule it passes; if not, check the network. ({})", error.cause());
            SendError::NotSent { reason, most_attempts: MOST_ATTEMPTS }
        }
        CallError::Lost(_) | CallError::TimedOut(_) => SendError::Unknown { reason: format!("{error} {LOOK_FIRST} ({})", error.cause()) },
    }
}
