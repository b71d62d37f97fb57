//! Meta's errors: what they mean for a message, by number alone. Their texts change, and may hold a customer's words.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes>

mod table;

use std::fmt;
use std::time::Duration;

use domain::deliver::MOST_ATTEMPTS;
use domain::hold::HoldCause;
use domain::message::WaitingFor;
use domain::ports::{ProfileError, SendError};
use reqwest::StatusCode;
use serde_json::Value;

use crate::answer::Answer;

/// What to do about a message that may have arrived.
pub(crate) const LOOK_FIRST: &str = "It may have arrived: Meta's record is asked before it is sent again.";

/// How often a message is tried that meets an error which passes soon or never.
const FEW: u32 = 4;
/// The pause when Meta asks for one and does not say how long: its limits are counted over rolling hours, and free a little each minute.
const PAUSE: Duration = Duration::from_mins(1);
/// The longest pause that a header may ask for, so that a wrong one does not silence a shop for a day. Asking once an hour harms nobody.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// The longest `fbtrace_id` that is kept; Meta's have about twenty characters.
const LONGEST_TRACE: usize = 64;

/// What an error means for the message. The letters are those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// R: surely not sent; a later attempt may succeed.
    Retry,
    /// R, a few times: it passes soon, or never.
    RetryFew,
    /// H, by a rate limit: not sent, and Meta says or implies when to come back.
    Slow,
    /// W: not sent, and pointless until something happens.
    Wait(WaitingFor),
    /// H of a whole Page: not sent, nor would anything else be on it.
    Hold(HoldCause),
    /// N: not sent, and never will be.
    Never,
    /// N, of whatever would be sent to the person.
    Gone,
    /// ?: perhaps sent.
    Unknown,
}

/// The `error` of an answer: `{"error":{"message":…,"type":…,"code":…,"error_subcode":…,"fbtrace_id":…}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub(crate) code: i64,
    pub(crate) subcode: Option<i64>,
    /// What Meta's support asks for.
    pub(crate) trace: Option<String>,
}

impl GraphError {
    /// Reads the numbers, quoted or not; nothing when there is no code.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let error = body.get("error")?;
        let number = |key: &str| error.get(key).and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        let trace = error.get("fbtrace_id").and_then(Value::as_str);
        let trace = trace.filter(|trace| trace.len() <= LONGEST_TRACE && trace.bytes().all(|byte| byte.is_ascii_graphic()));
        Some(Self { code: number("code")?, subcode: number("error_subcode"), trace: trace.map(str::to_owned) })
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subcode {
            Some(subcode) => write!(f, "Meta error {}/{subcode}", self.code),
            None => write!(f, "Meta error {}", self.code),
        }
    }
}

/// What an answer means, in plain words for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict {
    class: Class,
    what: &'static str,
    then: &'static str,
}

/// Returns the error of a send that Meta answered, but not with a message's id.
pub(crate) fn send_error(answer: &Answer) -> SendError {
    let Verdict { class, what, then } = verdict(answer);
    let reason = format!("{what} {then} ({})", reference(answer));
    match class {
        Class::Retry => SendError::NotSent { reason, most_attempts: MOST_ATTEMPTS },
        Class::RetryFew => SendError::NotSent { reason, most_attempts: FEW },
        Class::Slow => SendError::AskedToWait { reason, pause: pause(answer) },
        Class::Wait(on) => SendError::Waits { on, reason },
        Class::Hold(cause) => SendError::PageHeld { cause, reason },
        Class::Never => SendError::Refused { reason },
        Class::Gone => SendError::OutOfReach { reason },
        Class::Unknown => SendError::Unknown { reason },
    }
}

/// Returns the error of a profile request that Meta answered, but not with a profile. What to do about a message does not matter here.
pub(crate) fn profile_error(answer: &Answer) -> ProfileError {
    let Verdict { class, what, then: _ } = verdict(answer);
    let reason = format!("{what} ({})", reference(answer));
    match class {
        Class::Retry | Class::RetryFew | Class::Unknown => ProfileError::Unavailable { reason },
        Class::Slow => ProfileError::AskedToWait { reason, pause: pause(answer) },
        Class::Wait(_) | Class::Hold(_) | Class::Never | Class::Gone => ProfileError::Refused { reason },
    }
}

/// Names what the words stand for, so that it can be looked up: `Meta error 10/2018278`, `HTTP 502`.
fn reference(answer: &Answer) -> String {
    answer.error.as_ref().map_or_else(|| format!("HTTP {}", answer.status.as_u16()), ToString::to_string)
}

fn pause(answer: &Answer) -> Duration {
    answer.usage.pause().or(answer.retry_after).unwrap_or(PAUSE).clamp(Duration::from_secs(1), LONGEST_PAUSE)
}

/// Meta's number decides where there is one that is known, whatever the HTTP status: which status goes with which number is not documented.
fn verdict(answer: &Answer) -> Verdict {
    match &answer.error {
        Some(error) => match table::find(error.code, error.subcode) {
            Some(row) => Verdict { class: row.class, what: row.what, then: row.then },
            None => unknown_code(answer.status),
        },
        None => without_code(answer),
    }
}

/// Classifies an error that the table does not have.
///
/// With a status below 500, Meta has read the call and turned it down, so nothing was sent. It is not tried again: new codes have nearly always
/// been new rules, and a Page that runs against a rule again and again is restricted. Nothing is lost silently either: the message ends as
/// failed, with the code in its reason, the conversation goes on, and if it did arrive after all, its echo makes it sent. From 500 on, Meta may
/// have failed after sending.
fn unknown_code(status: StatusCode) -> Verdict {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return THROTTLED;
    }
    if status == StatusCode::UNAUTHORIZED {
        let what = "Meta does not accept the Page's token.";
        return Verdict { class: Class::Hold(HoldCause::Token), what, then: table::RECONNECT };
    }
    if status.is_client_error() {
        let what = "Meta refused it for a reason that Shopbell does not know.";
        let then = "Look the code up in Meta's list of Messenger error codes; send it again if that helps.";
        return Verdict { class: Class::Never, what, then };
    }
    Verdict { class: Class::Unknown, what: "Meta failed for a reason that Shopbell does not know.", then: LOOK_FIRST }
}

/// Classifies an answer without Meta's error in it.
fn without_code(answer: &Answer) -> Verdict {
    let status = answer.status;
    if status == StatusCode::TOO_MANY_REQUESTS {
        return THROTTLED;
    }
    if answer.broke_off {
        // The number that was lost may be one that Meta gives although it has sent.
        return Verdict { class: Class::Unknown, what: "The Graph API's answer broke off.", then: LOOK_FIRST };
    }
    if status.is_redirection() || status.is_client_error() {
        // The Graph API itself always gives its number when it refuses: something else answered, and has not passed the call on.
        let what = "Something other than the Graph API answered.";
        return Verdict { class: Class::Retry, what, then: "As a rule it passes; if not, check GRAPH_API_URL." };
    }
    Verdict { class: Class::Unknown, what: "Meta did not say what became of the call.", then: LOOK_FIRST }
}

/// HTTP 429.
const THROTTLED: Verdict = Verdict { class: Class::Slow, what: "Meta has slowed sending down.", then: table::SLOWS };

#[cfg(test)]
#[path = "errors/tests.rs"]
mod tests;
