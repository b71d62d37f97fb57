//! Whether any endpoint is to be told of a kind: asked for once a minute, so that nothing is enqueued when nobody listens.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::announce::{AnnouncementKind, Endpoints};
use domain::time::Timestamp;

use crate::logging::chain;

/// How old the answer may be. A new endpoint is told of nothing that happens before.
const EACH: Duration = Duration::from_mins(1);

/// What the endpoints want, as it was known a while ago.
#[derive(Debug, Default)]
pub struct WhoListens(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    kinds: BTreeSet<AnnouncementKind>,
    asked_at: Timestamp,
}

impl WhoListens {
    /// Tells whether somebody listens for `kind`. When that cannot be found out, somebody may: who works the queue asks again.
    pub async fn any(&self, endpoints: &impl Endpoints, kind: AnnouncementKind, now: Timestamp) -> bool {
        if let Some(listens) = self.known(kind, now) {
            return listens;
        }
        match endpoints.endpoints().await {
            Ok(endpoints) => {
                let wanted = |kind: &AnnouncementKind| endpoints.iter().any(|endpoint| endpoint.wants(*kind));
                let kinds: BTreeSet<AnnouncementKind> = AnnouncementKind::ALL.into_iter().filter(wanted).collect();
                let listens = kinds.contains(&kind);
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Known { kinds, asked_at: now });
                listens
            }
            Err(err) => {
                tracing::warn!(error = %chain(&err), "it is not known who listens");
                true
            }
        }
    }

    fn known(&self, kind: AnnouncementKind, now: Timestamp) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| now.since(known.asked_at) < EACH).map(|known| known.kinds.contains(&kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::StoreError;
    use testkit::announcements::endpoint_at;
    use testkit::ids::at;
    use testkit::{Call, FakeStore};

    #[tokio::test]
    async fn it_is_asked_once_a_minute_and_a_store_that_is_silent_hides_nobody() {
        let (store, listens) = (FakeStore::default(), WhoListens::default());
        let kind = AnnouncementKind::MessageReceived;
        store.fail(Call::Endpoints, 1, StoreError::Unavailable { reason: "down".into() });
        assert!(listens.any(&store, kind, at(0)).await);
        assert!(!listens.any(&store, kind, at(1)).await);
        store.put_endpoint(&endpoint_at("https://shop.example/", 1)).await.unwrap();
        assert!(!listens.any(&store, kind, at(60)).await);
        assert!(listens.any(&store, kind, at(61)).await);
    }
}
