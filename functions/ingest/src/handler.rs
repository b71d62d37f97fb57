//! A batch of webhook deliveries: each event by itself, none in another's way.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::id::{ConversationId, PageId};
use domain::inbound::{InboundEvent, Party};
use domain::ingest::{Ingested, ingest, operator_event};
use domain::ports::{Clock, Parked};
use domain::retry::{Retry, Retryable, backoff};
use domain::time::Timestamp;
use dynamodb_store::Table;
use futures::{StreamExt, stream};
use lambda_support::logging::{self, chain};
use lambda_support::parking::{self, Parking};
use meta_webhooks::{BrokenElement, Item, VerifiedBody};
use sqs_jobs::batch::{self, JobEnd, Ordering, SourceQueue};
use sqs_jobs::intake::{self, MetaDelivery};
use sqs_jobs::outbound::OutboundJobs;

/// How many conversations of one delivery are worked side by side.
const SIDE_BY_SIDE: usize = 8;

/// Everything that the function holds between batches.
#[derive(Debug)]
pub struct Ingest {
    table: Table,
    outbound: OutboundJobs,
    source: SourceQueue,
    clock: Arc<dyn Clock>,
}

/// Whether something must come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Settled,
    Again,
}

impl Ingest {
    #[must_use]
    pub fn new(table: Table, outbound: OutboundJobs, source: SourceQueue, clock: Arc<dyn Clock>) -> Self {
        Self { table, outbound, source, clock }
    }

    /// Works a batch and answers which deliveries go back.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        Ok(batch::work(&self.source, event, Ordering::None, |message| self.job(message)).await)
    }

    async fn job(&self, message: SqsMessage) -> JobEnd {
        let end = match intake::read(&message, self.clock.now()) {
            Ok(delivery) => self.delivery(&delivery).await,
            Err(err) => {
                let body = message.body.clone().unwrap_or_default().into_bytes();
                let reason = chain(&err).to_string();
                self.park("meta.job", &reason, body, None, self.clock.now()).await
            }
        };
        match end {
            End::Settled => JobEnd::Done,
            End::Again => {
                let count = batch::receive_count(&message);
                let dice = message.message_id.as_deref().unwrap_or_default().bytes().map(u64::from).sum();
                JobEnd::GiveBack { pause: Some(backoff(count, dice)) }
            }
        }
    }

    async fn delivery(&self, delivery: &MetaDelivery) -> End {
        let parsed = meta_webhooks::parse(VerifiedBody::from_intake_queue(&delivery.body), delivery.received_at);
        let items = match parsed {
            Ok(parsed) => parsed.items,
            Err(err) => {
                let reason = chain(&err).to_string();
                return self.park("meta.delivery", &reason, delivery.body.clone(), None, delivery.received_at).await;
            }
        };
        let lanes = lanes(items);
        let ends = stream::iter(lanes).map(|lane| self.lane(lane, delivery)).buffer_unordered(SIDE_BY_SIDE);
        ends.fold(End::Settled, |worst, end| async move { worst.max(end) }).await
    }

    /// Works items that must keep their order. A failed one does not stop those behind it: their order is that of the platform's moments.
    async fn lane(&self, items: Vec<Item>, delivery: &MetaDelivery) -> End {
        let mut worst = End::Settled;
        for item in items {
            worst = worst.max(match item {
                Item::Event(event) => self.event(&event, delivery).await,
                Item::Broken(element) => self.broken(element, delivery.received_at).await,
            });
        }
        worst
    }

    async fn event(&self, event: &InboundEvent, delivery: &MetaDelivery) -> End {
        let ingested = ingest(&self.table, &self.outbound, event, self.clock.now()).await;
        let conversation = conversation(event);
        match ingested {
            Ok(ingested) => {
                tracing::info!(
                    request.id = delivery.request_id,
                    conversation.id = conversation,
                    event.kind = event.kind_name(),
                    outcome = outcome(ingested),
                    "event taken"
                );
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
                    tracing::warn!(
                        error = %chain(&err),
                        request.id = delivery.request_id,
                        conversation.id = conversation,
                        event.kind = event.kind_name(),
                        "event not taken; its delivery is given back"
                    );
                    End::Again
                }
            },
        }
    }

    async fn broken(&self, element: BrokenElement, received_at: Timestamp) -> End {
        let reason = format!("{}: {}", element.kind, element.reason);
        self.park("meta.element", &reason, element.raw.into_bytes(), element.page, received_at).await
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

/// Splits a delivery into lanes that have nothing to do with one another: a lane for each conversation, in order.
fn lanes(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut lanes: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for item in items {
        let lane = match &item {
            Item::Event(event) => conversation(event),
            Item::Broken(_) => String::new(),
        };
        lanes.entry(lane).or_default().push(item);
    }
    lanes.into_values().collect()
}

fn conversation(event: &InboundEvent) -> String {
    match &event.party {
        Party::Person(user) => ConversationId::of(&event.page, user).to_string(),
        Party::Reference(_) | Party::Page => String::from("none"),
    }
}

const fn outcome(ingested: Ingested) -> &'static str {
    match ingested {
        Ingested::New => "new",
        Ingested::Duplicate => "duplicate",
        Ingested::Changed => "changed",
        Ingested::KeptForLater => "kept_for_later",
        Ingested::NothingNew => "nothing_new",
    }
}
