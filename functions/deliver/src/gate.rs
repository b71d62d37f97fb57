//! What keeps sends of a Page back: its hold, and a pause that Meta asked for. Other Pages go on.
//!
//! What an instance knows is in its memory, so that a send costs no call more; the table tells the other instances, see [`domain::hold`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::hold::{self, Hold, HoldCause};
use domain::id::{MessageId, PageId, PlatformMessageId, UserId};
use domain::message::{WaitingFor, parse_part_metadata};
use domain::operator::{OperatorEvent, Severity};
use domain::ports::{Clock, Holds, ProfileError, SendApi, SendError, SendRequest, ThreadRecord, ThreadRecordApi};
use domain::time::Timestamp;
use lambda_support::logging::{self, chain};
use tracing::Instrument;

/// How long an instance trusts what it knows of a hold: somebody may have lifted it.
const TRUSTED: Duration = Duration::from_secs(30);

/// How long other sends wait for the probe's answer.
const PROBING: Duration = Duration::from_mins(1);

/// What an instance knows of a Page.
#[derive(Debug, Clone)]
struct Known {
    hold: Option<Hold>,
    read_at: Timestamp,
    /// Until when Meta asked for silence, and its reason.
    quiet: Option<(Timestamp, String)>,
}

/// A Send API that is not called while the Page may not send.
#[derive(Debug)]
pub(crate) struct Gate<Api, Store> {
    api: Api,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    pages: Mutex<BTreeMap<PageId, Known>>,
}

impl<Api, Store: Holds> Gate<Api, Store> {
    pub(crate) const fn new(api: Api, store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self { api, store, clock, pages: Mutex::new(BTreeMap::new()) }
    }

    /// The calls that nothing keeps back.
    pub(crate) const fn inner(&self) -> &Api {
        &self.api
    }

    /// Returns why nothing may be sent now; nothing when it may. At a hold's probe, the first who asks may.
    async fn closed(&self, page: &PageId) -> Option<SendError> {
        let now = self.clock.now();
        let mut known = self.known(page, now).await;
        if let Some((until, reason)) = known.quiet.take_if(|(until, _)| now < *until) {
            return Some(SendError::AskedToWait { reason, pause: until.since(now) });
        }
        let hold = known.hold.as_mut().filter(|hold| !hold.lifted)?;
        if hold.holds_at(now) {
            return Some(held(hold));
        }
        hold.probe_at = now.plus(PROBING);
        self.remember(page, known);
        None
    }

    /// What is known of the Page, read again when it is not known or may have changed.
    async fn known(&self, page: &PageId, now: Timestamp) -> Known {
        let remembered = self.pages.lock().ok().and_then(|pages| pages.get(page).cloned());
        let fresh = |known: &Known| known.hold.is_none() || now.since(known.read_at) < TRUSTED;
        if let Some(known) = remembered.clone().filter(fresh) {
            return known;
        }
        let quiet = remembered.as_ref().and_then(|known| known.quiet.clone());
        let hold = match self.store.hold(page).await {
            Ok(hold) => hold,
            Err(err) => {
                tracing::warn!(error = %chain(&err), page.id = %page, "the Page's hold could not be read");
                remembered.and_then(|known| known.hold)
            }
        };
        let known = Known { hold, read_at: now, quiet };
        self.remember(page, known.clone());
        known
    }

    fn remember(&self, page: &PageId, known: Known) {
        if let Ok(mut pages) = self.pages.lock() {
            pages.insert(page.clone(), known);
        }
    }

    fn remembers_a_hold(&self, page: &PageId) -> bool {
        self.pages.lock().is_ok_and(|pages| pages.get(page).is_some_and(|known| known.hold.is_some()))
    }

    /// Starts the Page's hold, or goes on with it.
    async fn hold(&self, page: &PageId, cause: HoldCause, reason: &str) -> SendError {
        let now = self.clock.now();
        let hold = hold::refused(&*self.store, page, cause, reason, now).await.unwrap_or_else(|err| {
            tracing::error!(error = %chain(&err), page.id = %page, "the Page's hold could not be written; only this instance holds it");
            Hold::begin(page.clone(), cause, reason, now)
        });
        if hold.since == now {
            let message = format!("Page {page} is on hold. {} Its messages wait and lose nothing.", hold.words());
            logging::operator(&OperatorEvent::new("page_held", Severity::Critical, message));
        }
        let error = held(&hold);
        self.remember(page, Known { hold: Some(hold), read_at: now, quiet: None });
        error
    }

