//! The watch over a Page: token, subscription, and what was missed.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::ingest::ingest;
use domain::ports::{
    History, Inbox, Order, Outbox, ProfileError, RecordedMessage, RecordedThread, RecordedThreads, StoreError, TokenReport, Watches,
};
use domain::reply::{Draft, reply};
use domain::time::Timestamp;
use domain::watch::{FIELDS, Watch, watch};
use testkit::events::customer_says;
use testkit::ids::{JONAS, MIA, PAGE, at, conversation_of, mid, page, user};
use testkit::messages::agent;
use testkit::{Call, FakePageApi, FakeQueue, FakeStore};

const HOUR: u64 = 3600;

struct Sweep {
    store: FakeStore,
    api: FakePageApi,
    queue: FakeQueue,
}

impl Sweep {
    fn new() -> Self {
        Self { store: FakeStore::default(), api: FakePageApi::default(), queue: FakeQueue::default() }
    }

    /// Runs at a moment and returns the names of what an operator hears.
    async fn run(&self, seconds: u64) -> Vec<&'static str> {
        let watched = watch(&self.store, &self.api, &self.queue, &[page(PAGE)], at(seconds)).await.unwrap();
        watched.told.into_iter().map(|event| event.name).collect()
    }

    async fn watched(&self) -> Watch {
        self.store.watches().await.unwrap().remove(0)
    }

    async fn texts(&self, person: &str) -> Vec<String> {
        let messages = self.store.messages(&conversation_of(person), Order::OldestFirst, None, 100).await.unwrap();
        messages.into_iter().filter_map(|message| message.text).collect()
    }
}

fn said(id: &str, seconds: u64, from_page: bool, text: &str) -> RecordedMessage {
    let text = Some(text.to_owned());
    RecordedMessage { platform_id: mid(id), at: at(seconds), from_page, text, attachments: Vec::new(), raw: "{}".into() }
}

fn thread(person: &str, messages: Vec<RecordedMessage>) -> RecordedThread {
    let updated_at = messages.last().map_or(at(0), |message| message.at);
    RecordedThread { user: user(person), updated_at, messages }
}

fn threads(threads: Vec<RecordedThread>, next: Option<&str>) -> RecordedThreads {
    RecordedThreads { threads, next: next.map(str::to_owned) }
}

/// A Page that was good at `at(0)` and has been unsubscribed since.
async fn unsubscribed() -> Sweep {
    let sweep = Sweep::new();
    assert!(sweep.run(0).await.is_empty());
    sweep.api.set_fields(&[]);
    sweep
}

#[tokio::test]
async fn a_page_that_is_in_order_is_looked_at_once_an_hour_and_nobody_is_told() {
    let sweep = Sweep::new();
    assert!(sweep.run(0).await.is_empty());
    assert_eq!((sweep.watched().await.next_look_at, sweep.watched().await.last_good_at), (at(HOUR), Some(at(0))));
    sweep.api.set_token(Ok(TokenReport { valid: false, ends_at: None }));
    assert!(sweep.run(HOUR - 1).await.is_empty());
    assert_eq!(sweep.run(HOUR).await, ["token_dead"]);
}

#[tokio::test]
async fn a_dead_token_is_told_until_it_lives_and_a_platform_that_is_away_says_nothing() {
    let sweep = Sweep::new();
    sweep.api.set_token(Err(ProfileError::Refused { reason: "The Page's token is dead.".into() }));
    assert_eq!(sweep.run(0).await, ["token_dead"]);
    assert_eq!(sweep.watched().await.troubles, ["The Page's token is dead."]);
    assert_eq!(sweep.run(15 * 60).await, ["token_dead"], "sooner while it is bad");
    sweep.api.set_token(Err(ProfileError::Unavailable { reason: "down".into() }));
    assert!(sweep.run(30 * 60).await.is_empty());
    assert!(sweep.watched().await.troubles.is_empty());
}

