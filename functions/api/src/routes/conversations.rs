//! `/v1/conversations` and `/v1/conversations/{id}`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::conversation::Status;
use domain::id::{ConversationId, PageId};
use domain::ports::{History, Inbox, InboxFilter};
use domain::triage;

use super::orders;
use crate::dto::conversation::{ConversationDto, DecisionDto};
use crate::dto::list::List;
use crate::extract::{Parameters, Unread};
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, cursor};

/// Lists conversations, newest activity first.
#[utoipa::path(
    get, path = "/v1/conversations", tag = "conversations",
    params(
        ("status" = Option<String>, Query, description = "`open` or `resolved`"),
        ("assignee" = Option<String>, Query, description = "only conversations of this person"),
        ("page" = Option<String>, Query, description = "only conversations of this Page"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 25 when absent"),
    ),
    responses((status = 200, body = List<ConversationDto>), (status = 401), (status = 403), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Answer<List<ConversationDto>>, Failure> {
    api.keys.admit(&headers, &[Scope::Agent])?;
    let parameters = parameters.only(&["status", "assignee", "page", "cursor", "limit"])?;
    let filter = filter(&parameters)?;
    let after = parameters.get("cursor").map(cursor::parse_conversation).transpose()?;
    let limit = parameters.limit()?;
    let rows = api.table.list(&filter, after.as_ref(), limit + 1).await?;
    Ok(Answer(List::page(rows, limit, cursor::after_conversation, ConversationDto::from)))
}

fn filter(parameters: &Parameters) -> Result<InboxFilter, Failure> {
    let status = match parameters.get("status") {
        None => None,
        Some(value) => Some(Status::parse(value).ok_or_else(|| Failure::invalid("status", "must be 'open' or 'resolved'"))?),
    };
    let page = match parameters.get("page") {
        None => None,
        Some(value) => Some(PageId::new(value).ok_or_else(|| Failure::invalid("page", "is not the id of a Page"))?),
    };
    Ok(InboxFilter { page, status, assignee: parameters.get("assignee").map(str::to_owned) })
}

/// Shows a conversation with its orders.
#[utoipa::path(
    get, path = "/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path)),
    responses((status = 200, body = ConversationDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<ConversationDto>, Failure> {
    api.keys.admit(&headers, &[Scope::Agent])?;
    let id = parse_id(&id)?;
    let conversation = api.table.conversation(&id).await?.ok_or(Failure::NotFound("conversation"))?;
    let orders = orders::beside(&api, &id).await?;
    Ok(Answer(ConversationDto::from(conversation).with_orders(orders)))
}

/// Resolves or reopens a conversation, gives it to somebody, or marks it read.
#[utoipa::path(
    patch, path = "/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path)),
    request_body = DecisionDto,
    responses((status = 200, body = ConversationDto), (status = 401), (status = 403), (status = 404), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn decide(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Unread,
) -> Result<Answer<ConversationDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Agent])?;
    let decision: DecisionDto = body.json()?;
    let decided = triage::decide(&api.table, &parse_id(&id)?, &decision.try_into()?).await?;
    tracing::info!(status = decided.status().as_str(), key, "decision taken");
    Ok(Answer(decided.into()))
}

/// An id that cannot be one of ours names nothing. The lines of the call carry it from here on.
pub(crate) fn parse_id(id: &str) -> Result<ConversationId, Failure> {
    let id = ConversationId::parse(id).ok_or(Failure::NotFound("conversation"))?;
    tracing::Span::current().record("conversation.id", id.as_str());
    Ok(id)
}
