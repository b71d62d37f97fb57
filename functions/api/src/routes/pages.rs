//! `/v1/pages`: whether each Page can send and hears of what happens.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use domain::hold;
use domain::id::PageId;
use domain::pages::{SolePageError, sole_page};
use domain::ports::{Deletions, Holds, Watches};

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
    let Some(named) = named else {
        return sole_page(&api.table).await.map_err(|err| match err {
            SolePageError::None | SolePageError::Several { .. } => Failure::invalid(field, err.to_string()),
            SolePageError::Store(err) => Failure::Store(err),
        });
    };
    let page = PageId::new(named).ok_or_else(|| Failure::invalid(field, "is not the id of a Page"))?;
    let connected: BTreeSet<PageId> = api.table.watches().await?.into_iter().map(|watch| watch.page).collect();
    // A Page that is connected, as nearly all that are named, costs one read.
    if connected.contains(&page) {
        return Ok(page);
    }
    let written_to = api.table.known_pages().await?;
    let known: BTreeSet<PageId> = connected.into_iter().chain(written_to).collect();
    among(page, &known, field)
}

/// The most Pages that an error lists.
const MOST_LISTED: usize = 10;

/// Returns a Page that is one of `known`. While none is, any may be the first.
fn among(page: PageId, known: &BTreeSet<PageId>, field: &str) -> Result<PageId, Failure> {
    if known.is_empty() || known.contains(&page) {
        return Ok(page);
    }
    let mut listed: Vec<&str> = known.iter().map(PageId::as_str).take(MOST_LISTED).collect();
    if known.len() > MOST_LISTED {
        listed.push("and others, see GET /v1/pages");
    }
    let listed = listed.join(", ");
    Err(Failure::invalid(field, format!("must be a Page of this shop: Page {page} is not connected; connected are {listed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(ids: &[&str]) -> BTreeSet<PageId> {
        ids.iter().map(|id| PageId::new(*id).unwrap()).collect()
    }

    fn told(id: &str, known: &[&str]) -> String {
        match among(PageId::new(id).unwrap(), &pages(known), "#/page_id") {
            Ok(page) => page.to_string(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn a_page_is_one_of_those_that_are_known() {
        assert_eq!(told("108", &["108", "2"]), "108");
        assert_eq!(told("abc", &[]), "abc", "it may be the first");
        let refused = told("999", &["108", "2"]);
        assert!(refused.contains("#/page_id") && refused.contains("Page 999 is not connected; connected are 108, 2\""), "{refused}");
    }

    #[test]
    fn many_pages_are_not_all_listed() {
        let ids: Vec<String> = (100..150).map(|id| id.to_string()).collect();
        let refused = told("999", &ids.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(refused.contains("108, 109, and others, see GET /v1/pages") && !refused.contains("110"), "{refused}");
    }
}
