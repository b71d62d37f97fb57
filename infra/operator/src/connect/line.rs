//! The way in, walked as Meta walks it: the handshake, and one signed event that must stand in the table afterwards.
//!
//! The event is a change of a field that Meta does not have. It is read as an unknown kind of the Page, so that it is stored with the Page's
//! events of the day and concerns nobody: a message or a postback, even of a made-up person, would be a conversation in the inbox.

use std::time::Duration;

use domain::history::TimelineEvent;
use domain::id::PageId;
use domain::ports::{Clock, StoreError};
use domain::secret::Secret;
use domain::time::Timestamp;
use dynamodb_store::Table;
use hmac::{Hmac, KeyInit, Mac};
use lambda_support::clock::random;
use meta_webhooks::{Item, VerifiedBody};
use reqwest::StatusCode;
use serde_json::json;
use sha2::Sha256;

use crate::failure::Failure;
use crate::pause;

/// The field of the test event.
const FIELD: &str = "shopbell_connection_test";

/// How long a call may take; Meta gives up after five seconds.
const CALL: Duration = Duration::from_secs(10);

/// How long a function may take to ask for its secrets again: one that refuses does so after half a minute.
const SECRETS_WITHIN: Duration = Duration::from_secs(45);
/// How long the event may take to the table.
const STORED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

/// A way from the callback to the table.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    client: reqwest::Client,
    callback: &'a str,
    clock: &'a dyn Clock,
}

/// Why a try did not work, and whether another one may.
struct Trouble {
    words: String,
    may_pass: bool,
}

