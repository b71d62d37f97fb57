//! From an announcement to its posts: each endpoint is told once of what it asked for, whatever fails on the way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use domain::announce::{
    Announcement, AnnouncementId, AnnouncementKind, Begun, Delivered, Deliveries, Delivery, DeliveryState, DisabledFor, Endpoint,
    EndpointState, Endpoints, EventJob, EventQueue, EventQueueError, MOST_TRIES, Posted, Poster, deliver, fan_out, replay, replay_failed,
    test,
};
use domain::ports::{Clock, StoreError};
use domain::time::Timestamp;
use testkit::announcements::{endpoint_at, receipt_sent};
use testkit::events::customer_says;
use testkit::ids::at;
use testkit::{Call, FakeQueue, FakeStore, ManualClock};

const OK: Posted = Posted::Answered { status: 200, retry_after: None };

/// The endpoints' side: scripted answers, then 200.
#[derive(Debug, Default)]
struct World {
    answers: Mutex<VecDeque<Posted>>,
    posts: Mutex<Vec<(AnnouncementId, String)>>,
    jobs: Mutex<Vec<EventJob>>,
}

impl World {
    fn that_answers(status: u16, times: u32) -> Self {
        let answer = || Posted::Answered { status, retry_after: None };
        Self { answers: Mutex::new((0..times).map(|_| answer()).collect()), ..Self::default() }
    }

    fn posts(&self) -> usize {
        self.posts.lock().unwrap().len()
    }
}

impl Poster for World {
    async fn post(&self, _endpoint: &Endpoint, id: &AnnouncementId, payload: &str, _now: Timestamp) -> Posted {
        self.posts.lock().unwrap().push((id.clone(), payload.to_owned()));
        self.answers.lock().unwrap().pop_front().unwrap_or(OK)
    }
}

impl EventQueue for World {
    async fn enqueue(&self, job: &EventJob) -> Result<(), EventQueueError> {
        self.jobs.lock().unwrap().push(job.clone());
        Ok(())
    }
}

async fn registered(store: &FakeStore) -> Endpoint {
    let endpoint = endpoint_at("https://shop.example/hook", 1);
    store.put_endpoint(&endpoint).await.unwrap();
    endpoint
}

/// A store with one endpoint and one delivery to it that has begun.
async fn begun(world: &World) -> (FakeStore, Endpoint, Announcement) {
    let store = FakeStore::default();
    let endpoint = registered(&store).await;
    let announcement = receipt_sent("20418", 0);
    assert_eq!(fan_out(&store, world, &announcement, at(0)).await.unwrap(), 1);
    (store, endpoint, announcement)
}

async fn row(store: &FakeStore, endpoint: &Endpoint, announcement: &Announcement) -> Delivery {
    store.delivery(&endpoint.id, &announcement.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn each_endpoint_that_asked_for_it_gets_one_delivery_however_often_it_is_announced() {
    let (store, world) = (FakeStore::default(), World::default());
    let everything = registered(&store).await;
    let other = Endpoint { kinds: Some(vec![AnnouncementKind::MessageReceived]), ..endpoint_at("https://other.example/", 2) };
    store.put_endpoint(&other).await.unwrap();
    let announcement = receipt_sent("20418", 0);
    for _ in 0..2 {
        fan_out(&store, &world, &announcement, at(0)).await.unwrap();
    }
    assert_eq!(store.deliveries(&everything.id, None, 10).await.unwrap().len(), 1);
    assert!(store.deliveries(&other.id, None, 10).await.unwrap().is_empty());
    let clock = ManualClock::new(at(0));
    let jobs = world.jobs.lock().unwrap().len();
    for _ in 0..jobs {
        deliver(&store, &world, &clock, &everything.id, &announcement.id, 0).await.unwrap();
    }
    assert_eq!(world.posts(), 1, "a repeated job posts nothing again");
    assert_eq!(fan_out(&store, &world, &announcement, at(9)).await.unwrap(), 0, "what was delivered is not begun again");
}

#[tokio::test]
async fn what_fails_is_tried_again_by_the_plan_and_fails_at_its_end() {
    let world = World::that_answers(500, 100);
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    for tries in 1..MOST_TRIES {
        let ended = deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 7).await.unwrap();
        let Delivered::Again { pause } = ended else { panic!("attempt {tries}: {ended:?}") };
        let early = deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 7).await.unwrap();
        assert_eq!(early, Delivered::Again { pause }, "a job that comes early waits");
        clock.set(clock.now().plus(pause));
    }
    let ended = deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 7).await.unwrap();
    assert_eq!(ended, Delivered::GivenUp { told: None });
    let row = row(&store, &endpoint, &announcement).await;
    assert_eq!((row.state, row.attempts.len(), row.next_at), (DeliveryState::Failed, MOST_TRIES as usize, None));
    assert_eq!(world.posts(), MOST_TRIES as usize);
    let hours = clock.now().since(at(0)).as_secs() / 3600;
    assert!((24..=31).contains(&hours), "{hours}");
}

