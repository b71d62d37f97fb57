//! The use cases: from an announcement to its deliveries, from a delivery to one post, and once more.

use std::future::Future;
use std::time::Duration;

use super::{
    Announcement, AnnouncementId, Attempt, Begun, Deliveries, Delivery, DeliveryState, Endpoint, EndpointId, Endpoints, EventJob, Put,
};
use crate::operator::{OperatorEvent, Severity};
use crate::ports::{Clock, History, StoreError};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;

/// How often a write is tried again after losing a race for a row.
const ATTEMPTS: u32 = 5;

/// How many rows are read at a time, and how many at most are looked at by one request for what has failed.
const A_ROUND: usize = 100;
const MOST_LOOKED_AT: usize = 1_000;

/// The answer with which an endpoint says that it is gone for good.
const GONE: u16 = 410;

/// The queue of announcements did not take a job.
#[derive(Debug, thiserror::Error)]
#[error("the queue of announcements did not take the job: {reason}")]
pub struct EventQueueError {
    pub reason: String,
}

impl Retryable for EventQueueError {
    fn retry(&self) -> Retry {
        Retry::Backoff
    }
}

/// The queue of announcements.
pub trait EventQueue: Sync {
    fn enqueue(&self, job: &EventJob) -> impl Future<Output = Result<(), EventQueueError>> + Send;
}

/// What came of one post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The endpoint answered, with how long it wants to be left alone, when it said so.
    Answered { status: u16, retry_after: Option<Duration> },
    /// It did not, for the given reason in plain words; or nothing was posted, because its address may not be reached.
    NotAnswered { reason: String },
}

/// Posts to endpoints.
pub trait Poster: Sync {
    /// Makes one POST, signed at `now` with the endpoint's secrets.
    fn post(&self, endpoint: &Endpoint, id: &AnnouncementId, payload: &str, now: Timestamp) -> impl Future<Output = Posted> + Send;
}

