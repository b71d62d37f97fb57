//! A batch of jobs, side by side: each announcement to its deliveries, each delivery to one post.

use std::convert::Infallible;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::announce::{AnnounceError, Announcement, AnnouncementId, Delivered, EndpointId, EventJob, deliver, fan_out};
use domain::ports::{Clock, Parked};
use domain::retry::{Retry, Retryable, backoff};
use dynamodb_store::Table;
use futures::FutureExt;
use lambda_support::logging::{self, chain};
use lambda_support::metrics;
use lambda_support::parking::{self, Parking};
use outgoing_webhooks::WebhookClient;
use sqs_jobs::batch::{self, JobEnd, Ordering, SourceQueue};
use sqs_jobs::events::{self, EventsQueue};
use tracing::Instrument;

/// Everything that the function holds between batches.
#[derive(Debug)]
pub struct Announce {
    table: Table,
    queue: EventsQueue,
    source: SourceQueue,
    client: WebhookClient,
    clock: Arc<dyn Clock>,
}

impl Announce {
    #[must_use]
    pub fn new(table: Table, queue: EventsQueue, source: SourceQueue, client: WebhookClient, clock: Arc<dyn Clock>) -> Self {
        Self { table, queue, source, client, clock }
    }

    /// Works a batch and answers which jobs go back.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        // Boxed: so many calls within one another are a type too deep for the compiler.
        Ok(batch::work(&self.source, event, Ordering::None, |message| self.job(message).boxed()).await)
    }

    async fn job(&self, message: SqsMessage) -> JobEnd {
        match events::read(message.body.as_deref().unwrap_or_default()) {
            Ok(EventJob::Announce { announcement }) => {
                let span = tracing::error_span!("announcement", announcement.id = %announcement.id, announcement.kind = announcement.kind.as_str());
                self.announce(&message, &announcement).instrument(span).await
            }
            Ok(EventJob::Deliver { endpoint, announcement }) => {
                let span = tracing::error_span!("delivery", announcement.id = %announcement, endpoint.id = %endpoint);
                self.deliver(&message, &endpoint, &announcement).instrument(span).await
            }
            Err(err) => {
                let span = tracing::error_span!("job", job.id = message.message_id);
                let reason = chain(&err).to_string();
                self.park(&message, &reason).instrument(span).await
            }
        }
    }

    async fn announce(&self, message: &SqsMessage, announcement: &Announcement) -> JobEnd {
        match fan_out(&self.table, &self.queue, announcement, self.clock.now()).await {
            Ok(deliveries) => {
                tracing::info!(deliveries, "announced");
                JobEnd::Done
            }
            Err(err) => self.not_done(message, &err).await,
        }
    }

    async fn deliver(&self, message: &SqsMessage, endpoint: &EndpointId, announcement: &AnnouncementId) -> JobEnd {
        let dice = dice(announcement.as_str()) ^ dice(endpoint.as_str());
        match deliver(&self.table, &self.client, &*self.clock, endpoint, announcement, dice).await {
            Ok(Delivered::Done) => JobEnd::Done,
            Ok(Delivered::GotThrough) => {
                metrics::count(metrics::ANNOUNCEMENTS_DELIVERED, 1);
                tracing::info!("delivered");
                JobEnd::Done
            }
            Ok(Delivered::GivenUp { told }) => {
                metrics::count(metrics::ANNOUNCEMENTS_FAILED, 1);
                tracing::warn!("not delivered, and given up; its row says why");
                if let Some(event) = told {
                    logging::operator(&event);
                }
                JobEnd::Done
            }
            Ok(Delivered::Again { pause }) => {
                tracing::info!(pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), "not delivered yet");
                JobEnd::GiveBack { pause: Some(pause) }
            }
            Err(err) => self.not_done(message, &err).await,
        }
    }

    async fn not_done(&self, message: &SqsMessage, error: &AnnounceError) -> JobEnd {
        let reason = chain(error).to_string();
        tracing::warn!(error = reason, "job not done");
        match error.retry() {
            Retry::Never => self.park(message, &reason).await,
            retry @ (Retry::Backoff | Retry::After(_)) => given_back(message, retry),
        }
    }

    /// Sets aside a job that can never succeed. When even that fails, it stays in the queue.
    async fn park(&self, message: &SqsMessage, reason: &str) -> JobEnd {
        let body = message.body.clone().unwrap_or_default().into_bytes();
        let parked = Parked { kind: "events.job".into(), reason: reason.into(), body, page: None, received_at: self.clock.now() };
        match parking::park(&self.table, &parked).await {
            Parking::Parked => JobEnd::Done,
            Parking::Refused => given_back(message, Retry::Backoff),
        }
    }
}

fn given_back(message: &SqsMessage, retry: Retry) -> JobEnd {
    let pause = match retry {
        Retry::After(pause) => pause,
        Retry::Never | Retry::Backoff => backoff(batch::receive_count(message), dice(message.message_id.as_deref().unwrap_or_default())),
    };
    JobEnd::GiveBack { pause: Some(pause) }
}

/// A number that differs between ids: FNV-1a over their text.
fn dice(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
