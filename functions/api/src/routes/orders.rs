//! `/v1/orders/{id}`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::id::ConversationId;
use domain::notice::{Notices, OrderId};
use domain::orders::Orders;
use domain::ports::StoreError;

use super::notifications::shown;
use crate::Api;
use crate::dto::order::OrderDto;
use crate::keys::Scope;
use crate::problem::Failure;

/// The most orders beside a conversation, the newest.
const MOST_ORDERS: usize = 20;

/// Shows an order with its parcels and its notifications.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path)),
    responses((status = 200, body = OrderDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<OrderDto>, Failure> {
    api.keys.admit(&headers, &[Scope::Notify, Scope::Agent])?;
    let id = OrderId::parse(&id).ok_or(Failure::NotFound("order"))?;
    let order = api.table.order(&id).await?.ok_or(Failure::NotFound("order"))?;
    let mut notifications = Vec::new();
    for id in &order.notices {
        if let Some(notice) = api.table.notice(id).await? {
            notifications.push(shown(&api, notice).await?);
        }
    }
    Ok(Answer(OrderDto::from(order).with_notifications(notifications)))
}

/// Reads the orders beside a conversation, those that changed last first.
pub(super) async fn beside(api: &Api, conversation: &ConversationId) -> Result<Vec<OrderDto>, StoreError> {
    let mut orders = Vec::new();
    for tied in api.table.tied_orders(conversation).await? {
        if let Some(order) = api.table.order(&tied.order).await? {
            orders.push((order, tied.named_in));
        }
    }
    orders.sort_by_key(|(order, _)| std::cmp::Reverse(order.changed_at));
    orders.truncate(MOST_ORDERS);
    let named = |named_in: Vec<domain::id::MessageId>| named_in.iter().map(ToString::to_string).collect();
    Ok(orders.into_iter().map(|(order, named_in)| OrderDto::from(order).named_in(named(named_in))).collect())
}
