//! The simulator: its parts, how they open, and what tests may ask them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Transaction;
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::faults::Faults;
use crate::graph;
use crate::graph::limits::Limits;
use crate::page;
use crate::random::Random;
use crate::settings::{PageSettings, Settings};
use crate::store::customers::Customer;
use crate::store::graph_objects::{self, Subscription};
use crate::store::messages::{self, ThreadMessage};
use crate::store::{Store, StoreError, counters, customers, outbox};
use crate::webhooks::dispatch;
use crate::webhooks::events::{Event, What};

/// How many messages of a thread are shown and handed out.
const THREAD_LENGTH: u32 = 500;

/// The people who stand ready at the first start.
const SAMPLE_CUSTOMERS: [&str; 3] = ["Mia Keller", "Jonas Weber", "Aylin Demir"];

/// Where the faults are kept.
const FAULTS: &str = "faults";

/// Every field that the simulator has events for.
pub(crate) const ALL_FIELDS: &str = "messages,messaging_postbacks,messaging_optins,messaging_optouts,messaging_referrals,messaging_handovers,\
                                     messaging_policy_enforcement,messaging_account_linking,messaging_feedback,\
                                     messaging_customer_information,message_deliveries,message_reads,message_echoes,message_edits,\
                                     message_reactions,messenger_template_status_update,business_integrity,send_cart,standby";

/// Why a simulator did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("settings name no Page")]
    NoPage,
    #[error("setting {0} is blank")]
    Blank(&'static str),
    #[error("store")]
    Store(#[from] StoreError),
    #[error("HTTP client")]
    Client(#[from] reqwest::Error),
    #[error("TLS")]
    Tls(#[from] rustls::Error),
}

/// What happened since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    pub sends_accepted: u64,
    pub sends_refused: u64,
    /// Sends refused because the Page sent more than 40 in a second.
    pub sends_too_fast: u64,
    pub webhooks_delivered: u64,
    /// Tries that were not answered with 200 in time.
    pub webhooks_failed: u64,
    /// Webhooks dropped because the Page's subscription was disabled.
    pub webhooks_lost: u64,
    /// Why the last try failed.
    pub last_webhook_error: Option<String>,
    pub last_refused: Option<Refused>,
}

/// A send that was refused, and why, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: i64,
    pub subcode: Option<i64>,
    pub because: String,
}

/// Messenger, for one app and its Pages. Clones share everything.
#[derive(Clone)]
pub struct Simulator(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) client: reqwest::Client,
    faults: Mutex<Faults>,
    limits: Mutex<Limits>,
    random: Mutex<Random>,
    counters: Mutex<Counters>,
    webhook_url: Mutex<String>,
    /// What the app as a whole hears of; a Page's own subscription decides what is sent.
    app_fields: Mutex<Vec<String>>,
    /// Wakes the delivery of webhooks.
    pub(crate) wake: Notify,
    /// Counts every change that a reader of the page could see.
    version: watch::Sender<u64>,
}

impl Simulator {
    /// Opens the simulator's memory and prepares its parts; nothing runs before [`Simulator::run`].
    ///
    /// # Errors
    /// When a setting is blank, or the database or the HTTP client do not open.
    pub fn open(settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        if settings.pages.is_empty() {
            return Err(OpenError::NoPage);
        }
        if let Some(name) = settings.blank() {
            return Err(OpenError::Blank(name));
        }
        let store = Store::open(settings.data.as_deref())?;
        let faults = store.run(|tx| prepare(tx, &settings, clock.now_ms()))?;
        Ok(Self(Arc::new(Parts {
            client: crate::webhooks::post::client()?,
            faults: Mutex::new(faults),
            limits: Mutex::default(),
            random: Mutex::new(Random::new(settings.seed)),
            counters: Mutex::default(),
            webhook_url: Mutex::new(settings.webhook_url.clone()),
            app_fields: Mutex::new(ALL_FIELDS.split(',').map(str::to_owned).collect()),
            wake: Notify::new(),
            // From the clock: a page that was open before a restart must not mistake the new count for its own.
            version: watch::Sender::new(clock.now_ms().unsigned_abs()),
            settings,
            clock,
            store,
        })))
    }

