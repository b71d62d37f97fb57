//! The sweep's watch over a Page: is its token alive, are we subscribed to its events, and was something missed while we were not?
//!
//! ```text
//! each hour: token? ─ dead ─▶ operator
//!            subscribed? ─ no ─▶ operator, subscribe again, and read what was missed since the last good look
//! ```
//!
//! Meta unsubscribes an app from a Page when its webhooks fail for an hour, and keeps nothing for later.
//! Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::consent::Consents;
use crate::id::{ConversationId, PageId};
use crate::inbound::{CustomerMessage, Echo, EventKind, InboundEvent, Party};
use crate::ingest::{IngestError, Ingested, ingest};
use crate::notify::OrdersJobs;
use crate::operator::{OperatorEvent, Severity};
use crate::ports::{History, OutboundQueue, Outbox, PageApi, ProfileError, RecordedMessage, RecordedThread, StoreError, Watches};
use crate::retry::{Retry, Retryable};
use crate::template::Templates;
use crate::time::Timestamp;

/// Every field that we handle. `response_feedback` is not among them: it would put thumbs under each of our messages.
pub const FIELDS: [&str; 19] = [
    "messages",
    "messaging_postbacks",
    "messaging_optins",
    "messaging_optouts",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "messaging_account_linking",
    "messaging_feedback",
    "messaging_customer_information",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messenger_template_status_update",
    "business_integrity",
    "send_cart",
    "standby",
];

/// How often a Page is looked at, and how often while something is wrong with it.
const EACH: Duration = Duration::from_hours(1);
const WHILE_BAD: Duration = Duration::from_mins(15);

/// From when on a token that ends is told of.
const ENDS_SOON: Duration = Duration::from_hours(7 * 24);

/// How far before the last good look the reading of what was missed begins: deliveries may have failed before Meta unsubscribed us.
const MARGIN: Duration = Duration::from_hours(2);

/// How far back it goes when there never was a good look.
const FURTHEST_BACK: Duration = Duration::from_hours(24);

/// What the Page's side sent is taken from the record only when it is so old: a younger one may be a send of ours that is not settled yet.
const SETTLED_BY: Duration = Duration::from_mins(30);

/// How many calls of the Conversations API one run spends, on all Pages together: at a second each, a run has time for them.
const CALLS_A_RUN: usize = 10;

/// What is known of a Page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub page: PageId,
    pub next_look_at: Timestamp,
    /// When everything was in order last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good_at: Option<Timestamp>,
    /// What is wrong, in plain words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
    /// What the troubles are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ends_at: Option<Timestamp>,
    /// What is still to be read of the platform's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

/// What is wrong with a Page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Its token is dead.
    Token,
    /// Whether it sends us its events could not be seen or mended.
    Subscription,
}

/// A time of which events may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub since: Timestamp,
    /// Where the reading goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many messages the record had that we had not, and how many of them could not be stored.
    #[serde(default)]
    pub found: u32,
    #[serde(default)]
    pub refused: u32,
}

impl Gap {
    #[must_use]
    pub const fn since(since: Timestamp) -> Self {
        Self { since, cursor: None, found: 0, refused: 0 }
    }
}

impl Watch {
    /// Begins to watch a Page: it is looked at now.
    #[must_use]
    pub const fn begin(page: PageId, now: Timestamp) -> Self {
        Self {
            page,
            next_look_at: now,
            last_good_at: None,
            troubles: Vec::new(),
            trouble: None,
            token_ends_at: None,
            gap: None,
            revision: 0,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("what is known of the Pages could not be read or written")]
    Store(#[source] StoreError),
    #[error("a message of the platform's record could not be taken")]
    Ingest(#[source] IngestError),
}

impl Retryable for WatchError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Ingest(err) => err.retry(),
        }
    }
}

/// What a run found of the Pages, those included whose time had not come.
#[derive(Debug, Default)]
pub struct Watched {
    /// What an operator must hear.
    pub told: Vec<OperatorEvent>,
    pub tokens_dead: usize,
    /// Tokens that end soon.
    pub tokens_ending: usize,
    /// Pages that do not send us their events, or did not until now and are being caught up with.
    pub unsubscribed: usize,
}

impl Watched {
    /// Counts a Page; `was_unsubscribed` says that this run found it so.
    fn count(&mut self, watch: &Watch, was_unsubscribed: bool, now: Timestamp) {
        let is_dead = watch.trouble == Some(Trouble::Token);
        self.tokens_dead += usize::from(is_dead);
        self.tokens_ending += usize::from(!is_dead && watch.token_ends_at.is_some_and(|ends_at| ends_soon(ends_at, now)));
        self.unsubscribed += usize::from(was_unsubscribed || watch.gap.is_some() || watch.trouble == Some(Trouble::Subscription));
    }
}

