//! `/v1/notifications`: what a shop's backend tells, and what became of it.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::id::{ConversationId, PageId, UserId};
use domain::job::OrdersJob;
use domain::message::MessageState;
use domain::notice::{Notice, NoticeId, NoticeState, Notices, OrderId};
use domain::notify::{OrdersJobs, Taken, take};
use domain::orders::{Orders, notice_about};
use domain::ports::{History, StoreError};
use domain::shop::ShopEvent;
use lambda_support::logging::chain;

use super::pages;
use crate::dto::notification::NotificationDto;
use crate::dto::notification_request::NotificationRequestDto;
use crate::extract::Unread;
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, idempotency};

/// Takes what happened to an order or a parcel. 202: it is stored, and its customer is told by the way that policy allows. The same order and
/// event again is the same notification.
#[utoipa::path(
    post, path = "/v1/notifications", tag = "notifications",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible characters: sent again within 48 hours with another body, it is refused")),
    request_body = NotificationRequestDto,
    responses(
        (status = 202, body = NotificationDto), (status = 400), (status = 401), (status = 403), (status = 413), (status = 415), (status = 422),
        (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn notify(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Unread,
) -> Result<(StatusCode, Answer<NotificationDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Notify])?;
    let request = NotificationRequestDto::read(&body.bytes()?)?;
    let now = api.clock.now();
    let asked = idempotency::request(&headers, key, &["notifications", &request.content()], now)?;
    let page = pages::meant(&api, request.page_id(), "#/page_id").await?;
    let user = recipient(&api, request.recipient().conversation_id.as_deref(), &page).await?;
    let events = request.events(&page, user, now)?;
    if let Some(asked) = &asked
        && !api.table.note_request(asked).await?
    {
        return Err(Failure::KeyOfAnother);
    }
    let mut order = None;
    for event in &events {
        // Boxed: it holds everything that may come of an event.
        if let Taken::Order { order: id, undecided, .. } = Box::pin(take(&api.table, &page, event, now)).await? {
            enqueue(&api, undecided).await;
            order = Some(id);
        }
    }
    let id = order.ok_or(Failure::NotFound("order"))?;
    tracing::info!(key, order.id = %id, "notification taken");
    let answer = match told(&api, &id, events.last()).await? {
        Some(notice) => shown(&api, notice).await?,
        None => NotificationDto::noted(id.to_string(), &page),
    };
    Ok((StatusCode::ACCEPTED, Answer(answer)))
}

/// Shows a notification with every decision about it.
#[utoipa::path(
    get, path = "/v1/notifications/{id}", tag = "notifications",
    params(("id" = String, Path)),
    responses((status = 200, body = NotificationDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn show(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<NotificationDto>, Failure> {
    api.keys.admit(&headers, &[Scope::Notify, Scope::Agent])?;
    let id = NoticeId::parse(&id).ok_or(Failure::NotFound("notification"))?;
    let notice = api.table.notice(&id).await?.ok_or(Failure::NotFound("notification"))?;
    Ok(Answer(shown(&api, notice).await?))
}

/// Shows a notice with the state of its message.
pub(super) async fn shown(api: &Api, notice: Notice) -> Result<NotificationDto, StoreError> {
    let message = match &notice.state {
        NoticeState::Message { conversation, message } => message_state(api, conversation, message).await?,
        NoticeState::Undecided
        | NoticeState::Waiting { .. }
        | NoticeState::Mailing { .. }
        | NoticeState::Mailed { .. }
        | NoticeState::HeldOut
        | NoticeState::Dropped { .. }
        | NoticeState::Failed { .. } => None,
    };
    Ok(NotificationDto::of(notice, message))
}

async fn message_state(
    api: &Api,
    conversation: &ConversationId,
    message: &domain::id::MessageId,
) -> Result<Option<(MessageState, Option<String>)>, StoreError> {
    let Some(message) = api.table.message(conversation, message).await? else { return Ok(None) };
    let marks = api.table.conversation(conversation).await?.map(|conversation| conversation.marks).unwrap_or_default();
    Ok(Some((message.state(marks), message.state_reason().map(str::to_owned))))
}

/// Returns whose conversation is named.
async fn recipient(api: &Api, id: Option<&str>, page: &PageId) -> Result<Option<UserId>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let unknown = || Failure::invalid("#/recipient/conversation_id", "names no conversation of this Page");
    let id = ConversationId::parse(id).ok_or_else(unknown)?;
    let conversation = api.table.conversation(&id).await?.filter(|conversation| conversation.page == *page);
    conversation.map(|conversation| Some(conversation.user)).ok_or_else(unknown)
}

/// Returns the notice that the last event made, now or before.
async fn told(api: &Api, order: &OrderId, event: Option<&ShopEvent>) -> Result<Option<Notice>, StoreError> {
    let (Some(order), Some(event)) = (api.table.order(order).await?, event) else { return Ok(None) };
    match notice_about(&order, event) {
        Some(id) => api.table.notice(&id).await,
        None => Ok(None),
    }
}

/// Asks for decisions. What is not asked for is due already, and the sweep finds it.
async fn enqueue(api: &Api, notices: Vec<NoticeId>) {
    for notice in notices {
        if let Err(err) = api.orders.put(&OrdersJob::Decide { notice }).await {
            tracing::warn!(error = %chain(&err), "notice stored but not enqueued; the sweep relays it");
        }
    }
}
