//! A batch of webhook deliveries: each event by itself, none in another's way, and what many of them need asked for at once.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::deletion;
use domain::id::{ConversationId, MessageId, PageId};
use domain::inbound::{EventKind, InboundEvent, Party};
use domain::ingest::{Addition, IngestError, Ingested, ingest, ingest_all, operator_event};
use domain::message::parse_part_metadata;
use domain::ports::{Clock, Parked};
use domain::retry::{Retry, Retryable, backoff};
use domain::time::Timestamp;
use dynamodb_store::Table;
use futures::{FutureExt, StreamExt, stream};
use lambda_support::logging::{self, chain};
use lambda_support::metrics;
use lambda_support::origin::{self, Origin, Request};
use lambda_support::parking::{self, Parking};
use meta_webhooks::{BrokenElement, Item, VerifiedBody};
use sqs_jobs::batch::{self, JobEnd, SourceQueue};
use sqs_jobs::events::EventsQueue;
use sqs_jobs::intake::{self, MetaDelivery};
use sqs_jobs::queues::Queues;
use tracing::Instrument;

use crate::tell::Listeners;

/// How many items are worked side by side that must be worked one by one.
const SIDE_BY_SIDE: usize = 8;

/// Everything that the function holds between batches.
#[derive(Debug)]
pub struct Ingest {
    table: Table,
    queues: Queues,
    listeners: Listeners,
    source: SourceQueue,
    clock: Arc<dyn Clock>,
}

/// Whether something must come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Settled,
    Again,
}

/// How an item ended: where its delivery stands in the batch, and the event when the shop's own programs may have to hear of it.
struct Done<'a> {
    place: usize,
    end: End,
    to_tell: Option<&'a InboundEvent>,
}

/// An item and the delivery that brought it, by its place in the batch.
struct Work {
    place: usize,
    delivery: Arc<MetaDelivery>,
    item: Item,
}

impl Ingest {
    #[must_use]
    pub fn new(table: Table, queues: Queues, events: EventsQueue, source: SourceQueue, clock: Arc<dyn Clock>) -> Self {
        Self { table, queues, listeners: Listeners::new(events), source, clock }
    }

