//! Which Page is meant where a caller names none.

use std::collections::BTreeSet;

use crate::id::PageId;
use crate::ports::{Deletions, StoreError, Watches};
use crate::retry::{Retry, Retryable};

/// The Page that was left out is not plain.
#[derive(Debug, thiserror::Error)]
pub enum SolePageError {
    #[error("must be given: no Page is connected yet. Connect one first, or name it")]
    None,
    #[error("must be given: there are {count} Pages. GET /v1/pages lists them")]
    Several { count: usize },
    #[error("the Pages could not be read")]
    Store(#[source] StoreError),
}

impl Retryable for SolePageError {
    fn retry(&self) -> Retry {
        match self {
            Self::None | Self::Several { .. } => Retry::Never,
            Self::Store(err) => err.retry(),
        }
    }
}

/// Returns the only Page there is, of those that are connected and those that customers wrote to.
pub async fn sole_page<S: Deletions + Watches>(store: &S) -> Result<PageId, SolePageError> {
    let connected = store.watches().await.map_err(SolePageError::Store)?;
    let written_to = store.known_pages().await.map_err(SolePageError::Store)?;
    sole(connected.into_iter().map(|watch| watch.page).chain(written_to))
}

/// Returns the Page that all of `known` are.
pub fn sole(known: impl IntoIterator<Item = PageId>) -> Result<PageId, SolePageError> {
    let mut known: BTreeSet<PageId> = known.into_iter().collect();
    match (known.pop_first(), known.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), others) => Err(SolePageError::Several { count: others + 1 }),
        (None, _) => Err(SolePageError::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(id: &str) -> PageId {
        PageId::new(id).unwrap()
    }

    #[test]
    fn the_only_page_is_meant_and_of_several_none() {
        assert_eq!(sole([page("1"), page("1")]).unwrap(), page("1"));
        assert!(matches!(sole([page("1"), page("2"), page("1")]), Err(SolePageError::Several { count: 2 })));
        assert!(matches!(sole([]), Err(SolePageError::None)));
    }
}
