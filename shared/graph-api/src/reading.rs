//! What an answer says, without the call: for tests that make up answers.

use domain::id::{PageId, PlatformMessageId};
use domain::policy::Way;
use domain::ports::{SendError, ThreadRecord};
use domain::time::Timestamp;
use serde_json::Value;

use crate::answer::{Answer, SHORT};
use crate::{record, send};

/// Reads what an answer to a send means; nothing when it is no answer of HTTP, which no server can send.
pub async fn outcome_of_send(status: u16, headers: &[(&str, &[u8])], body: Vec<u8>) -> Option<Result<PlatformMessageId, SendError>> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(body).ok()?;
    Some(send::taken(&Answer::read(response.into(), SHORT).await, Way::Response))
}

/// Reads the answer to a look into a thread: what `page` sent at or after `since`.
#[must_use]
pub fn thread_record(page: &PageId, answer: &Value, since: Timestamp) -> ThreadRecord {
    record::record(page, record::messages(answer), since)
}