    /// Works a batch and answers which deliveries go back.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        // Boxed, here and below: so many calls within one another are a type too deep for the compiler.
        Ok(batch::work_together(&self.source, event, |messages| self.jobs(messages).boxed()).await)
    }

    async fn jobs(&self, messages: Vec<SqsMessage>) -> Vec<JobEnd> {
        let mut ends = vec![End::Settled; messages.len()];
        let mut work = Vec::new();
        for (place, (message, end)) in messages.iter().zip(&mut ends).enumerate() {
            if intake::is_deletion(message) {
                *end = self.delete(message).boxed().await;
                continue;
            }
            match self.open(message).await {
                Ok((delivery, items)) => {
                    let delivery = Arc::new(delivery);
                    work.extend(items.into_iter().map(|item| Work { place, delivery: Arc::clone(&delivery), item }));
                }
                Err(parked) => *end = parked,
            }
        }
        for wave in waves(work) {
            for done in self.wave(&wave).boxed().await {
                if let Some(end) = ends.get_mut(done.place) {
                    *end = done.end.max(*end);
                }
            }
        }
        messages.iter().zip(ends).map(|(message, end)| job_end(message, end)).collect()
    }

    /// Erases what is stored of a person who asked for it.
    async fn delete(&self, message: &SqsMessage) -> End {
        let now = self.clock.now();
        let body = || message.body.clone().unwrap_or_default().into_bytes();
        let request = match intake::read_deletion(message) {
            Ok(request) => request,
            Err(err) => {
                let reason = chain(&err).to_string();
                return self.park("meta.job", &reason, body(), None, now).await;
            }
        };
        match deletion::delete(&self.table, &request, now).await {
            Ok(done) => {
                tracing::info!(deletion.code = done.code.as_str(), erased = done.conversations, "person deleted");
                End::Settled
            }
            Err(err) => match err.retry() {
                Retry::Never => {
                    let reason = chain(&err).to_string();
                    self.park("meta.deletion", &reason, body(), None, now).await
                }
                Retry::Backoff | Retry::After(_) => {
                    tracing::warn!(error = %chain(&err), deletion.code = request.code.as_str(), "person not deleted; the request is given back");
                    End::Again
                }
            },
        }
    }

    /// Reads a delivery and what is in it. What is none is set aside.
    async fn open(&self, message: &SqsMessage) -> Result<(MetaDelivery, Vec<Item>), End> {
        let delivery = match intake::read(message, self.clock.now()) {
            Ok(delivery) => delivery,
            Err(err) => {
                let body = message.body.clone().unwrap_or_default().into_bytes();
                let reason = chain(&err).to_string();
                return Err(self.park("meta.job", &reason, body, None, self.clock.now()).await);
            }
        };
        match meta_webhooks::parse(VerifiedBody::from_intake_queue(&delivery.body), delivery.received_at) {
            Ok(parsed) => Ok((delivery, parsed.items)),
            Err(err) => {
                let reason = chain(&err).to_string();
                let span = tracing::error_span!("delivery", request.id = delivery.request_id);
                Err(self.park("meta.delivery", &reason, delivery.body, None, delivery.received_at).instrument(span).await)
            }
        }
    }

    /// Works items of which no two are of one conversation.
    async fn wave<'a>(&self, wave: &'a [Work]) -> Vec<Done<'a>> {
        let now = self.clock.now();
        let (mut additions, mut joined, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for work in wave {
            match &work.item {
                Item::Event(event) => match Addition::of(event, now) {
                    Some(addition) => {
                        additions.push(addition);
                        joined.push((work, event));
                    }
                    None => others.push(work),
                },
                Item::Broken(_) => others.push(work),
            }
        }
        let mut ends = Vec::with_capacity(wave.len());
        if !additions.is_empty() {
            let ingested = origin_of(&joined).of(ingest_all(&self.table, &self.queues, &additions, now)).await;
            for ((work, event), ingested) in joined.into_iter().zip(ingested) {
                let settled = self.settle(work.place, event, ingested, &work.delivery).instrument(span(event, &work.delivery));
                ends.push(settled.await);
            }
        }
        let others: Vec<_> = others.into_iter().map(|work| self.alone(work)).collect();
        ends.extend(stream::iter(others).buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>().await);
        self.tell(&mut ends, now).await;
        ends
    }

    /// Announces what was taken. What could not be announced comes again, and is announced under the same id then.
    async fn tell(&self, ends: &mut [Done<'_>], now: Timestamp) {
        let to_tell: Vec<&InboundEvent> = ends.iter().filter_map(|done| done.to_tell).collect();
        let told = self.listeners.tell(&self.table, &to_tell, now).boxed().await;
        for (done, told) in ends.iter_mut().filter(|done| done.to_tell.is_some()).zip(told) {
            if !told {
                done.end = End::Again;
            }
        }
    }

    async fn alone<'a>(&self, work: &'a Work) -> Done<'a> {
        match &work.item {
            Item::Event(event) => {
                let taken = async {
                    let ingested = origin_of(&[(work, event)]).of(ingest(&self.table, &self.queues, event, self.clock.now())).await;
                    self.settle(work.place, event, ingested, &work.delivery).await
                };
                taken.instrument(span(event, &work.delivery)).await
            }
            Item::Broken(element) => {
                let span = tracing::error_span!("element", request.id = work.delivery.request_id);
                let end = self.broken(element, work.delivery.received_at).instrument(span).await;
                Done { place: work.place, end, to_tell: None }
            }
        }
    }

    /// Tells what became of an event, and sets aside what can never be taken.
    async fn settle<'a>(
        &self,
        place: usize,
        event: &'a InboundEvent,
        ingested: Result<Ingested, IngestError>,
        delivery: &MetaDelivery,
    ) -> Done<'a> {
        // Also of what was taken before: its announcement may be what failed then.
        let is_taken = matches!(ingested, Ok(Ingested::New | Ingested::Duplicate));
        let end = match ingested {
            Ok(ingested) => {
                count(event, ingested, self.clock.now().since(delivery.received_at));
                tracing::info!(outcome = outcome(ingested), "event taken");
                if let Some(event) = operator_event(event).filter(|_| ingested == Ingested::New) {
                    logging::operator(&event);
                }
                End::Settled
            }
            Err(err) => match err.retry() {
                Retry::Never => {
                    let reason = chain(&err).to_string();
                    self.park("meta.element", &reason, event.raw.clone().into_bytes(), Some(event.page.clone()), delivery.received_at).await
                }
                Retry::Backoff | Retry::After(_) => {
                    metrics::count(metrics::EVENTS_GIVEN_BACK, 1);
                    tracing::warn!(error = %chain(&err), "event not taken; its delivery is given back");
                    End::Again
                }
            },
        };
        Done { place, end, to_tell: is_taken.then_some(event) }
    }

    async fn broken(&self, element: &BrokenElement, received_at: Timestamp) -> End {
        let reason = format!("{}: {}", element.kind, element.reason);
        self.park("meta.element", &reason, element.raw.clone().into_bytes(), element.page.clone(), received_at).await
    }

    /// Sets aside what can never succeed. When even that fails, the delivery stays in the queue.
    async fn park(&self, kind: &str, reason: &str, body: Vec<u8>, page: Option<PageId>, received_at: Timestamp) -> End {
        let parked = Parked { kind: kind.into(), reason: reason.into(), body, page, received_at };
        match parking::park(&self.table, &parked).await {
            Parking::Parked => End::Settled,
            Parking::Refused => End::Again,
        }
    }
}

