//! `/v1/links`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::consent::{Consents, WordsId};
use domain::link;

use super::pages;
use crate::Api;
use crate::dto::link::{LinkDto, LinkRequestDto};
use crate::extract::Unread;
use crate::keys::Scope;
use crate::problem::Failure;

/// Makes a link for the thank-you page: who taps it is in Messenger, and the conversation is tied to the order or customer.
///
/// Nothing is stored of it but the words of consent, so it needs no `Idempotency-Key`: the same request is the same link for an hour, and
/// every link stays good until it expires.
#[utoipa::path(
    post, path = "/v1/links", tag = "links",
    request_body = LinkRequestDto,
    responses((status = 201, body = LinkDto), (status = 400), (status = 401), (status = 403), (status = 413), (status = 415), (status = 422), (status = 503)),
    security(("key" = []))
)]
pub(crate) async fn make(State(api): State<Arc<Api>>, headers: HeaderMap, body: Unread) -> Result<(StatusCode, Answer<LinkDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Notify])?;
    let request: LinkRequestDto = body.json()?;
    let expires_at = request.expires_at(api.clock.now())?;
    let page = pages::meant(&api, request.page_id.as_deref(), "#/page_id").await?;
    let target = request.target(page)?;
    let secret = api.link_secrets.first().ok_or(Failure::Busy)?;
    let reference = link::make(secret, &target, expires_at)?;
    if let Some(words) = request.words()? {
        api.table.put_words(&WordsId::of(words), words).await?;
    }
    tracing::info!(page.id = %target.page, key, "link made");
    let url = reference.url(&target.page);
    Ok((StatusCode::CREATED, Answer(LinkDto { url, reference: reference.to_string(), expires_at: expires_at.to_rfc3339() })))
}