    /// The Graph API: serves `/{version}/…`, to be nested where `GRAPH_API_URL` points.
    pub fn graph_router(&self) -> axum::Router {
        graph::router(self.clone())
    }

    /// The page on which you are the customer, to be nested under `/simulator`.
    pub fn page_router(&self) -> axum::Router {
        page::router(self.clone())
    }

    /// Delivers webhooks until `shutdown` is done. What is not delivered by then waits in the database.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        dispatch::run(self, shutdown).await;
    }

    /// Waits until no webhook is due any more and none is on its way. With a manual clock: everything up to the clock's time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let mut changes = self.0.version.subscribe();
        loop {
            changes.mark_unchanged();
            let now_ms = self.now_ms();
            if !self.0.store.run(|tx| outbox::is_any_due(tx, now_ms))? || changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Switches faults on, in place of all earlier ones.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub fn set_faults(&self, faults: Faults) -> Result<(), StoreError> {
        self.0.store.run(|tx| counters::keep(tx, FAULTS, &faults))?;
        *lock(&self.0.faults) = faults;
        self.changed();
        Ok(())
    }

    /// The faults that are on now.
    #[must_use]
    pub fn faults(&self) -> Faults {
        lock(&self.0.faults).clone()
    }

    /// What happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        lock(&self.0.counters).clone()
    }

    /// How many webhooks wait to be delivered.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn webhooks_waiting(&self) -> Result<u64, StoreError> {
        self.0.store.run(outbox::waiting)
    }

    /// Everybody who writes to a Page, in the order in which they came.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn customers(&self) -> Result<Vec<Customer>, StoreError> {
        self.0.store.run(customers::all)
    }

    /// The person of that name, as `Mia Keller`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn customer(&self, name: &str) -> Result<Option<Customer>, StoreError> {
        Ok(self.customers()?.into_iter().find(|customer| customer.name() == name))
    }

    /// The newest 500 messages of a thread, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn thread(&self, psid: &str) -> Result<Vec<ThreadMessage>, StoreError> {
        self.0.store.run(|tx| messages::thread(tx, psid, self.now_ms(), THREAD_LENGTH))
    }

    /// The subscription of a Page to webhooks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn subscription(&self, page_id: &str) -> Result<Option<Subscription>, StoreError> {
        self.0.store.run(|tx| graph_objects::subscription(tx, page_id))
    }

    /// Unsubscribes the app from a Page, as Meta does when its webhooks have failed for an hour: what happens now is never sent.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn disable(&self, page_id: &str) -> Result<(), StoreError> {
        let none = Subscription { fields: ALL_FIELDS.to_owned(), active: false, disabled: true };
        self.0.store.run(|tx| graph_objects::subscribe(tx, page_id, &none))?;
        self.changed();
        Ok(())
    }

    /// Subscribes the app to everything of a Page, as after "Webhooks Disabled".
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn subscribe(&self, page_id: &str) -> Result<(), StoreError> {
        let all = Subscription { fields: ALL_FIELDS.to_owned(), active: true, disabled: false };
        self.0.store.run(|tx| graph_objects::subscribe(tx, page_id, &all))?;
        self.changed();
        Ok(())
    }

    /// Approves, rejects or pauses a utility template (`APPROVED`, `REJECTED`, `PAUSED`); says whether there is one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_template_status(&self, page_id: &str, name: &str, status: &str) -> Result<bool, StoreError> {
        self.0.store.run(|tx| graph_objects::set_template_status(tx, page_id, name, status))
    }

    /// The settings it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Counts changes; a reader waits on it for the next one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }

    pub(crate) fn first_page(&self) -> Option<&PageSettings> {
        self.0.settings.pages.first()
    }

    pub(crate) fn webhook_url(&self) -> String {
        lock(&self.0.webhook_url).clone()
    }

    pub(crate) fn set_webhook_url(&self, url: &str) {
        url.clone_into(&mut lock(&self.0.webhook_url));
    }

    pub(crate) fn app_fields(&self) -> Vec<String> {
        lock(&self.0.app_fields).clone()
    }

    pub(crate) fn set_app_fields(&self, fields: Vec<String>) {
        *lock(&self.0.app_fields) = fields;
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Limits> {
        lock(&self.0.limits)
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut lock(&self.0.counters));
    }

    /// Takes the fault that a send meets, and remembers that it is used up.
    pub(crate) fn take_fault(&self, psid: Option<&str>, is_utility: bool) -> Result<Option<crate::faults::SendFault>, StoreError> {
        if lock(&self.0.faults).sends.is_empty() {
            return Ok(None);
        }
        // The store first, then the faults: `publish` holds them in this order, and in the other one two sends wait for each other for ever.
        self.0.store.run(|tx| {
            let mut faults = lock(&self.0.faults);
            let taken = faults.take(psid, is_utility);
            if taken.is_some() {
                counters::keep(tx, FAULTS, &*faults)?;
            }
            Ok(taken)
        })
    }

    /// Tells readers of the page, and the delivery of webhooks, that something is new.
    pub(crate) fn changed(&self) {
        self.0.version.send_modify(|version| *version = version.wrapping_add(1));
        self.0.wake.notify_one();
    }

    /// Keeps an event's webhook, `after_ms` from now, as the switched-on faults want it.
    pub(crate) fn publish(
        &self,
        tx: &Transaction<'_>,
        customer: &Customer,
        at_ms: i64,
        after_ms: i64,
        what: What,
    ) -> Result<(), StoreError> {
        let field = what.field();
        let faults = lock(&self.0.faults).webhooks.clone();
        let covered = graph_objects::subscription(tx, &customer.page_id)?.is_some_and(|it| it.covers(field));
        if !covered || (faults.drop_echo && field == "message_echoes") {
            return Ok(());
        }
        let event = Event { page_id: customer.page_id.clone(), psid: customer.psid.clone(), at_ms, what };
        let body = event.to_wire(customer.is_held_by_other(&self.0.settings.app_id))?;
        let mut random = lock(&self.0.random);
        let delay = faults.delay_ms.map_or(0, |(low, high)| random.between(low.into(), high.into()));
        let mut leaves_ms = self.now_ms().saturating_add(after_ms).saturating_add(delay);
        let mut lane = customer.psid.clone();
        if faults.reorder {
            // A lane of its own: nothing holds it back, and it holds nothing back.
            lane = format!("{}/{}", customer.psid, counters::next(tx, "lane")?);
            leaves_ms = leaves_ms.saturating_add(random.between(0, dispatch::REORDER_WITHIN_MS));
        } else if delay > 0 {
            leaves_ms = leaves_ms.max(outbox::last_position_ms(tx, &lane)?.unwrap_or(0));
        }
        outbox::add(tx, &customer.page_id, &lane, leaves_ms, &body)?;
        if random.percent(faults.duplicate_percent) {
            outbox::add(tx, &customer.page_id, &lane, leaves_ms, &body)?;
        }
        Ok(())
    }
}

/// Fills an empty memory, and makes what a crash left behind due again.
fn prepare(tx: &Transaction<'_>, settings: &Settings, now_ms: i64) -> Result<Faults, StoreError> {
    for page in &settings.pages {
        if graph_objects::subscription(tx, &page.id)?.is_none() {
            let all = Subscription { fields: ALL_FIELDS.to_owned(), active: true, disabled: false };
            graph_objects::subscribe(tx, &page.id, &all)?;
        }
    }
    if let Some(page) = settings.pages.first()
        && settings.sample_customers
        && customers::all(tx)?.is_empty()
    {
        for name in SAMPLE_CUSTOMERS {
            customers::add(tx, &page.id, name, settings.auto_read)?;
        }
    }
    outbox::revive(tx, now_ms)?;
    Ok(counters::kept(tx, FAULTS)?.unwrap_or_default())
}

/// Locks; a thread that panicked while holding a lock left nothing half done that matters here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