impl<'a> Line<'a> {
    pub(crate) fn new(callback: &'a str, clock: &'a dyn Clock) -> Result<Self, Failure> {
        let unusable = |reason: String| Failure::Line(format!("the HTTP client cannot be set up: {reason}"));
        let tls = lambda_support::tls::config().map_err(|err| unusable(err.to_string()))?;
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).redirect(reqwest::redirect::Policy::none()).timeout(CALL);
        Ok(Self { client: builder.build().map_err(|err| unusable(err.to_string()))?, callback, clock })
    }

    /// Asks the callback for the challenge, until it answers right or the time is over.
    pub(crate) async fn handshake(&self, verify_token: &Secret) -> Result<(), Failure> {
        self.patiently(SECRETS_WITHIN, || self.try_handshake(verify_token)).await
    }

    async fn try_handshake(&self, verify_token: &Secret) -> Result<(), Trouble> {
        let challenge = (random() % 1_000_000_000_000).to_string();
        let query = [("hub.mode", "subscribe"), ("hub.verify_token", verify_token.expose()), ("hub.challenge", challenge.as_str())];
        let mut url = reqwest::Url::parse(self.callback)
            .map_err(|_| Trouble { words: format!("WEBHOOK_URL makes {}, which is no address", self.callback), may_pass: false })?;
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.client.get(url).send().await.map_err(|err| self.unreachable(err))?;
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(self.refused(status, "it has another META_VERIFY_TOKEN"));
        }
        let body = answer.text().await.map_err(|err| self.unreachable(err))?;
        if body == challenge {
            return Ok(());
        }
        Err(Trouble {
            words: format!("{} answers, but not with the challenge: something else is at this address", self.callback),
            may_pass: false,
        })
    }

    /// Posts a signed event and waits until it stands in the table.
    pub(crate) async fn prove(&self, page: &PageId, app_secret: &Secret, table: &Table) -> Result<(), Failure> {
        let now = self.clock.now();
        let body = event(page, now);
        let row = row(&body, now).ok_or_else(|| Failure::Line(String::from("the test event cannot be read back")))?;
        let signature = signature(app_secret, &body).map_err(Failure::Line)?;
        self.patiently(SECRETS_WITHIN, || self.post(&body, &signature)).await?;
        self.patiently(STORED_WITHIN, || stands(table, &row)).await
    }

    async fn post(&self, body: &str, signature: &str) -> Result<(), Trouble> {
        let request = self.client.post(self.callback).header("content-type", "application/json").header("x-hub-signature-256", signature);
        let answer = request.body(body.to_owned()).send().await.map_err(|err| self.unreachable(err))?;
        let status = answer.status();
        if status == StatusCode::OK { Ok(()) } else { Err(self.refused(status, "it has other META_APP_SECRETS")) }
    }

    async fn patiently<F: Future<Output = Result<(), Trouble>>>(&self, patience: Duration, attempt: impl Fn() -> F) -> Result<(), Failure> {
        let give_up_at = self.clock.now().plus(patience);
        loop {
            let Err(trouble) = attempt().await else { return Ok(()) };
            if !trouble.may_pass || self.clock.now() >= give_up_at {
                return Err(Failure::Line(trouble.words));
            }
            pause(PAUSE).await;
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> Trouble {
        // The address holds the verify token.
        let error = error.without_url();
        let mut innermost: &dyn std::error::Error = &error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Trouble {
            words: format!("{} cannot be reached: {innermost}. Is the stack deployed, and is WEBHOOK_URL its output Url?", self.callback),
            may_pass: true,
        }
    }

    fn refused(&self, status: StatusCode, secret: &str) -> Trouble {
        let (why, may_pass) = match status.as_u16() {
            401 | 403 => {
                (format!("{secret} than the Parameter Store. It asks for its secrets again within some minutes; run this again then"), true)
            }
            404 | 405 => (String::from("WEBHOOK_URL is not the address of this stack's gateway"), false),
            429 => (String::from("the gateway lets no more calls through"), true),
            500..=599 => (String::from("the function behind it fails; its log says why"), true),
            _ => (String::from("nothing of ours answers so"), false),
        };
        Trouble { words: format!("{} answers {}: {why}.", self.callback, status.as_u16()), may_pass }
    }
}

/// The test event as Meta would write it.
fn event(page: &PageId, now: Timestamp) -> String {
    let value = json!({ "test": format!("{:020x}", random()) });
    let entry = json!({ "id": page.as_str(), "time": now.as_millis(), "changes": [{ "field": FIELD, "value": value }] });
    json!({ "object": "page", "entry": [entry] }).to_string()
}

/// The row that `ingest` will make of the event.
fn row(body: &str, now: Timestamp) -> Option<TimelineEvent> {
    let delivery = meta_webhooks::parse(VerifiedBody::from_intake_queue(body.as_bytes()), now).ok()?;
    match delivery.items.into_iter().next()? {
        Item::Event(event) => Some(TimelineEvent::of(&event)),
        Item::Broken(_) => None,
    }
}

fn signature(app_secret: &Secret, body: &str) -> Result<String, String> {
    let hmac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes()).map_err(|err| err.to_string())?;
    Ok(format!("sha256={}", hex::encode(hmac.chain_update(body.as_bytes()).finalize().into_bytes())))
}

async fn stands(table: &Table, row: &TimelineEvent) -> Result<(), Trouble> {
    let waiting = || Trouble {
        words: String::from(
            "the test event was taken and did not come to the table within 30 seconds. Look at the log of `ingest`, and at the dead letters of \
             the inbound queue",
        ),
        may_pass: true,
    };
    match table.has_event(row).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(waiting()),
        Err(StoreError::Unavailable { reason } | StoreError::Refused { reason } | StoreError::Corrupt { reason, .. }) => {
            Err(Trouble { words: format!("the table cannot be read: {reason}"), may_pass: false })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_event_is_of_the_page_and_of_nobody() {
        let now = Timestamp::from_millis(1_795_255_200_000);
        let page = PageId::new("108234567890123").unwrap();
        let body = event(&page, now);
        let row = row(&body, now).unwrap();
        assert_eq!((row.page, row.conversation, row.kind.as_str()), (page, None, "unknown:shopbell_connection_test"));
        assert_eq!(row.occurred_at, now);
    }
}
