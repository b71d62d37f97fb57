//! How fast an app may call.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/overview/rate-limiting> (March 23, 2026)

use std::collections::{BTreeMap, VecDeque};

const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 86_400_000;

/// More messages of one Page in a second than this, and the Page cannot send until it calms down.
const MESSAGES_A_SECOND: usize = 40;

/// How long that lasts. Unconfirmed: Meta gives no number.
const BRAKE_MS: i64 = 10_000;

/// Calls a day for each engaged person.
const CALLS_FOR_A_PERSON: usize = 200;

/// The simulator counts as if so many people were engaged, so that a desk with three customers is not throttled after 600 calls.
const ENGAGED: usize = 500;

/// What one Page may call often, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Budget {
    /// Audio and video: 10 a second.
    Media,
    /// Conversations API: 2 a second.
    Conversations,
    /// Messenger profile: 10 in 10 minutes.
    Profile,
}

impl Budget {
    fn calls_and_span(self) -> (usize, i64) {
        match self {
            Self::Media => (10, SECOND_MS),
            Self::Conversations => (2, SECOND_MS),
            Self::Profile => (10, 600 * SECOND_MS),
        }
    }
}

/// What the usage headers say about a Page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) percent: usize,
    pub(crate) regain_minutes: u32,
}

/// The calls of the last while, Page by Page.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    sends: BTreeMap<String, VecDeque<i64>>,
    braked_until_ms: BTreeMap<String, i64>,
    calls: BTreeMap<(Budget, String), VecDeque<i64>>,
    today: BTreeMap<String, VecDeque<i64>>,
}

impl Limits {
    /// Counts a message of a Page; says whether it may go.
    pub(crate) fn admit_message(&mut self, page_id: &str, now_ms: i64) -> bool {
        if self.is_braked(page_id, now_ms) {
            return false;
        }
        self.today.entry(page_id.to_owned()).or_default().push_back(now_ms);
        let admitted = admit(self.sends.entry(page_id.to_owned()).or_default(), now_ms, MESSAGES_A_SECOND, SECOND_MS);
        if !admitted {
            self.braked_until_ms.insert(page_id.to_owned(), now_ms.saturating_add(BRAKE_MS));
        }
        admitted
    }

    /// Counts a call of a Page against a budget; says whether it may go.
    pub(crate) fn admit(&mut self, budget: Budget, page_id: &str, now_ms: i64) -> bool {
        let (calls, span_ms) = budget.calls_and_span();
        admit(self.calls.entry((budget, page_id.to_owned())).or_default(), now_ms, calls, span_ms)
    }

    /// Tells what the usage headers shall say.
    pub(crate) fn usage(&mut self, page_id: &str, now_ms: i64) -> Usage {
        if self.is_braked(page_id, now_ms) {
            return Usage { percent: 100, regain_minutes: 1 };
        }
        let today = self.today.entry(page_id.to_owned()).or_default();
        forget(today, now_ms, DAY_MS);
        Usage { percent: today.len() * 100 / (CALLS_FOR_A_PERSON * ENGAGED), regain_minutes: 0 }
    }

    fn is_braked(&self, page_id: &str, now_ms: i64) -> bool {
        self.braked_until_ms.get(page_id).is_some_and(|until| now_ms < *until)
    }
}

fn admit(times: &mut VecDeque<i64>, now_ms: i64, calls: usize, span_ms: i64) -> bool {
    forget(times, now_ms, span_ms);
    let admitted = times.len() < calls;
    if admitted {
        times.push_back(now_ms);
    }
    admitted
}

fn forget(times: &mut VecDeque<i64>, now_ms: i64, span_ms: i64) {
    while times.front().is_some_and(|at| at.saturating_add(span_ms) <= now_ms) {
        times.pop_front();
    }
}
