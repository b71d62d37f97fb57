//! The delivery of webhooks: several at a time, one at a time for each person, until each is answered with 200.

use std::collections::BTreeSet;
use std::pin::pin;

use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::post::Answer;
use super::retry;
use crate::simulator::Simulator;
use crate::store::StoreError;
use crate::store::graph_objects::{self, Subscription};
use crate::store::outbox::{self, Pending};

/// How many webhooks travel at the same time.
const AT_A_TIME: usize = 16;

/// Within which time reordered webhooks change places.
pub(crate) const REORDER_WITHIN_MS: i64 = 3_000;

/// How long to rest when the database does not answer.
const REST_MS: i64 = 1_000;

/// Delivers until `shutdown` is done. Sleeps while nothing is due.
pub(crate) async fn run(simulator: &Simulator, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let mut flights = JoinSet::new();
    let mut busy = BTreeSet::new();
    loop {
        let next_ms = start_due(simulator, &mut flights, &mut busy).unwrap_or_else(|err| {
            error!(error = %err, "due webhooks could not be read");
            Some(simulator.now_ms().saturating_add(REST_MS))
        });
        tokio::select! {
            () = &mut shutdown => return,
            Some(landed) = flights.join_next(), if !flights.is_empty() => match landed {
                Ok(lane) => _ = busy.remove(&lane),
                Err(err) => {
                    // Its lane is unknown now. No flight may be forgotten, so all lanes are free again: at worst one arrives twice.
                    error!(error = %err, "a delivery ended early");
                    busy.clear();
                }
            },
            () = simulator.parts().wake.notified() => {}
            () = wait_for(simulator, next_ms) => {}
        }
    }
}

/// Starts what is due and free; says when the next one will be due.
fn start_due(simulator: &Simulator, flights: &mut JoinSet<String>, busy: &mut BTreeSet<String>) -> Result<Option<i64>, StoreError> {
    let room = AT_A_TIME.saturating_sub(flights.len());
    let now_ms = simulator.now_ms();
    let (due, next_ms) = simulator.parts().store.run(|tx| outbox::due(tx, now_ms, busy, room))?;
    for webhook in due {
        busy.insert(webhook.lane.clone());
        let simulator = simulator.clone();
        flights.spawn(async move {
            let answer = simulator.deliver_raw(webhook.body.as_bytes()).await;
            if let Err(err) = note(&simulator, &webhook, &answer) {
                error!(error = %err, "outcome of a webhook could not be kept");
            }
            simulator.changed();
            webhook.lane
        });
    }
    Ok(next_ms)
}

async fn wait_for(simulator: &Simulator, next_ms: Option<i64>) {
    match next_ms {
        Some(at_ms) => simulator.parts().clock.wait_until(at_ms).await,
        None => std::future::pending().await,
    }
}

/// Forgets a delivered webhook; plans the next try of another, or gives the Page up after an hour.
fn note(simulator: &Simulator, webhook: &Pending, answer: &Answer) -> Result<(), StoreError> {
    if answer.is_delivered() {
        simulator.count(|counters| counters.webhooks_delivered += 1);
        return simulator.parts().store.run(|tx| outbox::delivered(tx, webhook.number));
    }
    let (now_ms, why) = (simulator.now_ms(), answer.in_words());
    simulator.count(|counters| {
        counters.webhooks_failed += 1;
        counters.last_webhook_error = Some(why.clone());
    });
    let failing_since_ms = webhook.failing_since_ms.unwrap_or(now_ms);
    if now_ms.saturating_sub(failing_since_ms) >= retry::DISABLED_AFTER_MS {
        return disable(simulator, &webhook.page_id);
    }
    warn!(failures = webhook.failures + 1, why, "webhook not delivered");
    let due_ms = now_ms.saturating_add(retry::gap_ms(webhook.failures + 1));
    simulator.parts().store.run(|tx| outbox::failed(tx, webhook, now_ms, due_ms, &why))
}

/// "Webhooks Disabled": the app is unsubscribed from the Page, and what waited is lost, for Meta has no replay.
fn disable(simulator: &Simulator, page_id: &str) -> Result<(), StoreError> {
    let lost = simulator.parts().store.run(|tx| {
        let fields = graph_objects::subscription(tx, page_id)?.map(|it| it.fields).unwrap_or_default();
        graph_objects::subscribe(tx, page_id, &Subscription { fields, active: false, disabled: true })?;
        outbox::drop_page(tx, page_id)
    })?;
    simulator.count(|counters| counters.webhooks_lost += u64::try_from(lost).unwrap_or_default());
    info!(page.id = page_id, lost, "webhooks disabled after an hour of failure");
    Ok(())
}
