//! A Page itself: its token, its subscription, and the record of its threads.
//!
//! - <https://developers.facebook.com/documentation/facebook-login/guides/access-tokens/get-long-lived>
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations>

use domain::id::{PageId, PlatformMessageId, UserId};
use domain::inbound::Attachment;
use domain::ports::{PageApi, ProfileError, RecordedMessage, RecordedThread, RecordedThreads, TokenReport};
use domain::time::Timestamp;
use reqwest::Method;
use serde_json::Value;

use crate::answer::{Answer, LONG};
use crate::call::Call;
use crate::client::GraphApi;
use crate::errors;
use crate::record::{data, moment};

/// What is asked of each thread. Details are given of the twenty newest messages only.
const THREADS: &str = "updated_time,participants,messages.limit(20){id,created_time,from,message,attachments}";

/// How many threads one call reads: with twenty messages each, an answer stays below a megabyte.
const THREADS_A_CALL: &str = "25";

impl PageApi for GraphApi {
    /// A token may look at itself. That a dead one is refused (190) says the same as an answer that calls it invalid.
    async fn token(&self, page: &PageId) -> Result<TokenReport, ProfileError> {
        let token = self.credentials(page).map_err(|missing| ProfileError::Refused { reason: missing.to_string() })?.token();
        let answer = self.ask("debug_token", page, Method::GET, &["debug_token"], &[("input_token", token.expose())]).await?;
        let report = answer.body.as_ref().and_then(|body| body.get("data"));
        let valid = report.and_then(|report| report.get("is_valid")?.as_bool()).unwrap_or(false);
        let ends = report.and_then(|report| report.get("expires_at")?.as_i64()).filter(|seconds| *seconds > 0);
        Ok(TokenReport { valid, ends_at: ends.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))) })
    }

    /// A Page's token sees the app that it was made for, so that every entry is ours (unconfirmed).
    async fn subscribed_fields(&self, page: &PageId) -> Result<Vec<String>, ProfileError> {
        let answer = self.ask("subscribed_apps", page, Method::GET, &[page.as_str(), "subscribed_apps"], &[]).await?;
        let fields = data(&answer).iter().filter_map(|app| app.get("subscribed_fields")?.as_array()).flatten();
        // Some versions give names, some objects with a name.
        let name = |field: &Value| field.as_str().or_else(|| field.get("name")?.as_str()).map(str::to_owned);
        Ok(fields.filter_map(name).collect())
    }

    /// The list replaces the one before it (unconfirmed), so that it is always sent whole.
    async fn subscribe(&self, page: &PageId, fields: &[&str]) -> Result<(), ProfileError> {
        let fields = fields.join(",");
        let path = [page.as_str(), "subscribed_apps"];
        self.ask("subscribe", page, Method::POST, &path, &[("subscribed_fields", &fields)]).await.map(drop)
    }

    async fn threads(&self, page: &PageId, cursor: Option<&str>) -> Result<RecordedThreads, ProfileError> {
        let mut query = vec![("platform", "messenger"), ("fields", THREADS), ("limit", THREADS_A_CALL)];
        query.extend(cursor.map(|cursor| ("after", cursor)));
        let answer = self.ask("threads", page, Method::GET, &[page.as_str(), "conversations"], &query).await?;
        let threads = data(&answer).iter().filter_map(|entry| thread(page, entry)).collect();
        let paging = answer.body.as_ref().and_then(|body| body.get("paging"));
        let goes_on = paging.is_some_and(|paging| paging.get("next").is_some());
        let next = paging.and_then(|paging| paging.get("cursors")?.get("after")?.as_str()).filter(|_| goes_on);
        Ok(RecordedThreads { threads, next: next.map(str::to_owned) })
    }
}

