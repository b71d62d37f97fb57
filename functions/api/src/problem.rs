//! Every way in which a call can fail, and what the caller is told.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::announce::{AnnounceError, EventQueueError};
use domain::intervene::InterveneError;
use domain::link::{LONGEST_NAME, TargetError};
use domain::notify::TakeError;
use domain::policy::{Refusal, Remedy};
use domain::ports::StoreError;
use domain::reply::{LONGEST_REPLY, MOST_PENDING, ReplyError};
use domain::rollout::RolloutError;
use domain::triage::DecideError;
use lambda_support::logging::chain;
use lambda_support::metrics;
use lambda_support::problem::{self, Problem};

use crate::keys::Scope;

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Unauthorized,
    Forbidden {
        wanted: Scope,
    },
    NotFound(&'static str),
    /// A parameter or a field of the body is wrong.
    Invalid {
        field: String,
        detail: String,
    },
    /// The body is not JSON at all.
    NotJson(String),
    UnsupportedMediaType,
    TooLarge,
    TooManyPending,
    /// An `Idempotency-Key` came again with another request.
    KeyOfAnother,
    /// Policy keeps the message back.
    KeptBack(Refusal),
    /// The message is not in a state in which that can be decided.
    NotNow(&'static str),
    Store(StoreError),
    /// The queue of announcements did not take a job.
    Queue(EventQueueError),
    Busy,
}

impl Failure {
    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), detail: detail.into() }
    }

    fn problem(&self) -> Problem {
        match self {
            Self::Unauthorized => Problem::new(401, "Send a key of this shop as 'Authorization: Bearer <key>'."),
            Self::Forbidden { wanted } => Problem::new(403, format!("The key does not carry the scope '{}'.", wanted.as_str())),
            Self::NotFound(what) => Problem::new(404, format!("There is no such {what}.")),
            Self::Invalid { field, detail } => Problem::new(422, format!("{field} {detail}.")).at(field, detail),
            Self::NotJson(detail) => Problem::new(400, format!("The body is not JSON: {detail}.")),
            Self::UnsupportedMediaType => Problem::new(415, "Send the body as 'Content-Type: application/json'."),
            Self::TooLarge => Problem::new(413, "The body is larger than 256 KiB."),
            Self::TooManyPending => Problem::new(
                429,
                format!("{MOST_PENDING} messages of this conversation wait to leave already. Look at their states before sending more."),
            ),
            Self::KeyOfAnother => Problem::new(422, "The Idempotency-Key was used for another request. Take a new key for a new request.")
                .at("Idempotency-Key", "was used for another request"),
            Self::KeptBack(refusal) => forbidden(*refusal),
            Self::NotNow(detail) => Problem::new(409, *detail),
            Self::Queue(_) => Problem::new(503, "The queue did not answer. Send the request again."),
            Self::Store(_) | Self::Busy => Problem::new(503, "The store did not answer. Nothing was changed; send the request again."),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(err) => {
                metrics::count(metrics::CALLS_FAILED, 1);
                tracing::error!(error = %chain(err), "call failed");
            }
            Self::Queue(err) => {
                metrics::count(metrics::CALLS_FAILED, 1);
                tracing::error!(error = %chain(err), "call failed");
            }
            Self::Busy => {
                metrics::count(metrics::CALLS_FAILED, 1);
                tracing::error!("call failed: its row was written by others again and again");
            }
            Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::NotJson(_)
            | Self::UnsupportedMediaType
            | Self::TooLarge
            | Self::TooManyPending
            | Self::KeyOfAnother
            | Self::KeptBack(_)
            | Self::NotNow(_) => {}
        }
        respond(&self.problem())
    }
}

