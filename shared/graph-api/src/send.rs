//! The Send API: one text, once.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>

use domain::id::PlatformMessageId;
use domain::message::WaitingFor;
use domain::ports::{SendApi, SendError, SendRequest};
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::{Call, CallError};
use crate::client::GraphApi;
use crate::errors::{self, LOOK_FIRST};

impl SendApi for GraphApi {
    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        let credentials = self
            .credentials(request.page)
            .map_err(|missing| SendError::Waits { on: WaitingFor::Page, reason: format!("{missing} It goes out by itself then.") })?;
        let call = Call {
            name: "send",
            page: request.page,
            user: request.user,
            method: Method::POST,
            path: &[request.page.as_str(), "messages"],
            query: &[],
            body: Some(body(request)),
        };
        taken(&self.call(call, credentials).await.map_err(|error| no_answer(&error))?)
    }
}

/// `RESPONSE` is a reply inside the messaging window, which is all that is sent here. The metadata comes back in the echo and settles a
/// send whose answer was lost: the Send API knows no idempotency key.
fn body(request: &SendRequest<'_>) -> Value {
    json!({
        "recipient": { "id": request.user.as_str() },
        "messaging_type": "RESPONSE",
        "message": { "text": request.text, "metadata": request.metadata },
    })
}

/// Finds the message's id in `{"recipient_id":…,"message_id":…}`.
fn taken(answer: &Answer) -> Result<PlatformMessageId, SendError> {
    if !answer.is_success() {
        return Err(errors::send_error(answer));
    }
    answer
        .text("message_id")
        .and_then(PlatformMessageId::new)
        .ok_or_else(|| SendError::Unknown { reason: format!("Meta took the call, but its answer names no message. {LOOK_FIRST}") })
}

fn no_answer(error: &CallError) -> SendError {
    match error {
        CallError::NotReached(_) => {
            SendError::NotSent { reason: format!("{error} As a rule it passes; if not, check the network. ({})", error.cause()) }
        }
        CallError::Lost(_) | CallError::TimedOut(_) => SendError::Unknown { reason: format!("{error} {LOOK_FIRST} ({})", error.cause()) },
    }
}