    /// Lifts the Page's hold: a send went through.
    async fn lift(&self, page: &PageId) {
        match hold::lift(&*self.store, page).await {
            Ok(true) => {
                let message = format!("Page {page} sends again; what waited goes out within minutes.");
                logging::operator(&OperatorEvent::new("page_released", Severity::Notice, message));
            }
            Ok(false) => {}
            // The hold stays in the table; the next probe lifts it.
            Err(err) => {
                tracing::warn!(error = %chain(&err), page.id = %page, "the Page's hold could not be lifted");
                return;
            }
        }
        self.remember(page, Known { hold: None, read_at: self.clock.now(), quiet: None });
    }
}

fn held(hold: &Hold) -> SendError {
    SendError::Waits { on: WaitingFor::Page, reason: hold.words() }
}

impl<Api: SendApi, Store: Holds + Send> SendApi for Gate<Api, Store> {
    async fn ready(&self, page: &PageId) {
        self.api.ready(page).await;
    }

    async fn send(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        let message = parse_part_metadata(request.metadata).map(|(message, _)| message);
        let span = tracing::error_span!("message", message.id = message.as_ref().map(MessageId::as_str));
        self.send_open(request).instrument(span).await
    }
}

impl<Api: SendApi, Store: Holds + Send> Gate<Api, Store> {
    /// Sends unless the Page is closed, and takes note of what the platform says about the Page.
    async fn send_open(&self, request: &SendRequest<'_>) -> Result<PlatformMessageId, SendError> {
        let page = request.page;
        if let Some(error) = self.closed(page).await {
            return Err(error);
        }
        let result = self.api.send(request).await;
        match &result {
            Ok(_) if self.remembers_a_hold(page) => self.lift(page).await,
            Err(SendError::PageHeld { cause, reason }) => return Err(self.hold(page, *cause, reason).await),
            Err(SendError::AskedToWait { reason, pause }) => {
                let now = self.clock.now();
                let hold = self.known(page, now).await.hold;
                self.remember(page, Known { hold, read_at: now, quiet: Some((now.plus(*pause), reason.clone())) });
            }
            Ok(_)
            | Err(
                SendError::NotSent { .. }
                | SendError::Waits { .. }
                | SendError::Refused { .. }
                | SendError::OutOfReach { .. }
                | SendError::Unknown { .. },
            ) => {}
        }
        result
    }
}

impl<Api: ThreadRecordApi, Store: Holds + Send> ThreadRecordApi for Gate<Api, Store> {
    async fn sent_since(&self, page: &PageId, user: &UserId, since: Timestamp) -> Result<ThreadRecord, ProfileError> {
        self.api.sent_since(page, user, since).await
    }
}

#[cfg(test)]
mod tests {
    use domain::message::Outcome;
    use domain::policy::Way;
    use domain::ports::Sendable;
    use testkit::ids::{MIA, at, mid, page, user};
    use testkit::{Call, FakeSendApi, FakeStore, ManualClock};

    use super::*;

    struct Line {
        gate: Gate<FakeSendApi, FakeStore>,
        clock: Arc<ManualClock>,
    }

    impl Line {
        fn over(store: &FakeStore) -> Self {
            let clock = Arc::new(ManualClock::new(at(0)));
            let gate = Gate::new(FakeSendApi::default(), Arc::new(store.clone()), Arc::clone(&clock) as Arc<dyn Clock>);
            Self { gate, clock }
        }

        async fn send(&self, page_id: &str) -> Result<PlatformMessageId, SendError> {
            let (page, user) = (page(page_id), user(MIA));
            let request = SendRequest { page: &page, user: &user, content: Sendable::Text("Hi"), way: Way::Response, metadata: "m" };
            self.gate.send(&request).await
        }

        fn calls(&self) -> usize {
            self.gate.inner().calls().len()
        }
    }

    fn dead() -> SendError {
        SendError::PageHeld { cause: HoldCause::Token, reason: "The token is dead.".into() }
    }

    fn waits_for_page(result: &Result<PlatformMessageId, SendError>) -> bool {
        matches!(result, Err(SendError::Waits { on: WaitingFor::Page, .. }))
    }

