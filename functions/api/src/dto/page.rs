//! Pages as JSON.

use std::collections::BTreeMap;

use domain::hold::{Hold, HoldCause};
use domain::id::PageId;
use domain::time::Timestamp;
use domain::watch::Watch;
use serde::Serialize;
use utoipa::ToSchema;

/// A Page and its health.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PageDto {
    id: String,
    /// What is wrong with its token or subscription, in plain words; empty when nothing is.
    troubles: Vec<String>,
    /// When token and subscription were in order last.
    last_good_at: Option<String>,
    /// When the token ends; `null` when it has no end.
    token_ends_at: Option<String>,
    /// There while nothing can be sent on it.
    hold: Option<HoldDto>,
}

/// Why nothing can be sent on a Page, and when it is tried again.
#[derive(Debug, Serialize, ToSchema)]
struct HoldDto {
    /// `token`, `restricted` or `not_approved`.
    #[schema(value_type = String)]
    cause: HoldCause,
    reason: String,
    since: String,
    /// When one message is tried.
    next_try_at: String,
}

impl PageDto {
    /// Shows a Page that goes on again.
    pub(crate) fn going_on(id: &PageId) -> Self {
        Self { id: id.to_string(), ..Self::default() }
    }

    /// Joins what is known of each Page; a hold that was lifted is none.
    pub(crate) fn all(watches: Vec<Watch>, holds: Vec<Hold>) -> Vec<Self> {
        let mut pages: BTreeMap<PageId, Self> = BTreeMap::new();
        for watch in watches {
            let page = pages.entry(watch.page).or_default();
            page.troubles = watch.troubles;
            page.last_good_at = watch.last_good_at.map(Timestamp::to_rfc3339);
            page.token_ends_at = watch.token_ends_at.map(Timestamp::to_rfc3339);
        }
        for hold in holds.into_iter().filter(|hold| !hold.lifted) {
            pages.entry(hold.page).or_default().hold = Some(HoldDto {
                cause: hold.cause,
                reason: hold.reason,
                since: hold.since.to_rfc3339(),
                next_try_at: hold.probe_at.to_rfc3339(),
            });
        }
        pages.into_iter().map(|(id, page)| Self { id: id.to_string(), ..page }).collect()
    }
}
