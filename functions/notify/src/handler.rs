//! A batch of jobs about orders and notices, each for itself.

use std::convert::Infallible;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::id::PageId;
use domain::job::{Act, OrdersJob};
use domain::notice::NoticeId;
use domain::notify::{self, DecideError, Decided, Taken, World};
use domain::pages::{SolePageError, sole_page};
use domain::ports::{Clock, Parked};
use domain::retry::{Retry, Retryable, backoff};
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEvent};
use domain::time::Timestamp;
use dynamodb_store::Table;
use lambda_support::clock::random;
use lambda_support::logging::chain;
use lambda_support::metrics;
use lambda_support::origin::{self, Origin, Request};
use lambda_support::parking::{self, Parking};
use mail::Mail;
use sqs_jobs::batch::{self, JobEnd, Ordering, SourceQueue};
use sqs_jobs::events::EventsQueue;
use sqs_jobs::outbound::OutboundJobs;
use sqs_jobs::{orders, shop};
use tracing::Instrument;

/// Everything that the function holds between batches.
#[derive(Debug)]
pub struct Notify {
    pub(crate) table: Table,
    pub(crate) outbound: OutboundJobs,
    pub(crate) events: EventsQueue,
    pub(crate) mail: Mail,
    pub(crate) link_secrets: Vec<Secret>,
    pub(crate) source: SourceQueue,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a job of the queue is.
enum Work {
    Delivery(Box<ShopDelivery>),
    Job(OrdersJob),
}

impl Notify {
    /// Works a batch and answers which jobs go back.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        Ok(batch::work(&self.source, event, Ordering::None, |message| Box::pin(self.job(message))).await)
    }

    async fn job(&self, message: SqsMessage) -> JobEnd {
        match read(&message, self.clock.now()) {
            Ok(Work::Delivery(delivery)) => {
                let span = tracing::error_span!(
                    "delivery",
                    request.id = delivery.request_id,
                    shop.source = delivery.source.as_str(),
                    shop.topic = delivery.topic,
                    shop.delivery = delivery.delivery_id,
                );
                let origin = Origin { trace: origin::trace(), request: Request::of(&delivery.request_id) };
                origin.of(self.delivery(&message, &delivery)).instrument(span).await
            }
            Ok(Work::Job(job)) => {
                let span = tracing::error_span!("job", job.kind = job.as_str(), job.id = message.message_id);
                self.work(&message, job).instrument(span).await
            }
            Err(reason) => self.park(&message, &reason, None).await,
        }
    }

    /// Takes every event of a delivery. What was taken before is no news when the delivery comes again.
    async fn delivery(&self, message: &SqsMessage, delivery: &ShopDelivery) -> JobEnd {
        let parsed = match commerce_webhooks::parse(delivery) {
            Ok(parsed) => parsed,
            Err(err) => {
                let reason = chain(&err).to_string();
                return self.park(message, &reason, delivery.page.clone()).await;
            }
        };
        if let Some(topic) = &parsed.ignored {
            metrics::count(metrics::SHOP_EVENTS_IGNORED, 1);
            tracing::info!(shop.topic = topic, "the delivery is of a topic that makes no notices");
        }
        let mut end = JobEnd::Done;
        for event in &parsed.events {
            // Each for itself: one that cannot be taken now holds none of the others up.
            let taken = self.event(message, event).await;
            end = if end == JobEnd::Done { taken } else { end };
        }
        end
    }

    async fn event(&self, message: &SqsMessage, event: &ShopEvent) -> JobEnd {
        let page = match self.page_of(event).await {
            Ok(page) => page,
            Err(err) => return self.no_page(message, &err).await,
        };
        match notify::take(&self.table, &page, event, self.clock.now()).await {
            Ok(Taken::Order { order, is_news, undecided, receipt_lacks }) => {
                metrics::count(metrics::SHOP_EVENTS_TAKEN, 1);
                let receipt_lacks = Some(receipt_lacks.join(" and ")).filter(|lacks| !lacks.is_empty());
                tracing::info!(order.id = %order, event.kind = event.kind.as_str(), is_news, receipt.lacks = receipt_lacks, "event taken");
                let mut end = JobEnd::Done;
                for notice in undecided {
                    // Each for itself: one that cannot leave now holds none of the others up.
                    let decided = self.decide(message, &notice).await;
                    end = if end == JobEnd::Done { decided } else { end };
                }
                end
            }
            Ok(Taken::Kept) => {
                tracing::info!(event.kind = event.kind.as_str(), "nobody has named the event's order yet; it is kept");
                JobEnd::Done
            }
            Err(err) => {
                let reason = chain(&err).to_string();
                self.failed(message, &reason, err.retry(), Some(page)).await
            }
        }
    }

    /// Returns whose customers an event is about.
    async fn page_of(&self, event: &ShopEvent) -> Result<PageId, SolePageError> {
        match &event.page {
            Some(page) => Ok(page.clone()),
            None => sole_page(&self.table).await,
        }
    }