    #[tokio::test]
    async fn a_held_page_is_left_alone_until_its_probe_and_another_page_goes_on() {
        let line = Line::over(&FakeStore::default());
        line.gate.inner().refuse(dead());
        assert!(waits_for_page(&line.send("1").await));
        for _ in 0..5 {
            assert!(waits_for_page(&line.send("1").await));
        }
        assert_eq!(line.send("2").await.unwrap(), mid("m_out-2"));
        assert_eq!(line.calls(), 2, "one that was refused, and the other Page's");
    }

    #[tokio::test]
    async fn one_probe_is_tried_and_a_success_lifts_the_hold_for_every_instance() {
        let store = FakeStore::default();
        let line = Line::over(&store);
        line.gate.inner().refuse(dead());
        line.send("1").await.unwrap_err();
        line.clock.advance(Duration::from_mins(1));
        line.gate.inner().refuse(dead());
        assert!(waits_for_page(&line.send("1").await), "the probe was refused");
        line.clock.advance(Duration::from_mins(1));
        assert!(waits_for_page(&line.send("1").await), "the pause is two minutes now");
        assert_eq!(line.calls(), 2);
        line.clock.advance(Duration::from_mins(1));
        line.send("1").await.unwrap();
        assert!(store.hold(&page("1")).await.unwrap().unwrap().lifted);
        line.send("1").await.unwrap();
        assert!(Line::over(&store).send("1").await.is_ok(), "another instance");
    }

    #[tokio::test]
    async fn another_instance_reads_the_hold_before_its_first_send() {
        let store = FakeStore::default();
        let line = Line::over(&store);
        line.gate.inner().refuse(dead());
        line.send("1").await.unwrap_err();
        let other = Line::over(&store);
        assert!(waits_for_page(&other.send("1").await));
        assert_eq!(other.calls(), 0);
    }

    #[tokio::test]
    async fn a_hold_that_somebody_lifted_is_noticed() {
        let store = FakeStore::default();
        let line = Line::over(&store);
        line.gate.inner().refuse(dead());
        line.send("1").await.unwrap_err();
        assert!(hold::lift(&store, &page("1")).await.unwrap());
        assert!(waits_for_page(&line.send("1").await), "what was read is trusted for a moment");
        line.clock.advance(TRUSTED);
        assert!(line.send("1").await.is_ok());
    }

    #[tokio::test]
    async fn a_free_page_costs_one_read_an_instance() {
        let store = FakeStore::default();
        let line = Line::over(&store);
        line.send("1").await.unwrap();
        store.fail(Call::Hold, 1, domain::ports::StoreError::Unavailable { reason: "nobody should ask".into() });
        line.clock.advance(Duration::from_hours(5));
        line.send("1").await.unwrap();
        assert_eq!(line.calls(), 2);
    }

    #[tokio::test]
    async fn a_store_that_fails_keeps_nobody_from_holding_or_sending() {
        let store = FakeStore::default();
        let line = Line::over(&store);
        let down = || domain::ports::StoreError::Unavailable { reason: "down".into() };
        store.fail(Call::Hold, 1, down());
        line.send("1").await.unwrap();
        line.gate.inner().refuse(dead());
        store.fail(Call::Hold, 1, down());
        assert!(waits_for_page(&line.send("1").await));
        assert!(waits_for_page(&line.send("1").await));
        assert_eq!(line.calls(), 2);
    }

    #[tokio::test]
    async fn a_page_that_was_asked_to_wait_is_silent_so_long() {
        let line = Line::over(&FakeStore::default());
        line.gate.inner().refuse(SendError::AskedToWait { reason: "slower".into(), pause: Duration::from_mins(5) });
        line.send("1").await.unwrap_err();
        line.clock.advance(Duration::from_mins(2));
        let still = line.send("1").await.unwrap_err();
        assert_eq!(still, SendError::AskedToWait { reason: "slower".into(), pause: Duration::from_mins(3) });
        line.send("2").await.unwrap();
        line.clock.advance(Duration::from_mins(3));
        line.send("1").await.unwrap();
        assert_eq!(line.calls(), 3);
    }

    #[test]
    fn the_words_of_a_hold_stand_in_the_messages_reason() {
        let hold = Hold::begin(page("1"), HoldCause::Token, "The token is dead.", at(0));
        let SendError::Waits { on, reason } = held(&hold) else { panic!("it waits") };
        let outcome = Outcome::Waiting { on, reason };
        assert!(matches!(outcome, Outcome::Waiting { reason, .. } if reason.contains("The token is dead. The Page is tried again at")));
    }
}
