//! `/v1/messages/{id}/resend` and `/discard`: what a person decides about a message that did not simply leave.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::id::MessageId;
use domain::intervene::{Decision, Intervention, intervene};
use domain::job::OrdersJob;
use domain::notify::OrdersJobs;
use lambda_support::logging::chain;

use crate::dto::message::MessageDto;
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, idempotency};

/// Sends what has not left of a message that waits, has failed, or of which nobody can tell whether it left.
#[utoipa::path(
    post, path = "/v1/messages/{id}/resend", tag = "messages",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "sent again, the request is answered by the message as it is"),
    ),
    responses(
        (status = 202, body = MessageDto), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "it has left, is in doubt, tells a notice that has taken another way, or policy keeps it back; `ways` says what remains"), (status = 422), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn resend(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Answer<MessageDto>), Failure> {
    Ok((StatusCode::ACCEPTED, decide(&api, &id, &headers, Decision::Resend).await?))
}

/// Gives up a message that waits, is queued, or of which nobody can tell whether it left. What waits behind it goes on; a notice that it tells
/// has failed, and takes no other way.
#[utoipa::path(
    post, path = "/v1/messages/{id}/discard", tag = "messages",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "sent again, the request is answered by the message as it is"),
    ),
    responses(
        (status = 200, body = MessageDto), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "it has left, or is leaving right now"), (status = 422), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn discard(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<MessageDto>, Failure> {
    decide(&api, &id, &headers, Decision::Discard).await
}

async fn decide(api: &Api, id: &str, headers: &HeaderMap, decision: Decision) -> Result<Answer<MessageDto>, Failure> {
    let key = api.keys.admit(headers, &[Scope::Agent])?;
    let now = api.clock.now();
    let asked = match decision {
        Decision::Resend => "resend",
        Decision::Discard => "discard",
    };
    let request = idempotency::request(headers, key, &[id, asked], now)?;
    let id = MessageId::parse(id).ok_or(Failure::NotFound("message"))?;
    tracing::Span::current().record("message.id", id.as_str());
    let by = format!("the holder of the key '{key}'");
    let decided = intervene(&api.table, &api.outbound, &id, &Intervention { decision, by: &by, request }, now).await?;
    let message = decided.message;
    tracing::info!(conversation.id = %message.conversation, key, decision = asked, "a person decided");
    if let Some(err) = decided.not_enqueued {
        tracing::warn!(error = %chain(&err), conversation.id = %message.conversation, "decided but not enqueued; the sweep relays it");
    }
    if let (Decision::Discard, Some(notice)) = (decision, &message.notice)
        && let Err(err) = api.orders.put(&OrdersJob::Decide { notice: notice.clone() }).await
    {
        tracing::warn!(error = %chain(&err), conversation.id = %message.conversation, "the notice does not know yet; the sweep tells it");
    }
    Ok(Answer(MessageDto::of(message, decided.conversation.marks)))
}
