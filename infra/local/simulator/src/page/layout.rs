//! The document: status on top, faults below it, then one phone for each customer.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::{PREFIX, faults, thread};
use crate::faults::Faults;
use crate::simulator::{Counters, Simulator};
use crate::store::customers::{self, Customer};
use crate::store::messages::{self, ThreadMessage};
use crate::store::{StoreError, graph_objects};

/// How many messages of a thread the page shows.
const SHOWN: u32 = 200;

/// Everything that the page shows at one moment.
pub(crate) struct Board {
    pub(crate) version: u64,
    pub(crate) now_ms: i64,
    pub(crate) threads: Vec<Thread>,
    pub(crate) faults: Faults,
    counters: Counters,
    waiting: u64,
    disabled: Vec<String>,
}

/// One customer's chat.
pub(crate) struct Thread {
    pub(crate) customer: Customer,
    pub(crate) messages: Vec<ThreadMessage>,
    pub(crate) page_name: String,
    pub(crate) get_started: Option<Value>,
    pub(crate) menu: Option<Value>,
}

/// How many people without a name stand on the page: a load test brings hundreds.
const STRANGERS: usize = 3;

/// Everybody with a name, and the strangers who wrote last.
fn shown(mut all: Vec<Customer>) -> Vec<Customer> {
    let mut latest: Vec<Option<i64>> =
        all.iter().filter(|customer| customer.is_stranger()).map(|customer| customer.last_action_ms).collect();
    latest.sort_unstable();
    let since = latest.iter().rev().nth(STRANGERS - 1).copied().flatten();
    let mut left = STRANGERS;
    all.retain(|customer| {
        let keep = !customer.is_stranger() || (customer.last_action_ms >= since && left > 0);
        left -= usize::from(keep && customer.is_stranger());
        keep
    });
    all
}

impl Board {
    /// Reads the whole state. The version is read first: what comes later makes the next poll answer at once.
    pub(crate) fn read(simulator: &Simulator) -> Result<Self, StoreError> {
        let version = *simulator.changes().borrow();
        let now_ms = simulator.now_ms();
        let waiting = simulator.webhooks_waiting()?;
        let (threads, disabled) = simulator.parts().store.run(|tx| {
            let mut threads = Vec::new();
            for customer in shown(customers::all(tx)?) {
                let page_name = simulator.settings().page(&customer.page_id).map(|page| page.name.clone()).unwrap_or_default();
                threads.push(Thread {
                    messages: messages::thread(tx, &customer.psid, now_ms, SHOWN)?,
                    get_started: graph_objects::profile(tx, &customer.page_id, "get_started")?,
                    menu: graph_objects::profile(tx, &customer.page_id, "persistent_menu")?,
                    customer,
                    page_name,
                });
            }
            let mut disabled = Vec::new();
            for page in &simulator.settings().pages {
                if graph_objects::subscription(tx, &page.id)?.is_some_and(|subscription| subscription.disabled) {
                    disabled.push(page.id.clone());
                }
            }
            Ok::<_, StoreError>((threads, disabled))
        })?;
        Ok(Self { version, now_ms, threads, faults: simulator.faults(), counters: simulator.counters(), waiting, disabled })
    }

    /// The whole document.
    pub(crate) fn document(&self, simulator: &Simulator) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Messenger on the desk" }
                    link rel="icon" href={ (PREFIX) "/media/thumbs-up.svg" };
                    link rel="stylesheet" href={ (PREFIX) "/style.css" };
                    script src={ (PREFIX) "/script.js" } defer {}
                }
                body data-prefix=(PREFIX) { (self.main(simulator)) }
            }
        }
    }

    /// What a poll answers. Elements with `data-live` are replaced one by one, so that a half-written message stays.
    pub(crate) fn main(&self, simulator: &Simulator) -> Markup {
        html! {
            main #board data-version=(self.version) {
                header.top {
                    h1 { "Messenger on the desk" }
                    (self.status())
                    form.add method="post" action={ (PREFIX) "/customers" } data-async {
                        input name="name" required maxlength="60" placeholder="New customer’s name" aria-label="New customer’s name"
                            autocomplete="off" data-testid="new-customer";
                        button type="submit" data-testid="add-customer" { "Add" }
                    }
                }
                (self.trouble())
                (faults::panel(&self.faults))
                nav.people #people data-live aria-label="Customers" {
                    @for thread in &self.threads {
                        a href={ "#c-" (thread.customer.psid) } { (thread.customer.first_name) }
                    }
                }
                div.phones #phones {
                    @for thread in &self.threads { (thread::phone(simulator, self, thread)) }
                }
            }
        }
    }

    /// Webhook counts in a line.
    fn status(&self) -> Markup {
        let counters = &self.counters;
        html! {
            p.status #status data-live data-testid="status" {
                span { "webhooks " b data-testid="webhooks-delivered" { (counters.webhooks_delivered) } " delivered" }
                @if counters.webhooks_failed > 0 {
                    span.bad { b data-testid="webhooks-failed" { (counters.webhooks_failed) } " failed tries" }
                }
                @if self.waiting > 0 { span { b { (self.waiting) } " waiting" } }
                span { "sends " b { (counters.sends_accepted) } " taken" }
                @if counters.sends_refused > 0 { span.bad { b { (counters.sends_refused) } " refused" } }
            }
        }
    }

    /// What went wrong last, and what to do.
    fn trouble(&self) -> Markup {
        let error = self.counters.last_webhook_error.as_ref().filter(|_| self.waiting > 0);
        html! {
            div.trouble #trouble data-live {
                @for page_id in &self.disabled {
                    form.notice method="post" action={ (PREFIX) "/subscribe" } data-async data-testid="webhooks-disabled" {
                        input type="hidden" name="page_id" value=(page_id);
                        span { b { "Webhooks Disabled." } " An hour of failures unsubscribed the app from Page " (page_id) "." }
                        button type="submit" { "Subscribe again" }
                    }
                }
                @if let Some(error) = error { p.notice data-testid="webhook-error" { b { "Last webhook: " } (error) } }
                @if let Some(refused) = &self.counters.last_refused {
                    p.notice data-testid="last-refused" {
                        b {
                            "Last refused call: " (refused.code)
                            @if let Some(subcode) = refused.subcode { "/" (subcode) }
                        }
                        " · " (refused.because)
                    }
                }
            }
        }
    }
}
