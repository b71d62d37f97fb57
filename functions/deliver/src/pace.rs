//! The pace of sends to one Page, within this instance.
//!
//! A Page that sends more than 40 messages a second loses its inbox until it calms down. All instances together must stay well below:
//! this pace times the queue's `MaximumConcurrency` in `template.yaml`, which is five.
//! Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/overview/rate-limiting>

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use domain::id::{PageId, PlatformMessageId, UserId};
use domain::ports::{ProfileError, SendApi, SendError, SendRequest, ThreadRecord, ThreadRecordApi};
use domain::time::Timestamp;
use graph_api::GraphApi;

/// The least time between two calls, and how far one may come before its place.
#[derive(Debug, Clone, Copy)]
struct Pace {
    spacing: Duration,
    ahead: Duration,
}

/// Five sends a second, and two more at once after a pause: at most seven in any second.
const SENDS: Pace = Pace { spacing: Duration::from_millis(200), ahead: Duration::from_millis(400) };

/// The most sends of one instance to one Page in any second; `template.yaml` multiplies it.
pub const MOST_A_SECOND: u32 = 7;

/// The Conversations API takes two calls a second of a Page, and looking into a thread takes two.
const RECORDS: Pace = Pace { spacing: Duration::from_millis(1100), ahead: Duration::ZERO };

/// From how much of a limit on sends are spaced wider, and how much wider at most: then one leaves in about two seconds.
const NEAR_THE_LIMIT: u64 = 80;
const WIDEST: u32 = 11;

/// How much of its limit a Page has used, in percent, as the last answer told it.
pub(crate) trait Load {
    fn percent(&self, page: &PageId) -> u64;
}

impl Load for GraphApi {
    fn percent(&self, page: &PageId) -> u64 {
        self.usage_percent(page)
    }
}

/// Slows sends down before Meta does.
fn eased(kept: Pace, percent: u64) -> Pace {
    let over = u32::try_from(percent.saturating_sub(NEAR_THE_LIMIT)).unwrap_or(u32::MAX);
    Pace { spacing: kept.spacing * (1 + over / 2).min(WIDEST), ..kept }
}

/// For each Page the moment up to which its calls are spoken for.
type Row = Mutex<BTreeMap<PageId, Instant>>;

/// A Send API whose calls for one Page keep their distance.
#[derive(Debug)]
pub(crate) struct Paced<Api> {
    api: Api,
    sends: Row,
    records: Row,
}

impl<Api> Paced<Api> {
    pub(crate) const fn new(api: Api) -> Self {
        Self { api, sends: Mutex::new(BTreeMap::new()), records: Mutex::new(BTreeMap::new()) }
    }

    /// The calls that need no pace.
    pub(crate) const fn inner(&self) -> &Api {
        &self.api
    }
}

/// Takes the next place in the Page's row and returns how long it is until then.
fn turn(row: &Row, page: &PageId, now: Instant, kept: Pace) -> Duration {
    let Ok(mut spoken_for) = row.lock() else { return kept.spacing };
    let until = spoken_for.entry(page.clone()).or_insert(now);
    let place = (*until).max(now);
    *until = place + kept.spacing;
    place.saturating_duration_since(now).saturating_sub(kept.ahead)
}

impl<Api: SendApi + Load> SendApi for Paced<Api> {
    #[expect(clippy::disallowed_methods, reason = "a wait of moments; giving the job back would cost its group far more")]
    async fn ready(&self, page: &PageId) {
        tokio::time::sleep(turn(&self.sends, page, Instant::now(), eased(SENDS, self.api.percent(page)))).await;
    }

    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        self.api.send(request).await
    }
}

impl<Api: ThreadRecordApi> ThreadRecordApi for Paced<Api> {
    #[expect(clippy::disallowed_methods, reason = "a wait of moments; giving the job back would cost its group far more")]
    async fn sent_since(&self, page: &PageId, user: &UserId, since: Timestamp) -> Result<ThreadRecord, ProfileError> {
        tokio::time::sleep(turn(&self.records, page, Instant::now(), RECORDS)).await;
        self.api.sent_since(page, user, since).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(id: &str) -> PageId {
        PageId::new(id).unwrap()
    }

    #[test]
    fn no_second_has_more_than_seven_sends_of_one_page() {
        let row = Row::default();
        let start = Instant::now();
        let moments: Vec<Duration> = (0..60).map(|_| turn(&row, &page("1"), start, SENDS)).collect();
        for first in &moments {
            let within = moments.iter().filter(|moment| *moment >= first && **moment < *first + Duration::from_secs(1));
            assert!(within.count() <= usize::try_from(MOST_A_SECOND).unwrap());
        }
        assert!(moments.is_sorted());
        assert_eq!(moments.last(), Some(&Duration::from_millis(59 * 200 - 400)), "five a second in the long run");
    }

    #[test]
    fn a_page_near_its_limit_sends_slower_and_never_stops_by_this() {
        let spacing = |percent| eased(SENDS, percent).spacing.as_millis();
        assert_eq!([0, 79, 80, 81, 90, 99, 100, u64::MAX].map(spacing), [200, 200, 200, 200, 1200, 2000, 2200, 2200]);
    }

    #[test]
    fn one_page_does_not_slow_another_and_a_pause_is_forgotten() {
        let row = Row::default();
        let start = Instant::now();
        for _ in 0..20 {
            turn(&row, &page("1"), start, SENDS);
        }
        assert_eq!(turn(&row, &page("2"), start, SENDS), Duration::ZERO);
        assert_eq!(turn(&row, &page("1"), start + Duration::from_mins(1), SENDS), Duration::ZERO);
    }
}
