//! `/v1/conversations/{id}/messages`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::id::ConversationId;
use domain::ports::{History, Inbox, Order};
use domain::reply::{self, Draft, Reply, ReplyError};
use domain::time::Timestamp;
use lambda_support::clock::random;
use lambda_support::logging::chain;
use lambda_support::metrics;

use super::conversations::parse_id;
use crate::dto::list::List;
use crate::dto::message::{MessageDto, ReplyDto};
use crate::extract::{Parameters, Unread};
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, cursor, idempotency};

/// Lists the messages of a conversation, oldest first unless `order=desc`.
#[utoipa::path(
    get, path = "/v1/conversations/{id}/messages", tag = "messages",
    params(
        ("id" = String, Path),
        ("order" = Option<String>, Query, description = "`asc` or `desc`"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 25 when absent"),
    ),
    responses((status = 200, body = List<MessageDto>), (status = 401), (status = 403), (status = 404), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Answer<List<MessageDto>>, Failure> {
    api.keys.admit(&headers, &[Scope::Agent])?;
    let parameters = parameters.only(&["order", "cursor", "limit"])?;
    let order = match parameters.get("order") {
        None | Some("asc") => Order::OldestFirst,
        Some("desc") => Order::NewestFirst,
        Some(_) => return Err(Failure::invalid("order", "must be 'asc' or 'desc'")),
    };
    let after = parameters.get("cursor").map(cursor::parse_message).transpose()?;
    let limit = parameters.limit()?;
    let id = parse_id(&id)?;
    let conversation = api.table.conversation(&id).await?.ok_or(Failure::NotFound("conversation"))?;
    let rows = api.table.messages(&id, order, after.as_ref(), limit + 1).await?;
    let marks = conversation.marks;
    Ok(Answer(List::page(rows, limit, |row| cursor::after_message(&row.id), |row| MessageDto::of(row, marks))))
}

/// Accepts a reply. 202: it is stored and leaves by itself; its state tells what becomes of it.
#[utoipa::path(
    post, path = "/v1/conversations/{id}/messages", tag = "messages",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible characters: sent again within 48 hours, the request is answered as the first time and done once"),
    ),
    request_body = ReplyDto,
    responses(
        (status = 202, body = MessageDto), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "policy keeps it back; `ways` says what remains"),
        (status = 413), (status = 415), (status = 422), (status = 429), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn reply(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Unread,
) -> Result<(StatusCode, Answer<MessageDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Agent])?;
    let draft: ReplyDto = body.json()?;
    let id = parse_id(&id)?;
    let now = api.clock.now();
    let request = idempotency::request(&headers, key, &[id.as_str(), &draft.content()], now)?;
    let draft = draft.draft(request)?;
    let accepted = accept(&api, &id, &draft, now).await?;
    let message = accepted.message;
    tracing::Span::current().record("message.id", message.id.as_str());
    tracing::info!(key, "reply accepted");
    if let Some(err) = accepted.not_enqueued {
        tracing::warn!(error = %chain(&err), "reply stored but not enqueued; the sweep relays it");
    }
    Ok((StatusCode::ACCEPTED, Answer(MessageDto::of(message, accepted.conversation.marks))))
}

/// Accepts the draft, and counts what came of it.
async fn accept(api: &Api, id: &ConversationId, draft: &Draft, now: Timestamp) -> Result<Reply, ReplyError> {
    let accepted = reply::reply(&api.table, &api.outbound, id, draft, now, random()).await;
    match &accepted {
        Ok(reply) => {
            metrics::count(metrics::REPLIES_ACCEPTED, 1);
            if let Some(since) = reply.waited_since {
                metrics::measure(metrics::TIME_TO_ANSWER, now.since(since));
            }
        }
        Err(ReplyError::Forbidden(_)) => metrics::count(metrics::REPLIES_REFUSED, 1),
        Err(
            ReplyError::NoSuchConversation
            | ReplyError::BlankText
            | ReplyError::TextTooLong
            | ReplyError::TooManyPending
            | ReplyError::KeyOfAnother
            | ReplyError::Store(_)
            | ReplyError::Busy,
        ) => {}
    }
    accepted
}