/// What a run counts: dead tokens, ending ones, Pages that are not subscribed.
async fn counted(sweep: &Sweep, seconds: u64) -> [usize; 3] {
    let watched = watch(&sweep.store, &sweep.api, &sweep.queue, &[page(PAGE)], at(seconds)).await.unwrap();
    [watched.tokens_dead, watched.tokens_ending, watched.unsubscribed]
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_counted_each_run_until_it_is_mended() {
    let sweep = Sweep::new();
    assert_eq!(counted(&sweep, 0).await, [0, 0, 0]);
    sweep.api.set_token(Ok(TokenReport { valid: true, ends_at: Some(at(2 * HOUR)) }));
    assert_eq!(counted(&sweep, HOUR).await, [0, 1, 0]);
    assert_eq!(counted(&sweep, HOUR + 60).await, [0, 1, 0], "also when its time has not come");
    sweep.api.set_token(Ok(TokenReport { valid: false, ends_at: None }));
    assert_eq!(counted(&sweep, 2 * HOUR).await, [1, 0, 0]);
    assert_eq!(counted(&sweep, 2 * HOUR + 60).await, [1, 0, 0]);
    sweep.api.set_token(Ok(TokenReport { valid: true, ends_at: None }));
    sweep.api.set_fields(&[]);
    sweep.api.then_threads(threads(Vec::new(), None));
    assert_eq!(counted(&sweep, 3 * HOUR).await, [0, 0, 1], "it is subscribed again in this run");
    assert_eq!(counted(&sweep, 3 * HOUR + 60).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_token_that_ends_within_a_week_is_told() {
    let sweep = Sweep::new();
    let ends = |at: Timestamp| Ok(TokenReport { valid: true, ends_at: Some(at) });
    sweep.api.set_token(ends(at(0).plus(Duration::from_hours(24 * 7))));
    assert!(sweep.run(0).await.is_empty());
    assert_eq!(sweep.run(HOUR).await, ["token_ends_soon"]);
    assert!(sweep.watched().await.troubles.is_empty(), "it still sends");
}

#[tokio::test]
async fn a_page_that_lost_its_subscription_gets_it_back_and_what_was_missed_is_read_in_order() {
    let sweep = unsubscribed().await;
    // Two hours before the last good look is where the reading begins.
    let old =
        thread("7000000000000009", vec![RecordedMessage { at: at(0).minus(Duration::from_hours(3)), ..said("m_old", 0, false, "old") }]);
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one"), said("m_2", 20, false, "two")])], Some("more")));
    sweep.api.then_threads(threads(vec![thread(JONAS, vec![said("m_3", 5, false, "three")]), old], Some("never asked")));
    assert_eq!(sweep.run(HOUR).await, ["page_unsubscribed", "gap_read"]);
    assert_eq!(sweep.texts(MIA).await, ["one", "two"]);
    assert_eq!(sweep.texts(JONAS).await, ["three"]);
    assert_eq!(sweep.api.cursors(), [None, Some("more".to_owned())]);
    assert_eq!(sweep.watched().await.gap, None);
    assert!(sweep.texts("7000000000000009").await.is_empty());
    assert!(sweep.run(2 * HOUR).await.is_empty());
}

#[tokio::test]
async fn what_came_by_webhook_too_stands_once() {
    let sweep = unsubscribed().await;
    ingest(&sweep.store, &sweep.queue, &customer_says("one").numbered("m_1").at(at(10)).build(), at(10)).await.unwrap();
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one"), said("m_2", 20, false, "two")])], None));
    sweep.run(HOUR).await;
    assert_eq!(sweep.texts(MIA).await, ["one", "two"]);
}

#[tokio::test]
async fn a_record_that_breaks_off_is_read_on_by_the_next_run() {
    let sweep = unsubscribed().await;
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one")])], Some("more")));
    assert_eq!(sweep.run(HOUR).await, ["page_unsubscribed"]);
    assert_eq!(sweep.watched().await.gap.unwrap().cursor.as_deref(), Some("more"));
    sweep.api.then_threads(threads(vec![thread(JONAS, vec![said("m_2", 20, false, "two")])], None));
    assert_eq!(sweep.run(HOUR + 60).await, ["gap_read"]);
    assert_eq!(sweep.texts(JONAS).await, ["two"]);
}

#[tokio::test]
async fn a_send_of_ours_that_is_not_settled_is_never_taken_for_somebody_elses() {
    let sweep = unsubscribed().await;
    ingest(&sweep.store, &sweep.queue, &customer_says("Hi").at(at(1)).build(), at(1)).await.unwrap();
    let draft = Draft { text: "ours".into(), author: agent(), request: None };
    let ours = reply(&sweep.store, &sweep.queue, &conversation_of(MIA), &draft, at(2), 1).await.unwrap().message;
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_ours", 3, true, "ours")])], None));
    sweep.run(HOUR).await;
    assert_eq!(sweep.texts(MIA).await, ["Hi", "ours"]);
    assert_eq!(sweep.store.open(&conversation_of(MIA)).await.unwrap().unwrap().pending, [ours.id]);
}

#[tokio::test]
async fn what_was_typed_in_the_inbox_meanwhile_is_taken_once_it_cannot_be_ours() {
    let sweep = unsubscribed().await;
    let typed = || said("m_typed", 20, true, "typed in Business Suite");
    let fresh = said("m_fresh", HOUR - 60, true, "a minute ago");
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one"), typed(), fresh])], None));
    sweep.run(HOUR).await;
    assert_eq!(sweep.texts(MIA).await, ["one", "typed in Business Suite"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_does_not_keep_the_rest_from_being_read() {
    let sweep = unsubscribed().await;
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one"), said("m_2", 20, false, "two")])], None));
    sweep.store.fail(Call::Record, 1, StoreError::Refused { reason: "no".into() });
    assert_eq!(sweep.run(HOUR).await, ["page_unsubscribed", "gap_read"]);
    assert_eq!(sweep.texts(MIA).await, ["two"]);
}

#[tokio::test]
async fn a_store_that_is_away_leaves_the_gap_open() {
    let sweep = unsubscribed().await;
    let list = || threads(vec![thread(MIA, vec![said("m_1", 10, false, "one")])], None);
    sweep.api.then_threads(list());
    sweep.store.fail(Call::Record, 1, StoreError::Unavailable { reason: "down".into() });
    watch(&sweep.store, &sweep.api, &sweep.queue, &[page(PAGE)], at(HOUR)).await.unwrap_err();
    sweep.api.then_threads(list());
    assert_eq!(sweep.run(HOUR + 60).await, ["gap_read"]);
    assert_eq!(sweep.texts(MIA).await, ["one"]);
}

#[tokio::test]
async fn a_field_that_is_new_to_us_is_added_without_alarm() {
    let sweep = unsubscribed().await;
    sweep.api.set_fields(&FIELDS[..5]);
    assert_eq!(sweep.run(HOUR).await, ["page_fields_added"]);
    assert_eq!(sweep.watched().await.gap, None);
}

#[tokio::test]
async fn a_subscription_that_is_refused_is_told_and_tried_again() {
    let sweep = unsubscribed().await;
    sweep.api.set_subscribing(Err(ProfileError::Refused { reason: "no".into() }));
    assert_eq!(sweep.run(HOUR).await, ["subscription_unknown"]);
    assert_eq!(sweep.watched().await.troubles.len(), 1);
    sweep.api.set_subscribing(Ok(()));
    sweep.api.then_threads(threads(Vec::new(), None));
    assert_eq!(sweep.run(HOUR + 15 * 60).await, ["page_unsubscribed", "gap_read"]);
}

#[tokio::test]
async fn of_two_sweeps_at_once_one_looks() {
    let sweep = Sweep::new();
    sweep.api.set_token(Ok(TokenReport { valid: false, ends_at: None }));
    let (one, other) = futures::join!(sweep.run(0), sweep.run(0));
    assert_eq!(one.len() + other.len(), 1);
}

#[tokio::test]
async fn a_conversation_that_only_the_record_knows_is_one_like_any_other() {
    let sweep = unsubscribed().await;
    sweep.api.then_threads(threads(vec![thread(MIA, vec![said("m_1", 10, false, "one")])], None));
    sweep.run(HOUR).await;
    let conversation = sweep.store.conversation(&conversation_of(MIA)).await.unwrap().unwrap();
    assert_eq!((conversation.unread_count, conversation.window_ends_at), (1, Some(at(10 + 24 * HOUR))));
}
