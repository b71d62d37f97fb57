//! One subject, once: started, given its first event, warmed, measured, stopped.

use domain::ports::Clock;
use lambda_support::clock::SystemClock;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::config::Config;
use crate::endpoints::{Calls, Endpoints};
use crate::events::{CUSTOMERS, Events, SECRET};
use crate::process::{Process, Spent};
use crate::seed::{self, SENDS};
use crate::subject::{Peer, Subject, Work};
use crate::tables::Tables;
use crate::tls;

/// What stands around every subject.
pub(crate) struct Stage {
    endpoints: Endpoints,
    tables: Tables,
    events: Events,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn build() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let tables = Tables::serve().await?;
        let tls = tls::server(&folder.path().join("bundle.pem"), &folder.path().join("native.pem"))?;
        let endpoints = Endpoints::open(tls, tables.address())?;
        Ok(Self { endpoints, tables, events: Events::since(SystemClock.now().as_millis()), folder })
    }
}

/// Events of one size after the first: what each took, and the calls of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Warm {
    pub(crate) each: Spent,
    pub(crate) events: u32,
    pub(crate) calls: Calls,
}

/// What a round found out about a subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    pub(crate) start: Spent,
    pub(crate) first: Spent,
    /// One message an event.
    pub(crate) small: Warm,
    /// Fifty messages an event, or ten conversations.
    pub(crate) large: Warm,
    pub(crate) peak_memory_kib: u64,
}

/// How many events of each size are measured, and how many come before them.
struct Counts {
    small: u32,
    large: u32,
}

const WARM_UP: u32 = 10;

const fn counts(work: Work) -> Counts {
    match work {
        Work::Webhook => Counts { small: 300, large: 60 },
        Work::Ingest => Counts { small: 60, large: 10 },
        Work::Deliver => Counts { small: 3, large: 6 },
    }
}

pub(crate) fn run(stage: &Stage, runtime: &Runtime, config: &Config, subject: Subject, number: usize) -> Outcome<Round> {
    let table_name = format!("{}-{}-{number}", subject.work.name(), subject.peer.name());
    let table = stage.tables.make(&table_name)?;
    if subject.peer == Peer::Shopbell {
        runtime.block_on(async {
            match subject.work {
                Work::Webhook => Ok(()),
                Work::Ingest => seed::customers(&table).await,
                Work::Deliver => seed::sending_conversations(&table).await,
            }
        })?;
    }
    let event = |large: bool| match subject.work {
        Work::Webhook => stage.events.webhook(if large { CUSTOMERS } else { 1 }),
        Work::Ingest => Ok(stage.events.inbound(if large { CUSTOMERS } else { 1 })),
        Work::Deliver => stage.events.outbound(runtime.block_on(seed::replies(&table, if large { SENDS } else { 1 }))?),
    };
    let events = |large: bool, count: u32| (0..count).map(|_| event(large)).collect::<Outcome<Vec<_>>>();
    let check = |answer: &[u8]| is_success(subject.work, answer);

    let (process, start) = Process::start(&subject.program(config), &variables(stage, subject.work, &table_name))?;
    let first = process.work(events(false, 1)?, check)?;
    let counts = counts(subject.work);
    let measure = |large: bool, count: u32| -> Outcome<Warm> {
        // Replies of one conversation leave one after another, so those of the warm-up are made first.
        process.work(events(large, WARM_UP.min(count))?, check)?;
        let events = events(large, count)?;
        stage.endpoints.take_calls();
        let each = process.work(events, check)?.each(count);
        Ok(Warm { each, events: count, calls: stage.endpoints.take_calls() })
    };
    let small = measure(false, counts.small)?;
    let large = measure(true, counts.large)?;
    Ok(Round { start, first, small, large, peak_memory_kib: process.peak_memory()? })
}

fn is_success(work: Work, answer: &[u8]) -> bool {
    let answer: Json = serde_json::from_slice(answer).unwrap_or_default();
    match work {
        Work::Webhook => answer.get("statusCode").is_some_and(|status| *status == 200),
        Work::Ingest | Work::Deliver => answer.get("batchItemFailures").and_then(Json::as_array).is_some_and(Vec::is_empty),
    }
}

/// What Lambda and the template set, and where the endpoints are.
fn variables(stage: &Stage, work: Work, table_name: &str) -> Vec<(String, String)> {
    let file = |name: &str| stage.folder.path().join(name).display().to_string();
    let queue = |name: &str| format!("{}/123456789012/{name}", stage.endpoints.aws_url);
    let tokens: Vec<String> = (0..SENDS).map(|number| format!("{}=EAAGm0PX4ZCpsBAKZBtestToken", seed::sending_page(number))).collect();
    let variables = [
        ("_HANDLER", work.name().to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
        ("AWS_ENDPOINT_URL", stage.endpoints.aws_url.clone()),
        ("AWS_CA_BUNDLE", file("bundle.pem")),
        ("SSL_CERT_FILE", file("native.pem")),
        ("RUST_LOG", "info".to_owned()),
        ("TABLE_NAME", table_name.to_owned()),
        ("INBOUND_QUEUE_URL", queue("inbound")),
        ("ORDERS_QUEUE_URL", queue("orders")),
        ("OUTBOUND_QUEUE_URL", queue("outbound.fifo")),
        ("EVENTS_QUEUE_URL", queue("events")),
        ("GRAPH_API_URL", stage.endpoints.graph_url.clone()),
        ("META_APP_SECRETS", SECRET.to_owned()),
        ("META_VERIFY_TOKEN", "a-verify-token".to_owned()),
        ("META_PAGE_TOKENS", tokens.join(",")),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