#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    #[error("the log of deliveries could not be kept")]
    Store(#[source] StoreError),
    #[error("a delivery could not be enqueued")]
    Queue(#[source] EventQueueError),
    #[error("the row changed {ATTEMPTS} times while it was written")]
    Busy,
}

impl Retryable for AnnounceError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Queue(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// Begins a delivery for each endpoint that wants the announcement, and returns how many there are. Done again, it enqueues again what is
/// not done yet, and begins nothing twice.
pub async fn fan_out<S: Endpoints + Deliveries>(
    store: &S,
    queue: &impl EventQueue,
    announcement: &Announcement,
    now: Timestamp,
) -> Result<usize, AnnounceError> {
    let mut begun = 0;
    for endpoint in store.endpoints().await.map_err(AnnounceError::Store)? {
        if !endpoint.wants(announcement.kind) {
            continue;
        }
        let delivery = Delivery::begin(endpoint.id, announcement.clone(), now);
        let is_to_do = match store.begin_delivery(&delivery).await.map_err(AnnounceError::Store)? {
            Begun::New => true,
            Begun::Before(before) => before.state == DeliveryState::Pending,
        };
        if is_to_do {
            enqueue(queue, &delivery).await?;
            begun += 1;
        }
    }
    Ok(begun)
}

/// Tries an endpoint out: begins a delivery of a `webhook.test` to it alone, whatever it asked for.
pub async fn test<S: Endpoints + Deliveries>(
    store: &S,
    queue: &impl EventQueue,
    endpoint: &EndpointId,
    random: u128,
    now: Timestamp,
) -> Result<Delivery, AnnounceError> {
    let delivery = Delivery::begin(endpoint.clone(), Announcement::test(endpoint, random, now), now);
    store.begin_delivery(&delivery).await.map_err(AnnounceError::Store)?;
    enqueue(queue, &delivery).await?;
    Ok(delivery)
}

async fn enqueue(queue: &impl EventQueue, delivery: &Delivery) -> Result<(), AnnounceError> {
    let job = EventJob::Deliver { endpoint: delivery.endpoint.clone(), announcement: delivery.announcement.id.clone() };
    queue.enqueue(&job).await.map_err(AnnounceError::Queue)
}

/// Delivers once more, with all attempts of the plan; nothing when there is no such delivery.
pub async fn replay(
    store: &impl Deliveries,
    queue: &impl EventQueue,
    endpoint: &EndpointId,
    announcement: &AnnouncementId,
    now: Timestamp,
) -> Result<Option<Delivery>, AnnounceError> {
    for _ in 0..ATTEMPTS {
        let Some(mut delivery) = store.delivery(endpoint, announcement).await.map_err(AnnounceError::Store)? else { return Ok(None) };
        delivery.replay(now);
        if store.put_delivery(&delivery).await.map_err(AnnounceError::Store)? {
            enqueue(queue, &delivery).await?;
            return Ok(Some(delivery));
        }
    }
    Err(AnnounceError::Busy)
}

/// Delivers once more what has failed of all that happened since a moment, and returns how many that are, and whether it looked at all.
pub async fn replay_failed(
    store: &impl Deliveries,
    queue: &impl EventQueue,
    endpoint: &EndpointId,
    since: Timestamp,
    now: Timestamp,
) -> Result<(usize, bool), AnnounceError> {
    let (mut replayed, mut looked_at, mut after) = (0, 0, None);
    while looked_at < MOST_LOOKED_AT {
        let rows = store.deliveries(endpoint, after.as_ref(), A_ROUND).await.map_err(AnnounceError::Store)?;
        for delivery in &rows {
            if delivery.announcement.occurred_at < since {
                return Ok((replayed, true));
            }
            if delivery.state == DeliveryState::Failed {
                replay(store, queue, endpoint, &delivery.announcement.id, now).await?;
                replayed += 1;
            }
        }
        looked_at += rows.len();
        if rows.len() < A_ROUND {
            return Ok((replayed, true));
        }
        after = rows.last().map(|delivery| delivery.announcement.id.clone());
    }
    Ok((replayed, false))
}

/// How a job to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing is left to be done, or it was done before.
    Done,
    /// It got through.
    GotThrough,
    /// It failed for good; an operator hears of an endpoint that was disabled for it.
    GivenUp { told: Option<OperatorEvent> },
    /// It is to be tried again after the pause.
    Again { pause: Duration },
}

/// Makes the attempt that a delivery is due for, and keeps what came of it. `dice` is any number that differs between deliveries.
///
/// The row is taken before the call and written after it. A crash in between makes the job come again once the lease is over: what was
/// posted is posted again then, under the same id.
pub async fn deliver<S: Endpoints + Deliveries + History>(
    store: &S,
    poster: &impl Poster,
    clock: &dyn Clock,
    endpoint: &EndpointId,
    announcement: &AnnouncementId,
    dice: u64,
) -> Result<Delivered, AnnounceError> {
    let now = clock.now();
    let Some(mut delivery) = store.delivery(endpoint, announcement).await.map_err(AnnounceError::Store)? else {
        return Ok(Delivered::Done);
    };
    if delivery.state != DeliveryState::Pending {
        return Ok(Delivered::Done);
    }
    if let Some(pause) = delivery.waits(now) {
        return Ok(Delivered::Again { pause });
    }
    let Some(endpoint) = store.endpoint(endpoint).await.map_err(AnnounceError::Store)? else { return Ok(Delivered::Done) };
    delivery.take(now);
    if !store.put_delivery(&delivery).await.map_err(AnnounceError::Store)? {
        return Err(AnnounceError::Busy);
    }
    delivery.revision += 1;
    let (verdict, attempt) = attempt(store, poster, clock, &endpoint, &delivery.announcement).await?;
    let told = note(store, &endpoint.id, verdict, &mut delivery, attempt, dice, clock.now()).await?;
    // A replay in the meantime has written the row anew: its own job goes on from there.
    store.put_delivery(&delivery).await.map_err(AnnounceError::Store)?;
    Ok(match (delivery.state, delivery.waits(clock.now())) {
        (DeliveryState::Delivered, _) => Delivered::GotThrough,
        (DeliveryState::Failed, _) => Delivered::GivenUp { told },
        (DeliveryState::Pending, pause) => Delivered::Again { pause: pause.unwrap_or_default() },
    })
}

/// What an attempt means for the delivery.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    Success,
    Failure {
        asked: Option<Duration>,
    },
    Gone,
    /// The endpoint is disabled: nothing was posted.
    NotPosted,
}

