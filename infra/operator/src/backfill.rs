//! `backfill`: reads what was written on a Page since a moment from Meta's record, and stores it as the sweep does after an outage.
//!
//! Meta gives the twenty newest messages of a thread; what is older in a busy thread stays missing.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::id::PageId;
use domain::time::Timestamp;
use domain::watch::{Gap, ReadOn, read_on};
use graph_api::{GraphApi, Settings, Timeouts};
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use sqs_jobs::orders::OrdersQueue;
use sqs_jobs::outbound::OutboundJobs;
use sqs_jobs::queues::Queues;

use crate::failure::Failure;
use crate::{Desk, config, page_secrets, pause};

/// The pause before each call: Meta takes two calls a second of a Page, and `deliver` may need one of them.
const PACE: Duration = Duration::from_millis(1_100);

pub(crate) async fn backfill(desk: &mut Desk<'_>, page: &PageId, since: Timestamp, after: Option<String>) -> Result<(), Failure> {
    let aws = Aws::from_environment(desk.environment)?;
    let graph = graph(desk.environment, &aws, page).await?;
    let table = config::table(desk.environment, &aws)?;
    let queues = Queues {
        outbound: OutboundJobs::new(aws.sqs(), config::outbound_queue(desk.environment)?),
        orders: OrdersQueue::new(aws.sqs(), config::orders_queue(desk.environment)?),
    };
    desk.plan(&format!("read Meta's record of Page {page} since {since}, and store what is missing; what is there stays as it is"));
    desk.confirm("Do it?")?;

    let mut gap = Gap { cursor: after, ..Gap::since(since) };
    loop {
        let here = gap.cursor.clone();
        let read = read_on(&table, &graph, &queues, page, &mut gap, desk.clock.now()).await;
        match read.map_err(|source| Failure::Reading { after: here.clone(), source })? {
            ReadOn::NotAnswered(source) => return Err(Failure::Record { after: here, source }),
            ReadOn::Ended => break,
            ReadOn::GoesOn => {
                let next = gap.cursor.as_deref().unwrap_or_default();
                desk.terminal.say(&format!("  {} stored so far, {} refused; goes on with --after {next}", gap.found, gap.refused));
                pause(PACE).await;
            }
        }
    }
    desk.done("backfill", &format!("{} messages were missing and are stored now; {} could not be stored", gap.found, gap.refused));
    Ok(())
}

/// The client of a Page, with its secrets.
async fn graph(environment: &Environment, aws: &Aws, page: &PageId) -> Result<GraphApi, Failure> {
    let secrets = page_secrets::read(environment, aws, page).await?;
    let page_tokens = BTreeMap::from([(page.clone(), secrets.token)]);
    let app_secret = secrets.app_secret;
    let settings = Settings { base_url: config::graph_url(environment), app_secret, page_tokens, timeouts: Timeouts::default() };
    GraphApi::new(settings).map_err(|err| Failure::Setup(err.into()))
}