#[tokio::test]
async fn a_success_after_a_failure_is_delivered() {
    let world = World::that_answers(500, 1);
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    assert!(matches!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::Again { .. }));
    assert!(store.endpoint(&endpoint.id).await.unwrap().unwrap().failing_since.is_some());
    clock.set(at(10));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::GotThrough);
    let row = row(&store, &endpoint, &announcement).await;
    assert_eq!(row.attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [Some(500), Some(200)]);
    assert_eq!(store.endpoint(&endpoint.id).await.unwrap().unwrap().failing_since, None);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_told_nothing_more() {
    let world = World::that_answers(410, 1);
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    let ended = deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap();
    assert!(matches!(ended, Delivered::GivenUp { told: Some(event) } if event.name == "webhook_endpoint_disabled"));
    let stored = store.endpoint(&endpoint.id).await.unwrap().unwrap();
    assert_eq!(stored.state, EndpointState::Disabled { reason: DisabledFor::Gone, at: at(0) });
    assert_eq!(fan_out(&store, &world, &receipt_sent("20419", 1), at(1)).await.unwrap(), 0);
}

#[tokio::test]
async fn nothing_is_posted_to_an_endpoint_that_was_disabled_or_removed_meanwhile() {
    let world = World::default();
    let (store, endpoint, announcement) = begun(&world).await;
    let mut stored = store.endpoint(&endpoint.id).await.unwrap().unwrap();
    stored.enable(false, at(1));
    store.put_endpoint(&stored).await.unwrap();
    let clock = ManualClock::new(at(2));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::GivenUp { told: None });
    store.remove_endpoint(&endpoint.id).await.unwrap();
    replay(&store, &world, &endpoint.id, &announcement.id, at(3)).await.unwrap();
    assert_eq!(
        deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(),
        Delivered::Again { pause: Duration::from_secs(1) }
    );
    clock.set(at(3));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::Done);
    assert_eq!(world.posts(), 0);
}

#[tokio::test]
async fn an_attempt_whose_end_was_not_kept_comes_again_after_its_lease_and_not_before() {
    let world = World::default();
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    store.fail(Call::PutDelivery, 2, StoreError::Unavailable { reason: "down".into() });
    assert!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.is_err());
    let early = deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap();
    assert_eq!(early, Delivered::Again { pause: Duration::from_mins(2) });
    clock.set(at(120));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::GotThrough);
    let posts = world.posts.lock().unwrap();
    assert!(matches!(&posts[..], [(first, _), (second, _)] if first == second), "under the same id: {posts:?}");
}

#[tokio::test]
async fn of_two_jobs_for_one_delivery_at_once_one_posts() {
    let world = World::default();
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    let one = || deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0);
    drop(futures::join!(one(), one()));
    assert_eq!(world.posts(), 1);
}

#[tokio::test]
async fn what_has_failed_is_delivered_once_more_when_somebody_asks() {
    let world = World::that_answers(410, 1);
    let (store, endpoint, announcement) = begun(&world).await;
    let clock = ManualClock::new(at(0));
    deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap();
    let mut stored = store.endpoint(&endpoint.id).await.unwrap().unwrap();
    stored.enable(true, at(1));
    store.put_endpoint(&stored).await.unwrap();
    assert_eq!(replay_failed(&store, &world, &endpoint.id, at(1), at(2)).await.unwrap(), (0, true), "it happened before");
    assert_eq!(replay_failed(&store, &world, &endpoint.id, at(0), at(2)).await.unwrap(), (1, true));
    clock.set(at(2));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap(), Delivered::GotThrough);
    assert_eq!(replay_failed(&store, &world, &endpoint.id, at(0), at(3)).await.unwrap(), (0, true));
}

#[tokio::test]
async fn a_test_goes_to_its_endpoint_alone_whatever_that_asked_for() {
    let (store, world) = (FakeStore::default(), World::default());
    let endpoint = Endpoint { kinds: Some(Vec::new()), ..endpoint_at("https://shop.example/", 1) };
    store.put_endpoint(&endpoint).await.unwrap();
    let delivery = test(&store, &world, &endpoint.id, 5, at(0)).await.unwrap();
    assert!(matches!(store.begin_delivery(&delivery).await.unwrap(), Begun::Before(_)));
    let clock = ManualClock::new(at(0));
    assert_eq!(deliver(&store, &world, &clock, &endpoint.id, &delivery.announcement.id, 0).await.unwrap(), Delivered::GotThrough);
}

#[tokio::test]
async fn a_customers_words_are_told_from_the_table_and_not_once_they_are_erased() {
    let (store, world) = (FakeStore::default(), World::default());
    let endpoint = registered(&store).await;
    let event = customer_says("Where is my parcel?").build();
    domain::ingest::ingest(&store, &FakeQueue::default(), &event, at(0)).await.unwrap();
    let announcement = Announcement::message_received(&event).unwrap();
    fan_out(&store, &world, &announcement, at(0)).await.unwrap();
    let clock = ManualClock::new(at(0));
    deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap();
    let conversation = announcement.message.as_ref().unwrap().conversation.clone();
    domain::erase::erase(&store, &conversation, at(5), at(5)).await.unwrap();
    replay(&store, &world, &endpoint.id, &announcement.id, at(6)).await.unwrap();
    clock.set(at(6));
    deliver(&store, &world, &clock, &endpoint.id, &announcement.id, 0).await.unwrap();
    let posts = world.posts.lock().unwrap();
    let told: Vec<bool> = posts.iter().map(|(_, payload)| payload.contains("Where is my parcel?")).collect();
    assert_eq!(told, [true, false]);
}