async fn attempt(
    store: &impl History,
    poster: &impl Poster,
    clock: &dyn Clock,
    endpoint: &Endpoint,
    announcement: &Announcement,
) -> Result<(Verdict, Attempt), AnnounceError> {
    let at = clock.now();
    if !endpoint.is_enabled() {
        let error = Some(String::from("The endpoint is disabled."));
        return Ok((Verdict::NotPosted, Attempt { at, status: None, error, took_ms: 0 }));
    }
    let message = match &announcement.message {
        Some(about) => store.message(&about.conversation, &about.message).await.map_err(AnnounceError::Store)?,
        None => None,
    };
    let answer = poster.post(endpoint, &announcement.id, &announcement.payload(message.as_ref()), at).await;
    let took_ms = u64::try_from(clock.now().since(at).as_millis()).unwrap_or(u64::MAX);
    Ok(match answer {
        Posted::Answered { status, .. } if (200..300).contains(&status) => {
            (Verdict::Success, Attempt { at, status: Some(status), error: None, took_ms })
        }
        Posted::Answered { status, retry_after } => {
            let verdict = if status == GONE { Verdict::Gone } else { Verdict::Failure { asked: retry_after } };
            (verdict, Attempt { at, status: Some(status), error: Some(words(status)), took_ms })
        }
        Posted::NotAnswered { reason } => (Verdict::Failure { asked: None }, Attempt { at, status: None, error: Some(reason), took_ms }),
    })
}

fn words(status: u16) -> String {
    match status {
        300..400 => format!("It answered {status}: redirects are not followed. Register the address that it leads to."),
        GONE => String::from("It answered 410 Gone: the endpoint was disabled."),
        _ => format!("It answered {status}, which is no success (200 to 299)."),
    }
}

/// Notes an attempt in its delivery and in its endpoint, and returns what an operator must hear.
async fn note(
    store: &impl Endpoints,
    endpoint: &EndpointId,
    verdict: Verdict,
    delivery: &mut Delivery,
    attempt: Attempt,
    dice: u64,
    now: Timestamp,
) -> Result<Option<OperatorEvent>, AnnounceError> {
    match verdict {
        Verdict::Success => delivery.succeeded(attempt),
        Verdict::Failure { asked } => delivery.failed(attempt, asked, dice),
        Verdict::Gone | Verdict::NotPosted => delivery.given_up(attempt),
    }
    let was_last = delivery.state == DeliveryState::Failed;
    for _ in 0..ATTEMPTS {
        let Some(mut endpoint) = store.endpoint(endpoint).await.map_err(AnnounceError::Store)? else { return Ok(None) };
        let was_enabled = endpoint.is_enabled();
        let is_news = match verdict {
            Verdict::Success => endpoint.succeeded(),
            Verdict::Failure { .. } => endpoint.failed(was_last, now),
            Verdict::Gone => endpoint.gone(now),
            Verdict::NotPosted => false,
        };
        if !is_news {
            return Ok(None);
        }
        if store.put_endpoint(&endpoint).await.map_err(AnnounceError::Store)? == Put::Written {
            return Ok((was_enabled && !endpoint.is_enabled()).then(|| disabled(&endpoint)));
        }
    }
    // The next attempt notes it.
    Ok(None)
}

fn disabled(endpoint: &Endpoint) -> OperatorEvent {
    let why = match endpoint.state {
        super::EndpointState::Enabled => "",
        super::EndpointState::Disabled { reason, .. } => reason.words(),
    };
    let id = &endpoint.id;
    OperatorEvent::new(
        "webhook_endpoint_disabled",
        Severity::Warning,
        format!(
            "The webhook endpoint {id} was disabled. {why} Enable it by PATCH /v1/webhook-endpoints/{id}, then replay what has failed."
        ),
    )
}