/// Answers with a problem.
pub(crate) fn respond(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, problem::MEDIA_TYPE)], problem.to_json()).into_response();
    let extra = match status {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "1")),
        _ => None,
    };
    if let Some((name, value)) = extra {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl From<StoreError> for Failure {
    fn from(err: StoreError) -> Self {
        Self::Store(err)
    }
}

impl From<TakeError> for Failure {
    fn from(err: TakeError) -> Self {
        match err {
            TakeError::Store(err) => Self::Store(err),
            TakeError::Busy | TakeError::OtherPurchase { .. } => Self::Busy,
            TakeError::OtherShop { shop, .. } => Self::invalid("#/order/number", format!("is that of an order of {shop}")),
        }
    }
}

impl From<AnnounceError> for Failure {
    fn from(err: AnnounceError) -> Self {
        match err {
            AnnounceError::Store(err) => Self::Store(err),
            AnnounceError::Queue(err) => Self::Queue(err),
            AnnounceError::Busy => Self::Busy,
        }
    }
}

impl From<ReplyError> for Failure {
    fn from(err: ReplyError) -> Self {
        match err {
            ReplyError::NoSuchConversation => Self::NotFound("conversation"),
            ReplyError::BlankText => Self::invalid("#/text", "must not be blank"),
            ReplyError::TextTooLong => Self::invalid("#/text", format!("must not be longer than {LONGEST_REPLY} characters")),
            ReplyError::TooManyPending => Self::TooManyPending,
            ReplyError::KeyOfAnother => Self::KeyOfAnother,
            ReplyError::Forbidden(refusal) => Self::KeptBack(refusal),
            ReplyError::Store(err) => Self::Store(err),
            ReplyError::Busy => Self::Busy,
        }
    }
}

impl From<TargetError> for Failure {
    fn from(err: TargetError) -> Self {
        match err {
            TargetError::Nothing => Self::invalid("#", "must have order_number, email or customer_id"),
            TargetError::Order => Self::invalid("#/order_number", format!("must have 1 to {LONGEST_NAME} bytes")),
            TargetError::Customer => Self::invalid("#/customer_id", format!("must have 1 to {LONGEST_NAME} bytes")),
            // No length of a secret is refused.
            TargetError::Key => Self::Busy,
        }
    }
}

impl From<RolloutError> for Failure {
    fn from(err: RolloutError) -> Self {
        match err {
            RolloutError::NoSuchRollout => Self::NotFound("rollout"),
            RolloutError::Store(err) => Self::Store(err),
            RolloutError::Busy => Self::Busy,
        }
    }
}

impl From<InterveneError> for Failure {
    fn from(err: InterveneError) -> Self {
        match err {
            InterveneError::NoSuchMessage => Self::NotFound("message about which something could be decided"),
            InterveneError::Leaving => Self::NotNow("The message is being sent right now. Look at its state in a minute."),
            InterveneError::InDoubt => Self::NotNow(
                "It is being found out whether the message left; sending it now could send it twice. Look at its state in ten minutes.",
            ),
            InterveneError::HasLeft => Self::NotNow("The message has left."),
            InterveneError::NoticeWentOn => Self::NotNow(
                "What the message told is a notice: since then it has taken another way, or it has ended. Look at its decisions in GET \
                 /v1/notifications/{id}.",
            ),
            InterveneError::Forbidden(refusal) => Self::KeptBack(refusal),
            InterveneError::KeyOfAnother => Self::KeyOfAnother,
            InterveneError::Store(err) => Self::Store(err),
            InterveneError::Busy => Self::Busy,
        }
    }
}

/// Says why a message may not leave, and the ways that remain: `{"ways": [{"way": "customer_writes"}, …]}`.
fn forbidden(refusal: Refusal) -> Problem {
    let remedies = refusal.remedies();
    let words: Vec<String> = remedies.iter().map(Remedy::words).collect();
    let problem = Problem::new(409, format!("{refusal} {}", words.join(" ")));
    remedies.iter().fold(problem, |problem, remedy| match remedy {
        Remedy::CustomerWrites => problem.or("customer_writes", None),
        Remedy::PersonWrites { until } => problem.or("person_writes", Some(until.to_rfc3339())),
    })
}

impl From<DecideError> for Failure {
    fn from(err: DecideError) -> Self {
        match err {
            DecideError::NoSuchConversation => Self::NotFound("conversation"),
            DecideError::Store(err) => Self::Store(err),
            DecideError::Busy => Self::Busy,
        }
    }
}