    /// Nobody can tell whose customers it is about. Where there is no Page yet, one may be connected in a moment.
    async fn no_page(&self, message: &SqsMessage, err: &SolePageError) -> JobEnd {
        let reason = format!("Its Page {err}. Put '?page=<id>' behind the address of the webhook.");
        match err {
            SolePageError::None | SolePageError::Store(_) => {
                tracing::warn!(error = reason, "event not taken; its delivery is given back");
                given_back(message, Retry::Backoff)
            }
            SolePageError::Several { .. } => self.park(message, &reason, None).await,
        }
    }

    async fn work(&self, message: &SqsMessage, job: OrdersJob) -> JobEnd {
        match job {
            OrdersJob::Decide { notice } => self.decide(message, &notice).await,
            OrdersJob::CustomerActed(act) => self.customer_acted(message, &act).await,
            OrdersJob::Marks { conversation } => {
                let marked = notify::marks(&self.world(), &conversation).await;
                self.ended(message, marked.map(drop)).await
            }
        }
    }

    async fn decide(&self, message: &SqsMessage, id: &NoticeId) -> JobEnd {
        let decided = notify::decide(&self.world(), id).await;
        if let Ok(Decided::Notice(notice)) = &decided {
            metrics::count(metrics::NOTICES_DECIDED, 1);
            tracing::info!(notice.id = %id, notice.kind = notice.kind.as_str(), way = ?notice.way(), "notice decided about");
        }
        self.ended(message, decided.map(drop)).await
    }

    async fn customer_acted(&self, message: &SqsMessage, act: &Act) -> JobEnd {
        let followed = notify::customer_acted(&self.world(), &self.link_secrets, act).await;
        if let Ok(followed) = &followed {
            if let Some(refused) = &followed.link_refused {
                metrics::count(metrics::LINKS_REFUSED, 1);
                tracing::warn!(error = %refused, conversation.id = %act.conversation, "a link ties nothing");
            }
            tracing::info!(conversation.id = %act.conversation, decided = followed.decided.len(), "notices follow what the customer did");
        }
        self.ended(message, followed.map(drop)).await
    }

    fn world(&self) -> World<'_, Table, OutboundJobs, Mail, EventsQueue> {
        World { store: &self.table, queue: &self.outbound, mail: &self.mail, events: &self.events, clock: &*self.clock, random: random() }
    }

    async fn ended(&self, message: &SqsMessage, ended: Result<(), DecideError>) -> JobEnd {
        match ended {
            Ok(()) => JobEnd::Done,
            Err(err @ DecideError::Mail(_)) => {
                metrics::count(metrics::EMAILS_NOT_TAKEN, 1);
                tracing::warn!(error = %chain(&err), "the e-mail did not leave; the sweep tries it again in five minutes");
                JobEnd::Done
            }
            Err(err) => {
                let reason = chain(&err).to_string();
                self.failed(message, &reason, err.retry(), None).await
            }
        }
    }

    async fn failed(&self, message: &SqsMessage, reason: &str, retry: Retry, page: Option<PageId>) -> JobEnd {
        match retry {
            Retry::Never => self.park(message, reason, page).await,
            retry @ (Retry::Backoff | Retry::After(_)) => {
                tracing::warn!(error = reason, "job not done; it is given back");
                given_back(message, retry)
            }
        }
    }

    /// Sets aside a job that can never succeed, so that it can be put back. When even that fails, it stays in the queue.
    async fn park(&self, message: &SqsMessage, reason: &str, page: Option<PageId>) -> JobEnd {
        let now = self.clock.now();
        let (kind, body) = match read(message, now) {
            Ok(Work::Delivery(delivery)) => ("shop.delivery", shop::to_parked(&delivery)),
            Ok(Work::Job(job)) => ("orders.job", orders::to_parked(&job)),
            Err(_) => ("orders.job", message.body.clone().unwrap_or_default().into_bytes()),
        };
        let parked = Parked { kind: kind.into(), reason: reason.into(), body, page, received_at: now };
        match parking::park(&self.table, &parked).await {
            Parking::Parked => JobEnd::Done,
            Parking::Refused => given_back(message, Retry::Backoff),
        }
    }
}

fn read(message: &SqsMessage, now: Timestamp) -> Result<Work, String> {
    if let Some(job) = orders::read(message).map_err(|err| chain(&err).to_string())? {
        return Ok(Work::Job(job));
    }
    shop::read(message, now).map(|delivery| Work::Delivery(Box::new(delivery))).map_err(|err| chain(&err).to_string())
}

fn given_back(message: &SqsMessage, retry: Retry) -> JobEnd {
    let dice = message.message_id.as_deref().unwrap_or_default().bytes().map(u64::from).sum();
    let pause = match retry {
        Retry::After(pause) => pause,
        Retry::Never | Retry::Backoff => backoff(batch::receive_count(message), dice),
    };
    JobEnd::GiveBack { pause: Some(pause) }
}