impl GraphApi {
    async fn ask(
        &self,
        name: &'static str,
        page: &PageId,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, ProfileError> {
        let credentials = self.credentials(page).map_err(|missing| ProfileError::Refused { reason: missing.to_string() })?;
        let call = Call { name, page, method, path, query, body: None, longest_answer: LONG };
        let answer = self.call(call, credentials).await.map_err(|error| ProfileError::Unavailable { reason: error.to_string() })?;
        if answer.is_success() && answer.body.is_some() { Ok(answer) } else { Err(errors::profile_error(&answer)) }
    }
}

/// Reads a thread; nothing when its person or moment cannot be read.
fn thread(page: &PageId, entry: &Value) -> Option<RecordedThread> {
    let people = entry.get("participants")?.get("data")?.as_array()?;
    let user = people.iter().filter_map(|person| person.get("id")?.as_str()).find(|id| *id != page.as_str())?;
    let messages = entry.get("messages").and_then(|messages| messages.get("data")?.as_array()).map_or(&[][..], Vec::as_slice);
    // They come newest first.
    let messages = messages.iter().rev().filter_map(|entry| message(page, entry)).collect();
    Some(RecordedThread { user: UserId::new(user)?, updated_at: moment(entry.get("updated_time")?.as_str()?)?, messages })
}

fn message(page: &PageId, entry: &Value) -> Option<RecordedMessage> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let attachments = entry.get("attachments").and_then(|attachments| attachments.get("data")?.as_array());
    Some(RecordedMessage {
        platform_id: PlatformMessageId::new(text("id")?)?,
        at: moment(text("created_time")?)?,
        from_page: entry.get("from")?.get("id")?.as_str()? == page.as_str(),
        text: text("message").filter(|text| !text.is_empty()).map(str::to_owned),
        attachments: attachments.into_iter().flatten().map(attachment).collect(),
        raw: entry.to_string(),
    })
}

/// The record describes attachments in another way than webhooks do: by media type, each kind with an address of its own.
fn attachment(entry: &Value) -> Attachment {
    let kinds = [("image_data", "image"), ("video_data", "video"), ("audio_data", "audio")];
    let (data, kind) = kinds.into_iter().find_map(|(key, kind)| Some((entry.get(key)?, kind))).unwrap_or((entry, "file"));
    let url = ["url", "preview_url", "file_url"].into_iter().find_map(|key| data.get(key)?.as_str());
    let title = entry.get("name").and_then(Value::as_str);
    Attachment { kind: kind.into(), url: url.map(str::to_owned), title: title.map(str::to_owned), details: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_thread_is_read_oldest_first_with_both_sides() {
        let page = PageId::new("1").unwrap();
        let message = |id: &str, from: &str, second: u8| json!({ "id": id, "created_time": format!("2026-11-21T10:00:{second:02}+0000"), "from": { "id": from }, "message": "Hi" });
        let picture = json!({ "id": "m_3", "created_time": "2026-11-21T10:00:03+0000", "from": { "id": "7" }, "message": "",
            "attachments": { "data": [{ "name": "a.jpg", "mime_type": "image/jpeg", "image_data": { "url": "https://cdn/a" } }] } });
        let entry = json!({
            "id": "t_1", "updated_time": "2026-11-21T10:00:03+0000",
            "participants": { "data": [{ "id": "7", "name": "Mia" }, { "id": "1", "name": "Shop" }] },
            "messages": { "data": [picture, message("m_2", "1", 2), { "id": "broken" }, message("m_1", "7", 1)] },
        });
        let read = thread(&page, &entry).unwrap();
        let shown: Vec<_> = read.messages.iter().map(|it| (it.platform_id.as_str(), it.from_page, it.text.as_deref())).collect();
        assert_eq!(shown, [("m_1", false, Some("Hi")), ("m_2", true, Some("Hi")), ("m_3", false, None)]);
        assert_eq!(read.user.as_str(), "7");
        let picture = &read.messages[2].attachments[0];
        assert_eq!(
            (picture.kind.as_str(), picture.url.as_deref(), picture.title.as_deref()),
            ("image", Some("https://cdn/a"), Some("a.jpg"))
        );
    }

    #[test]
    fn a_thread_of_nobody_is_passed_over() {
        let page = PageId::new("1").unwrap();
        for odd in [json!({}), json!({ "participants": { "data": [{ "id": "1" }] }, "updated_time": "2026-11-21T10:00:03+0000" })] {
            assert_eq!(thread(&page, &odd), None);
        }
    }
}
