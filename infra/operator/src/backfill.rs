//! `backfill`: reads what was written on a Page since a moment from Meta's record, and stores it as the sweep does after an outage.
//!
//! Meta gives the twenty newest messages of a thread; what is older in a busy thread stays missing.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::id::PageId;
use domain::secret::Secret;
use domain::time::Timestamp;
use domain::watch::{Gap, ReadOn, read_on};
use graph_api::{GraphApi, Settings, Timeouts};
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use lambda_support::secrets;
use sqs_jobs::outbound::OutboundJobs;

use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::{Desk, config, pause};

const APP_SECRETS: &str = "META_APP_SECRETS";
const PAGE_TOKENS: &str = "META_PAGE_TOKENS";

/// The pause before each call: Meta takes two calls a second of a Page, and `deliver` may need one of them.
const PACE: Duration = Duration::from_millis(1_100);

pub(crate) async fn backfill(desk: &mut Desk<'_>, page: &PageId, since: Timestamp, after: Option<String>) -> Result<(), Failure> {
    let aws = Aws::from_environment(desk.environment)?;
    let graph = graph(desk.environment, &aws, page).await?;
    let table = config::table(desk.environment, &aws)?;
    let outbound = OutboundJobs::new(aws.sqs(), config::outbound_queue(desk.environment)?);
    desk.plan(&format!("read Meta's record of Page {page} since {since}, and store what is missing; what is there stays as it is"));
    desk.confirm("Do it?")?;

    let mut gap = Gap { cursor: after, ..Gap::since(since) };
    loop {
        let here = gap.cursor.clone();
        let read = read_on(&table, &graph, &outbound, page, &mut gap, desk.clock.now()).await;
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

/// The client of a Page, with its secrets from the Parameter Store, or from the environment of a stack that has them there.
async fn graph(environment: &Environment, aws: &Aws, page: &PageId) -> Result<GraphApi, Failure> {
    let missing = || Failure::Nothing(format!("there is no token for Page {page}; connect it first: make connect PAGE={page}"));
    let (app_secret, token) = if let Some(path) = config::secrets_path(environment) {
        let standing = Parameters::new(aws.ssm(), path).all().await?;
        (standing.get(APP_SECRETS).and_then(newest), standing.get(&format!("{PAGE_TOKENS}/{page}")).cloned())
    } else {
        let app_secrets = secrets::list(environment, APP_SECRETS, "the app secret that proves our calls")?;
        (app_secrets.into_iter().next(), config::page_token(environment, page))
    };
    let page_tokens = BTreeMap::from([(page.clone(), token.ok_or_else(missing)?)]);
    let settings = Settings { base_url: config::graph_url(environment), app_secret, page_tokens, timeouts: Timeouts::default() };
    GraphApi::new(settings).map_err(|err| Failure::Setup(err.into()))
}

/// The newest of the app secrets comes first.
fn newest(list: &Secret) -> Option<Secret> {
    list.expose().split(',').next().and_then(|first| Secret::new(first).ok())
}