/// Looks at the Pages whose time has come and reads on where something was missed. Two sweeps at once do
/// no harm: only one of them moves a Page's next look, and what is read twice is stored once.
pub async fn watch<S: Watches + History + Outbox + Consents + Templates>(
    store: &S,
    api: &impl PageApi,
    queue: &(impl OutboundQueue + OrdersJobs),
    pages: &[PageId],
    now: Timestamp,
) -> Result<Watched, WatchError> {
    let known = store.watches().await.map_err(WatchError::Store)?;
    let mut watched = Watched::default();
    let mut calls = CALLS_A_RUN;
    for page in pages {
        let found = known.iter().find(|watch| watch.page == *page).cloned();
        let mut watch = found.unwrap_or_else(|| Watch::begin(page.clone(), now));
        if watch.next_look_at <= now {
            watch.next_look_at = now.plus(EACH);
            if !save(store, &mut watch).await? {
                continue;
            }
            watched.told.extend(look(api, &mut watch, now).await);
            save(store, &mut watch).await?;
        }
        let was_unsubscribed = watch.gap.is_some();
        if was_unsubscribed {
            watched.told.extend(read_gap(store, api, queue, &mut watch, &mut calls, now).await?);
        }
        watched.count(&watch, was_unsubscribed, now);
    }
    Ok(watched)
}

/// Writes a watch, and tells whether nobody else did since it was read.
async fn save(store: &impl Watches, watch: &mut Watch) -> Result<bool, WatchError> {
    let written = store.put_watch(watch).await.map_err(WatchError::Store)?;
    if written {
        watch.revision += 1;
    }
    Ok(written)
}

/// Looks at token and subscription, and mends what it can.
async fn look(api: &impl PageApi, watch: &mut Watch, now: Timestamp) -> Vec<OperatorEvent> {
    let mut told = Vec::new();
    let last_good_at = watch.last_good_at;
    watch.troubles.clear();
    watch.trouble = None;
    look_at_token(api, watch, now, &mut told).await;
    if watch.troubles.is_empty() {
        look_at_subscription(api, watch, now, last_good_at, &mut told).await;
    }
    if watch.troubles.is_empty() {
        watch.last_good_at = Some(now);
    } else {
        watch.next_look_at = now.plus(WHILE_BAD);
    }
    told
}

async fn look_at_token(api: &impl PageApi, watch: &mut Watch, now: Timestamp, told: &mut Vec<OperatorEvent>) {
    let page = &watch.page;
    let trouble = match api.token(page).await {
        Ok(token) if token.valid => {
            watch.token_ends_at = token.ends_at;
            if let Some(ends_at) = token.ends_at.filter(|ends_at| ends_soon(*ends_at, now)) {
                let message = format!("The token of Page {page} ends at {ends_at}. Connect the Page again before that.");
                told.push(OperatorEvent::new("token_ends_soon", Severity::Warning, message));
            }
            return;
        }
        Ok(_) => String::from("Its token is dead. Connect the Page again and put the new token into META_PAGE_TOKENS."),
        Err(ProfileError::Refused { reason }) => reason,
        // It says nothing about the token.
        Err(ProfileError::Unavailable { .. } | ProfileError::AskedToWait { .. }) => return,
    };
    told.push(OperatorEvent::new("token_dead", Severity::Critical, format!("Page {page} cannot send. {trouble}")));
    watch.troubles.push(trouble);
    watch.trouble = Some(Trouble::Token);
}

fn ends_soon(ends_at: Timestamp, now: Timestamp) -> bool {
    ends_at < now.plus(ENDS_SOON)
}

async fn look_at_subscription(
    api: &impl PageApi,
    watch: &mut Watch,
    now: Timestamp,
    last_good_at: Option<Timestamp>,
    told: &mut Vec<OperatorEvent>,
) {
    let page = watch.page.clone();
    let subscribed = match api.subscribed_fields(&page).await {
        Ok(subscribed) => subscribed,
        Err(err) => {
            tell_unsubscribed(watch, told, format!("Whether Page {page} sends us its events could not be seen: {err}"));
            return;
        }
    };
    let missing: Vec<&str> = FIELDS.into_iter().filter(|field| !subscribed.iter().any(|known| known == field)).collect();
    if missing.is_empty() {
        return;
    }
    if let Err(err) = api.subscribe(&page, &FIELDS).await {
        tell_unsubscribed(watch, told, format!("Page {page} does not send us {} and could not be subscribed: {err}", missing.join(", ")));
        return;
    }
    if missing.contains(&"messages") {
        let since = last_good_at.map_or(now.minus(FURTHEST_BACK), |good| good.minus(MARGIN));
        // A gap that is being read already begins no later.
        let since = watch.gap.as_ref().map_or(since, |gap| gap.since.min(since));
        watch.gap = Some(Gap::since(since));
        let message = format!(
            "Page {page} had stopped sending us its events. It is subscribed again, and what customers wrote since {since} is read from \
             Meta's record. Look at why our answers to its webhooks failed."
        );
        told.push(OperatorEvent::new("page_unsubscribed", Severity::Critical, message));
    } else {
        let message = format!("Page {page} is subscribed to {} now.", missing.join(", "));
        told.push(OperatorEvent::new("page_fields_added", Severity::Notice, message));
    }
}

