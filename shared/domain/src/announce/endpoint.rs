//! Endpoints: where the shop's own programs are told, of what, and signed with which secrets.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AnnouncementKind;
use crate::id;
use crate::ports::StoreError;
use crate::secret::{BlankSecret, Secret};
use crate::time::Timestamp;

/// How many endpoints a shop may have: each announcement is posted to each of them.
pub const MOST_ENDPOINTS: usize = 20;

/// How many bytes a secret has; Standard Webhooks wants 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// How long the old secret still signs after a rotation.
const OLD_SECRET_KEPT: Duration = Duration::from_hours(24);

/// How many secrets sign at once: each rotation within a day adds one.
const MOST_SECRETS: usize = 4;

/// How long nothing may get through before an endpoint is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(5 * 24);

/// An endpoint: `whe_` and 26 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointId(String);

impl EndpointId {
    /// Makes the id of a new endpoint of chance, which comes from the caller.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self(id::tagged_at("whe_", at, &["endpoint", &random.to_string()]))
    }

    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        id::is_tagged_ulid("whe_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret that signs, `whsec_` and Base64. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    value: String,
    /// Until when it signs, once there is a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl SigningSecret {
    /// Takes a secret as it is written outside.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self { value: secret.expose().to_owned(), until: None }
    }

    /// Gives the secret to the one place that uses it.
    pub fn secret(&self) -> Result<Secret, BlankSecret> {
        Secret::new(&self.value)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningSecret").field("until", &self.until).finish_non_exhaustive()
    }
}

/// Why an endpoint is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledFor {
    /// Somebody said so.
    Asked,
    /// It answered 410: it is gone.
    Gone,
    /// Nothing got through for five days.
    Failing,
}

impl DisabledFor {
    /// Says it for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "It was disabled by a call of the API.",
            Self::Gone => "It answered 410 Gone.",
            Self::Failing => "Nothing got through to it for five days.",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EndpointState {
    Enabled,
    Disabled { reason: DisabledFor, at: Timestamp },
}

/// Where the shop's own programs are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: EndpointId,
    pub url: String,
    /// Nothing for all kinds, also those that are to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<AnnouncementKind>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Newest first.
    pub secrets: Vec<SigningSecret>,
    pub state: EndpointState,
    pub created_at: Timestamp,
    /// Since when nothing got through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

impl Endpoint {
    /// Tells whether it is to be told of a kind.
    #[must_use]
    pub fn wants(&self, kind: AnnouncementKind) -> bool {
        self.is_enabled() && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        matches!(self.state, EndpointState::Enabled)
    }

    /// Takes a new secret. The one before it goes on signing for a day.
    pub fn rotate(&mut self, secret: SigningSecret, now: Timestamp) {
        self.secrets.retain(|known| known.until.is_none_or(|until| now < until));
        for known in &mut self.secrets {
            known.until = known.until.or(Some(now.plus(OLD_SECRET_KEPT)));
        }
        self.secrets.insert(0, secret);
        self.secrets.truncate(MOST_SECRETS);
    }

    /// Returns the secrets that sign at `now`, newest first.
    pub fn signing_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        self.secrets.iter().filter(move |secret| secret.until.is_none_or(|until| now < until))
    }

    /// Enables it, or disables it because somebody asked.
    pub fn enable(&mut self, enabled: bool, now: Timestamp) {
        match (enabled, self.state) {
            (true, _) => {
                self.state = EndpointState::Enabled;
                self.failing_since = None;
            }
            (false, EndpointState::Enabled) => self.state = EndpointState::Disabled { reason: DisabledFor::Asked, at: now },
            (false, EndpointState::Disabled { .. }) => {}
        }
    }

    /// Notes that something got through, and tells whether that is news.
    pub fn succeeded(&mut self) -> bool {
        self.failing_since.take().is_some()
    }

