//! A batch of outbound jobs: conversations side by side, each in its order.

use std::convert::Infallible;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::deliver::{Drained, Stop, drain};
use domain::id::{ConversationId, MessageId};
use domain::job::{OrdersJob, OutboundJob};
use domain::notice::NoticeId;
use domain::notify::OrdersJobs;
use domain::ports::{Clock, Parked};
use domain::profile;
use domain::retry::{Retry, Retryable, backoff};
use dynamodb_store::Table;
use graph_api::GraphApi;
use lambda_support::logging::chain;
use lambda_support::metrics;
use lambda_support::origin::{self, Origin, Request};
use lambda_support::parking::{self, Parking};
use sqs_jobs::batch::{self, JobEnd, Ordering, SourceQueue};
use sqs_jobs::orders::OrdersQueue;
use sqs_jobs::outbound;
use tracing::Instrument;

use crate::gate::Gate;
use crate::pace::Paced;

/// Everything that the function holds between batches.
#[derive(Debug)]
pub struct Deliver {
    table: Arc<Table>,
    graph: Gate<Paced<GraphApi>, Table>,
    source: SourceQueue,
    orders: OrdersQueue,
    clock: Arc<dyn Clock>,
}

impl Deliver {
    #[must_use]
    pub fn new(table: Table, graph: GraphApi, source: SourceQueue, orders: OrdersQueue, clock: Arc<dyn Clock>) -> Self {
        let table = Arc::new(table);
        let graph = Gate::new(Paced::new(graph), Arc::clone(&table), Arc::clone(&clock));
        Self { table, graph, source, orders, clock }
    }

    /// Works a batch and answers which jobs go back.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        Ok(batch::work(&self.source, event, Ordering::ByGroup, |message| self.job(message)).await)
    }

    async fn job(&self, message: SqsMessage) -> JobEnd {
        match outbound::read_with_request(message.body.as_deref().unwrap_or_default()) {
            Ok((job, request)) => {
                let span = span(&job, request.as_deref());
                let origin = Origin { trace: origin::trace(), request: request.map_or(Request::Unknown, Request::Of) };
                origin.of(self.work(&message, &job)).instrument(span).await
            }
            Err(err) => {
                let reason = chain(&err).to_string();
                let span = tracing::error_span!("job", job.id = message.message_id);
                self.park(&message, &reason).instrument(span).await
            }
        }
    }

    async fn work(&self, message: &SqsMessage, job: &OutboundJob) -> JobEnd {
        match job {
            OutboundJob::Deliver { conversation, message: last } => self.send(message, conversation, Some(last)).await,
            OutboundJob::Wake { conversation } => self.send(message, conversation, None).await,
            OutboundJob::LookUpName { conversation } => self.look_up_name(message, conversation).await,
        }
    }

    async fn send(&self, message: &SqsMessage, conversation: &ConversationId, last: Option<&MessageId>) -> JobEnd {
        match drain(&*self.table, &self.graph, &*self.clock, conversation, last).await {
            Ok(drained) => {
                report(&drained);
                self.tell(drained.ended_notices).await;
                JobEnd::Done
            }
            Err(err) => {
                let reason = chain(&err).to_string();
                tracing::warn!(error = reason, "job not done");
                match err.retry() {
                    Retry::Never => self.park(message, &reason).await,
                    retry @ (Retry::Backoff | Retry::After(_)) => given_back(message, retry),
                }
            }
        }
    }

    /// Has it decided how ended notices go on. What is not told is found by the sweep.
    async fn tell(&self, notices: Vec<NoticeId>) {
        for notice in notices {
            let job = OrdersJob::Decide { notice: notice.clone() };
            if let Err(err) = self.orders.put(&job).await {
                tracing::warn!(error = %chain(&err), notice.id = %notice, "the notice's end was not told");
            }
        }
    }

    async fn look_up_name(&self, message: &SqsMessage, conversation: &ConversationId) -> JobEnd {
        match profile::look_up(&*self.table, self.graph.inner().inner(), conversation, self.clock.now()).await {
            Ok(outcome) => {
                tracing::info!(?outcome, "name looked up");
                JobEnd::Done
            }
            Err(err) => {
                tracing::warn!(error = %chain(&err), "name not looked up");
                match err.retry() {
                    // The customer's next message asks again.
                    Retry::Never => JobEnd::Done,
                    retry @ (Retry::Backoff | Retry::After(_)) => given_back(message, retry),
                }
            }
        }
    }

    /// Sets aside a job that can never succeed. When even that fails, it stays in the queue.
    async fn park(&self, message: &SqsMessage, reason: &str) -> JobEnd {
        let body = message.body.clone().unwrap_or_default().into_bytes();
        let parked = Parked { kind: "outbound.job".into(), reason: reason.into(), body, page: None, received_at: self.clock.now() };
        match parking::park(&*self.table, &parked).await {
            Parking::Parked => JobEnd::Done,
            Parking::Refused => given_back(message, Retry::Backoff),
        }
    }
}

fn given_back(message: &SqsMessage, retry: Retry) -> JobEnd {
    let dice = message.message_id.as_deref().unwrap_or_default().bytes().map(u64::from).sum();
    let pause = match retry {
        Retry::After(pause) => pause,
        Retry::Never | Retry::Backoff => backoff(batch::receive_count(message), dice),
    };
    JobEnd::GiveBack { pause: Some(pause) }
}

/// What the lines about a job carry. At the level of errors, so that no filter takes the ids off a line.
fn span(job: &OutboundJob, request: Option<&str>) -> tracing::Span {
    let last = match job {
        OutboundJob::Deliver { message, .. } => Some(message.as_str()),
        OutboundJob::Wake { .. } | OutboundJob::LookUpName { .. } => None,
    };
    tracing::error_span!("job", request.id = request, conversation.id = %job.conversation(), message.id = last)
}

/// Tells and counts what became of the messages.
fn report(drained: &Drained) {
    metrics::count(metrics::MESSAGES_SENT, drained.sent.len());
    metrics::count(metrics::MESSAGES_FAILED, drained.failed.len());
    metrics::count(metrics::MESSAGES_UNCONFIRMED, drained.left_to_a_person.len());
    for (message, took) in drained.sent.iter().zip(&drained.took) {
        metrics::measure(metrics::TIME_TO_SEND, *took);
        tracing::info!(message.id = %message, "message sent");
    }
    for message in &drained.failed {
        tracing::warn!(message.id = %message, "message failed; its row says why");
    }
    for message in &drained.left_to_a_person {
        tracing::warn!(message.id = %message, "nobody can tell whether the message left; a person decides");
    }
    if let Some((message, stop)) = &drained.stopped {
        metrics::count(metrics::MESSAGES_WAITING, usize::from(matches!(stop, Stop::Waiting(_))));
        tracing::warn!(message.id = %message, ?stop, "message stays pending; its row says why");
    }
}