fn tell_unsubscribed(watch: &mut Watch, told: &mut Vec<OperatorEvent>, trouble: String) {
    told.push(OperatorEvent::new("subscription_unknown", Severity::Critical, trouble.clone()));
    watch.troubles.push(trouble);
    watch.trouble = Some(Trouble::Subscription);
}

/// Reads a piece of the platform's record and takes what we have not.
async fn read_gap<S: Watches + History + Outbox + Consents + Templates>(
    store: &S,
    api: &impl PageApi,
    queue: &(impl OutboundQueue + OrdersJobs),
    watch: &mut Watch,
    calls: &mut usize,
    now: Timestamp,
) -> Result<Option<OperatorEvent>, WatchError> {
    while *calls > 0 {
        *calls -= 1;
        let Some(mut gap) = watch.gap.clone() else { return Ok(None) };
        match read_on(store, api, queue, &watch.page, &mut gap, now).await? {
            ReadOn::GoesOn => watch.gap = Some(gap),
            ReadOn::NotAnswered(_) => break,
            ReadOn::Ended => {
                watch.gap = None;
                save(store, watch).await?;
                let message = format!(
                    "Meta's record of Page {} since {} is read: {} messages were missing and are stored now; {} could not be stored.",
                    watch.page, gap.since, gap.found, gap.refused
                );
                return Ok(Some(OperatorEvent::new("gap_read", Severity::Notice, message)));
            }
        }
    }
    save(store, watch).await?;
    Ok(None)
}

/// How one call's worth of reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOn {
    /// There is more; the gap's cursor says where.
    GoesOn,
    Ended,
    /// The platform did not give its record; nothing was read.
    NotAnswered(ProfileError),
}

/// Reads the platform's record of a gap by one call, takes what we have not, and moves the gap's cursor and counts. Threads come newest first,
/// so the first old one ends it. What is read twice is stored once.
pub async fn read_on<S: History + Outbox + Consents + Templates>(
    store: &S,
    api: &impl PageApi,
    queue: &(impl OutboundQueue + OrdersJobs),
    page: &PageId,
    gap: &mut Gap,
    now: Timestamp,
) -> Result<ReadOn, WatchError> {
    let list = match api.threads(page, gap.cursor.as_deref()).await {
        Ok(list) => list,
        Err(err) => return Ok(ReadOn::NotAnswered(err)),
    };
    let since = gap.since;
    for thread in list.threads.iter().filter(|thread| thread.updated_at >= since) {
        take_thread(store, queue, page, thread, gap, now).await?;
    }
    let reached = list.threads.iter().any(|thread| thread.updated_at < since);
    gap.cursor = list.next.filter(|_| !reached);
    Ok(if gap.cursor.is_some() { ReadOn::GoesOn } else { ReadOn::Ended })
}

/// Takes what a thread says of the gap, oldest first, and counts what was new.
async fn take_thread<S: History + Outbox + Consents + Templates>(
    store: &S,
    queue: &(impl OutboundQueue + OrdersJobs),
    page: &PageId,
    thread: &RecordedThread,
    gap: &mut Gap,
    now: Timestamp,
) -> Result<(), WatchError> {
    let open = store.open(&ConversationId::of(page, &thread.user)).await.map_err(WatchError::Store)?;
    // A message of ours whose outcome is open may be among what the Page sent; its settling must find it unclaimed.
    let ours_are_settled = open.is_none_or(|open| open.pending.is_empty());
    let since = gap.since;
    for message in thread.messages.iter().filter(|message| message.at >= since) {
        if message.from_page && !(ours_are_settled && now.since(message.at) > SETTLED_BY) {
            continue;
        }
        match ingest(store, queue, &event(page, thread, message), now).await {
            Ok(taken) => gap.found += u32::from(taken == Ingested::New),
            // It would be refused for ever, and keep the rest of the gap from being read.
            Err(err) if err.retry() == Retry::Never => gap.refused += 1,
            Err(err) => return Err(WatchError::Ingest(err)),
        }
    }
    Ok(())
}

fn event(page: &PageId, thread: &RecordedThread, message: &RecordedMessage) -> InboundEvent {
    let kind = if message.from_page {
        EventKind::Echo(Echo {
            platform_id: message.platform_id.clone(),
            app: None,
            metadata: None,
            text: message.text.clone(),
            attachments: message.attachments.clone(),
            reply_to: None,
        })
    } else {
        EventKind::Message(CustomerMessage {
            platform_id: message.platform_id.clone(),
            text: message.text.clone(),
            quick_reply: None,
            reply_to: None,
            attachments: message.attachments.clone(),
            referral: None,
        })
    };
    InboundEvent {
        page: page.clone(),
        party: Party::Person(thread.user.clone()),
        occurred_at: message.at,
        standby: false,
        kind,
        raw: message.raw.clone(),
    }
}
