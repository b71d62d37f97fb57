//! What the Page sent, as the Conversations API shows it: the witness for a send whose answer never came.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations>

use domain::id::{PageId, PlatformMessageId, UserId};
use domain::ports::{ProfileError, RecordedSend, ThreadRecord, ThreadRecordApi};
use domain::time::Timestamp;
use reqwest::Method;
use serde_json::Value;

use crate::answer::{Answer, SHORT};
use crate::call::Call;
use crate::client::GraphApi;
use crate::errors;

/// Details are given for so many of the newest messages; older ones count as deleted.
const NEWEST: usize = 20;

/// What is asked of each message.
const MESSAGES: &str = "messages{id,created_time,from,message}";

impl ThreadRecordApi for GraphApi {
    async fn sent_since(&self, page: &PageId, user: &UserId, since: Timestamp) -> Result<ThreadRecord, ProfileError> {
        let of_user = [("platform", "messenger"), ("user_id", user.as_str())];
        let threads = self.read("conversations", page, &[page.as_str(), "conversations"], &of_user).await?;
        let Some(thread) = data(&threads).first().and_then(|thread| thread.get("id")?.as_str()) else {
            // No thread at all: nothing was ever sent.
            return Ok(ThreadRecord { sends: Vec::new(), complete: true });
        };
        let answer = self.read("messages", page, &[thread], &[("fields", MESSAGES)]).await?;
        Ok(record(page, answer.body.as_ref().map_or(&[], messages), since))
    }
}

impl GraphApi {
    async fn read(&self, name: &'static str, page: &PageId, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ProfileError> {
        let credentials = self.credentials(page).map_err(|missing| ProfileError::Refused { reason: missing.to_string() })?;
        let call = Call { name, page, method: Method::GET, path, query, body: None, longest_answer: SHORT };
        let answer = self
            .call(call, credentials)
            .await
            .map_err(|error| ProfileError::Unavailable { reason: format!("{error} ({})", error.cause()) })?;
        if answer.is_success() && answer.body.is_some() { Ok(answer) } else { Err(errors::profile_error(&answer)) }
    }
}

/// The messages of a thread's answer.
pub(crate) fn messages(body: &Value) -> &[Value] {
    body.get("messages").and_then(|messages| messages.get("data")?.as_array()).map_or(&[], Vec::as_slice)
}

pub(crate) fn data(answer: &Answer) -> &[Value] {
    answer.body.as_ref().and_then(|body| body.get("data")?.as_array()).map_or(&[], Vec::as_slice)
}

/// Reads the newest messages, which come newest first. One that cannot be read makes the record incomplete: it might be the one.
pub(crate) fn record(page: &PageId, messages: &[Value], since: Timestamp) -> ThreadRecord {
    let read: Vec<Option<(Timestamp, Option<RecordedSend>)>> = messages.iter().map(|message| entry(page, message)).collect();
    let reaches_back = messages.len() < NEWEST || read.iter().flatten().any(|(at, _)| *at < since);
    let complete = reaches_back && read.iter().all(Option::is_some);
    let mut sends: Vec<RecordedSend> = read.into_iter().flatten().filter_map(|(at, send)| send.filter(|_| at >= since)).collect();
    sends.sort_by_key(|send| send.at);
    ThreadRecord { sends, complete }
}

/// A message with its moment; the send is there when the Page sent it.
fn entry(page: &PageId, message: &Value) -> Option<(Timestamp, Option<RecordedSend>)> {
    let text = |key: &str| message.get(key).and_then(Value::as_str);
    let at = moment(text("created_time")?)?;
    let from_page = message.get("from")?.get("id")?.as_str()? == page.as_str();
    let platform_id = PlatformMessageId::new(text("id")?)?;
    let send = RecordedSend { platform_id, text: text("message").unwrap_or_default().to_owned(), at };
    Some((at, from_page.then_some(send)))
}

/// Reads `2026-11-21T10:00:00+0000`, as Graph writes times: whole seconds.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?.to_timestamp().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page() -> PageId {
        PageId::new("1").unwrap()
    }

    fn message(id: &str, from: &str, second: u8) -> Value {
        json!({ "id": id, "created_time": format!("2026-11-21T10:00:{second:02}+0000"), "from": { "id": from }, "message": "Hi" })
    }

    fn since(second: i64) -> Timestamp {
        Timestamp::from_millis(1_795_255_200_000 + second * 1000)
    }

    fn ids(record: &ThreadRecord) -> Vec<&str> {
        record.sends.iter().map(|send| send.platform_id.as_str()).collect()
    }

    #[test]
    fn only_what_the_page_sent_since_then_counts() {
        let record = record(&page(), &[message("c", "1", 30), message("b", "2", 20), message("a", "1", 10)], since(15));
        assert_eq!(ids(&record), ["c"]);
        assert!(record.complete);
    }

    #[test]
    fn twenty_messages_that_do_not_reach_back_are_not_the_whole_story() {
        let twenty: Vec<Value> = (0..20).map(|number| message(&format!("m{number}"), "2", 30)).collect();
        assert!(!record(&page(), &twenty, since(15)).complete);
        assert!(record(&page(), &twenty, since(45)).complete);
        assert!(record(&page(), &twenty[..19], since(15)).complete);
    }

    #[test]
    fn an_entry_that_cannot_be_read_might_be_the_one() {
        let broken = json!({ "id": "x", "created_time": "yesterday", "from": { "id": "1" } });
        assert!(!record(&page(), &[message("a", "1", 30), broken], since(15)).complete);
    }

    #[test]
    fn graphs_times_are_read() {
        assert_eq!(moment("2026-11-21T10:00:00+0000"), Some(since(0)));
        assert_eq!(moment("2026-11-21T11:00:00+0100"), Some(since(0)));
        assert_eq!(moment("2026-11-21"), None);
    }
}