fn job_end(message: &SqsMessage, end: End) -> JobEnd {
    match end {
        End::Settled => JobEnd::Done,
        End::Again => {
            let dice = message.message_id.as_deref().unwrap_or_default().bytes().map(u64::from).sum();
            JobEnd::GiveBack { pause: Some(backoff(batch::receive_count(message), dice)) }
        }
    }
}

/// Cuts a batch into waves: what belongs to one conversation comes in one wave after another, in order, and all else in the first. A failed
/// item does not stop those behind it: their order is that of the platform's moments.
fn waves(work: Vec<Work>) -> Vec<Vec<Work>> {
    let mut first = Vec::new();
    let mut lanes: BTreeMap<ConversationId, VecDeque<Work>> = BTreeMap::new();
    for work in work {
        let lane = match &work.item {
            Item::Event(event) => conversation(event),
            Item::Broken(_) => None,
        };
        match lane {
            Some(conversation) => lanes.entry(conversation).or_default().push_back(work),
            None => first.push(work),
        }
    }
    let mut waves = Vec::new();
    let mut wave = first;
    loop {
        wave.extend(lanes.values_mut().filter_map(VecDeque::pop_front));
        if wave.is_empty() {
            return waves;
        }
        lanes.retain(|_, lane| !lane.is_empty());
        waves.push(std::mem::take(&mut wave));
    }
}

/// What the lines about an event carry. At the level of errors, so that no filter takes the ids off a line.
fn span(event: &InboundEvent, delivery: &MetaDelivery) -> tracing::Span {
    let id = MessageId::derived(event.occurred_at, &event.dedupe_key());
    tracing::error_span!(
        "event",
        request.id = delivery.request_id,
        event.id = id.as_str(),
        event.kind = event.kind_name(),
        conversation.id = conversation(event).as_ref().map_or("none", ConversationId::as_str),
        message.id = message(event, &id).as_ref().map(MessageId::as_str),
    )
}

/// The message that an event is, or that it settles.
fn message(event: &InboundEvent, id: &MessageId) -> Option<MessageId> {
    if let EventKind::Echo(echo) = &event.kind
        && let Some((ours, _)) = echo.metadata.as_deref().and_then(parse_part_metadata)
    {
        return Some(ours);
    }
    matches!(event.kind, EventKind::Message(_) | EventKind::Postback(_) | EventKind::Echo(_)).then(|| id.clone())
}

/// Which request each conversation's work comes from: of events that are worked together, no two are of one conversation.
fn origin_of(worked: &[(&Work, &InboundEvent)]) -> Origin {
    let request = |(work, event): &(&Work, &InboundEvent)| Some((conversation(event)?, work.delivery.request_id.clone()));
    Origin { trace: origin::trace(), request: Request::ByConversation(worked.iter().filter_map(request).collect()) }
}

/// Counts an event that was taken `lag` after its receipt.
fn count(event: &InboundEvent, ingested: Ingested, lag: Duration) {
    if ingested == Ingested::Duplicate {
        metrics::count(metrics::EVENTS_DUPLICATE, 1);
        return;
    }
    metrics::count(metrics::EVENTS_TAKEN, 1);
    if ingested == Ingested::New {
        metrics::measure(metrics::INTAKE_LAG, lag);
        let wrote = matches!(event.kind, EventKind::Message(_) | EventKind::Postback(_));
        metrics::count(metrics::CUSTOMER_MESSAGES, usize::from(wrote));
    }
}

fn conversation(event: &InboundEvent) -> Option<ConversationId> {
    match &event.party {
        Party::Person(user) => Some(ConversationId::of(&event.page, user)),
        Party::Reference(_) | Party::Page => None,
    }
}

const fn outcome(ingested: Ingested) -> &'static str {
    match ingested {
        Ingested::New => "new",
        Ingested::Duplicate => "duplicate",
        Ingested::Changed => "changed",
        Ingested::KeptForLater => "kept_for_later",
        Ingested::NothingNew => "nothing_new",
        Ingested::Erased => "erased",
    }
}
