//! Endpoints of the shop's own programs as JSON, and what was told to them.

use domain::announce::{
    AnnouncementKind, Attempt, Delivery, DeliveryState, DisabledFor, Endpoint, EndpointState, EndpointUrl, InsecureHosts,
};
use domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::problem::Failure;

/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 200;

/// An endpoint that is told what happens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointDto {
    #[schema(example = "whe_01KAJ1X5T7N2B0C8H6J4ZKQ8V9")]
    id: String,
    url: String,
    /// What it is told of; `null` for everything.
    kinds: Option<Vec<&'static str>>,
    description: Option<String>,
    enabled: bool,
    /// There while it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<DisabledDto>,
    /// Since when nothing got through; after five days it is disabled.
    failing_since: Option<String>,
    created_at: String,
    /// The secret that signs, `whsec_…`: shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Why an endpoint is told nothing.
#[derive(Debug, Serialize, ToSchema)]
struct DisabledDto {
    /// `asked`, `gone` or `failing`.
    #[schema(value_type = String)]
    reason: DisabledFor,
    detail: &'static str,
    at: String,
}

impl EndpointDto {
    /// Shows an endpoint without its secrets.
    pub(crate) fn of(endpoint: Endpoint) -> Self {
        let disabled = match endpoint.state {
            EndpointState::Enabled => None,
            EndpointState::Disabled { reason, at } => Some(DisabledDto { reason, detail: reason.words(), at: at.to_rfc3339() }),
        };
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url,
            kinds: endpoint.kinds.map(|kinds| kinds.into_iter().map(AnnouncementKind::as_str).collect()),
            description: endpoint.description,
            enabled: disabled.is_none(),
            disabled,
            failing_since: endpoint.failing_since.map(Timestamp::to_rfc3339),
            created_at: endpoint.created_at.to_rfc3339(),
            secret: None,
        }
    }

    /// Shows the secret that was just made.
    pub(crate) fn with(self, secret: &str) -> Self {
        Self { secret: Some(secret.to_owned()), ..self }
    }
}

/// A new endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpointDto {
    #[schema(example = "https://shop.example/webhooks/shopbell")]
    pub(crate) url: String,
    /// What it is told of; everything when absent or `null`.
    #[serde(default)]
    pub(crate) kinds: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) description: Option<String>,
}

/// A change of an endpoint. What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEndpointDto {
    pub(crate) url: Option<String>,
    /// `null` for everything.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) kinds: Given<Vec<String>>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Given<String>,
    pub(crate) enabled: Option<bool>,
}

/// A field that tells `null` from absent.
#[derive(Debug, Default)]
pub(crate) enum Given<T> {
    #[default]
    Absent,
    As(Option<T>),
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
    Option::deserialize(deserializer).map(Given::As)
}

impl ChangeEndpointDto {
    /// Checks the change and applies it.
    pub(crate) fn apply(&self, endpoint: &mut Endpoint, insecure: &InsecureHosts, now: Timestamp) -> Result<(), Failure> {
        if let Some(address) = &self.url {
            endpoint.url = url(address, insecure)?;
        }
        if let Given::As(asked) = &self.kinds {
            endpoint.kinds = kinds(asked.as_deref())?;
        }
        if let Given::As(words) = &self.description {
            endpoint.description = description(words.as_deref())?;
        }
        if let Some(enabled) = self.enabled {
            endpoint.enable(enabled, now);
        }
        Ok(())
    }
}

pub(crate) fn url(value: &str, insecure: &InsecureHosts) -> Result<String, Failure> {
    let url = EndpointUrl::parse(value, insecure).map_err(|err| Failure::invalid("#/url", err.to_string()))?;
    Ok(url.as_str().to_owned())
}

pub(crate) fn kinds(names: Option<&[String]>) -> Result<Option<Vec<AnnouncementKind>>, Failure> {
    let Some(names) = names else { return Ok(None) };
    let kind = |(index, name): (usize, &String)| {
        let known = || AnnouncementKind::ALL.map(AnnouncementKind::as_str).join(", ");
        AnnouncementKind::parse(name).ok_or_else(|| Failure::invalid(format!("#/kinds/{index}"), format!("must be one of {}", known())))
    };
    let mut kinds = names.iter().enumerate().map(kind).collect::<Result<Vec<_>, _>>()?;
    if kinds.is_empty() {
        return Err(Failure::invalid("#/kinds", "must name at least one kind; leave it out for all of them"));
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Some(kinds))
}

pub(crate) fn description(words: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(words) = words else { return Ok(None) };
    if words.trim().is_empty() || words.chars().count() > LONGEST_DESCRIPTION {
        return Err(Failure::invalid("#/description", format!("must have 1 to {LONGEST_DESCRIPTION} characters")));
    }
    Ok(Some(words.to_owned()))
}

/// One thing that happened, on its way to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryDto {
    /// The `webhook-id` of its posts.
    #[schema(example = "evt_01KAJ1X5T7N2B0C8H6J4ZKQ8V9")]
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    occurred_at: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(value_type = String)]
    state: DeliveryState,
    /// Oldest first; the last 20.
    attempts: Vec<AttemptDto>,
    /// When it is tried next, while it is pending.
    next_attempt_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptDto {
    at: String,
    /// What the endpoint answered, when it did.
    status: Option<u16>,
    /// Why it is no success, in plain words.
    error: Option<String>,
    took_ms: u64,
}

impl DeliveryDto {
    pub(crate) fn of(delivery: Delivery) -> Self {
        Self {
            id: delivery.announcement.id.to_string(),
            kind: delivery.announcement.kind.as_str(),
            occurred_at: delivery.announcement.occurred_at.to_rfc3339(),
            state: delivery.state,
            attempts: delivery.attempts.into_iter().map(Into::into).collect(),
            next_attempt_at: delivery.next_at.map(Timestamp::to_rfc3339),
        }
    }
}

impl From<Attempt> for AttemptDto {
    fn from(attempt: Attempt) -> Self {
        Self { at: attempt.at.to_rfc3339(), status: attempt.status, error: attempt.error, took_ms: attempt.took_ms }
    }
}

/// Which failed deliveries are to be made once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayDto {
    /// What happened at or after this moment, RFC 3339.
    #[schema(example = "2026-11-21T10:00:00Z")]
    pub(crate) since: String,
}

/// How many deliveries are made once more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedDto {
    pub(crate) replayed: usize,
    /// Whether more may have failed than were looked at; ask again once these are through.
    pub(crate) more: bool,
}