    /// Notes a failed attempt, which may have been the last of its delivery, and tells whether that changes anything.
    pub fn failed(&mut self, was_last: bool, now: Timestamp) -> bool {
        let since = *self.failing_since.get_or_insert(now);
        if was_last && self.is_enabled() && now.since(since) >= GIVEN_UP_AFTER {
            self.state = EndpointState::Disabled { reason: DisabledFor::Failing, at: now };
            return true;
        }
        since == now
    }

    /// Notes that it is gone, and tells whether that is news.
    pub fn gone(&mut self, now: Timestamp) -> bool {
        let is_news = self.is_enabled();
        if is_news {
            self.state = EndpointState::Disabled { reason: DisabledFor::Gone, at: now };
        }
        is_news
    }
}

/// What became of writing an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Written,
    /// It has another revision by now, or is gone; nothing was written.
    Stale,
}

/// The endpoints that were registered: a handful.
pub trait Endpoints: Sync {
    /// Lists every endpoint, oldest first.
    fn endpoints(&self) -> impl Future<Output = Result<Vec<Endpoint>, StoreError>> + Send;

    fn endpoint(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Endpoint>, StoreError>> + Send;

    /// Writes an endpoint whose `revision` is the one that was read, 0 for a new one.
    fn put_endpoint(&self, endpoint: &Endpoint) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Removes an endpoint; it does nothing when it is gone already.
    fn remove_endpoint(&self, id: &EndpointId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &str) -> SigningSecret {
        SigningSecret::new(&Secret::new(value).unwrap())
    }

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_millis(1_795_255_200_000).plus(Duration::from_hours(hours))
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId::new(at(0), 1),
            url: "https://shop.example/".into(),
            kinds: Some(vec![AnnouncementKind::MessageReceived]),
            description: None,
            secrets: vec![secret("whsec_one")],
            state: EndpointState::Enabled,
            created_at: at(0),
            failing_since: None,
            revision: 1,
        }
    }

    fn signing(endpoint: &Endpoint, now: Timestamp) -> Vec<String> {
        endpoint.signing_secrets(now).map(|secret| secret.value.clone()).collect()
    }

    #[test]
    fn the_old_secret_signs_for_a_day_beside_the_new_one() {
        let mut endpoint = endpoint();
        endpoint.rotate(secret("whsec_two"), at(1));
        assert_eq!(signing(&endpoint, at(24)), ["whsec_two", "whsec_one"]);
        assert_eq!(signing(&endpoint, at(25)), ["whsec_two"]);
        endpoint.rotate(secret("whsec_three"), at(26));
        assert_eq!(endpoint.secrets.len(), 2, "what signs no more is forgotten");
    }

    #[test]
    fn no_secret_is_printed() {
        assert!(!format!("{:?}", endpoint()).contains("whsec_one"));
    }

    #[test]
    fn an_endpoint_is_told_what_it_asked_for_while_it_is_enabled() {
        let mut endpoint = endpoint();
        assert!(endpoint.wants(AnnouncementKind::MessageReceived) && !endpoint.wants(AnnouncementKind::NotificationSent));
        endpoint.kinds = None;
        assert!(endpoint.wants(AnnouncementKind::NotificationSent));
        endpoint.enable(false, at(1));
        assert!(!endpoint.wants(AnnouncementKind::NotificationSent));
    }

    #[test]
    fn only_five_days_without_any_success_give_an_endpoint_up() {
        let mut endpoint = endpoint();
        assert!(endpoint.failed(false, at(0)), "the first failure is noted");
        assert!(!endpoint.failed(true, at(119)) && endpoint.is_enabled());
        assert!(endpoint.succeeded() && !endpoint.succeeded());
        assert!(endpoint.failed(true, at(120)) && endpoint.is_enabled());
        assert!(!endpoint.failed(false, at(241)) && endpoint.is_enabled(), "the delivery goes on");
        assert!(endpoint.failed(true, at(241)));
        assert_eq!(endpoint.state, EndpointState::Disabled { reason: DisabledFor::Failing, at: at(241) });
        endpoint.enable(true, at(242));
        assert!(endpoint.is_enabled() && endpoint.failing_since.is_none());
    }
}
