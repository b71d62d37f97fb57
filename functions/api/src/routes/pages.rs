//! `/v1/pages`: whether each Page can send and hears of what happens.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::hold;
use domain::id::PageId;
use domain::pages::{SolePageError, sole_page};
use domain::ports::{Holds, Watches};

use crate::Api;
use crate::dto::list::List;
use crate::dto::page::PageDto;
use crate::keys::Scope;
use crate::problem::Failure;

/// Lists the Pages that have a token, with what is wrong with them.
#[utoipa::path(
    get, path = "/v1/pages", tag = "pages",
    responses((status = 200, body = List<PageDto>), (status = 401), (status = 403)),
    security(("key" = []))
)]
pub(crate) async fn list(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Answer<List<PageDto>>, Failure> {
    api.keys.admit(&headers, &[Scope::Agent])?;
    let holds = api.table.holds().await?;
    let watches = api.table.watches().await?;
    Ok(Answer(List::whole(PageDto::all(watches, holds))))
}

/// Ends a Page's hold by hand, once its cause is gone: what waits goes out within a minute or two, instead of at the next probe.
#[utoipa::path(
    post, path = "/v1/pages/{id}/resume", tag = "pages",
    params(("id" = String, Path)),
    responses((status = 202, body = PageDto), (status = 401), (status = 403), (status = 404, description = "it is not on hold")),
    security(("key" = []))
)]
pub(crate) async fn resume(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Answer<PageDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let page = PageId::new(id).ok_or(Failure::NotFound("Page on hold"))?;
    if !hold::lift(&api.table, &page).await? {
        return Err(Failure::NotFound("Page on hold"));
    }
    tracing::info!(page.id = %page, key, "a person ended the Page's hold");
    Ok((StatusCode::ACCEPTED, Answer(PageDto::going_on(&page))))
}

/// Reads the Page that a caller names; where none is named, the only one there is. `field` is where it stands in the request.
pub(crate) async fn meant(api: &Api, named: Option<&str>, field: &str) -> Result<PageId, Failure> {
    match named {
        Some(named) => PageId::new(named).ok_or_else(|| Failure::invalid(field, "is not the id of a Page")),
        None => sole_page(&api.table).await.map_err(|err| match err {
            SolePageError::None | SolePageError::Several { .. } => Failure::invalid(field, err.to_string()),
            SolePageError::Store(err) => Failure::Store(err),
        }),
    }
}
