//! Lists.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    /// Where the next page starts; `null` at the end.
    pub(crate) next_cursor: Option<String>,
}

impl<T> List<T> {
    /// Makes a list that has no further pages.
    pub(crate) const fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }

    /// Makes a page of `limit` rows out of one row more, whose presence tells that there is a next page.
    pub(crate) fn page<Row>(mut rows: Vec<Row>, limit: usize, cursor: impl Fn(&Row) -> String, show: impl Fn(Row) -> T) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { data: rows.into_iter().map(show).collect(), next_cursor }
    }
}
