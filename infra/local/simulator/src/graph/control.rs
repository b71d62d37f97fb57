//! Conversation routing: who holds a thread.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversation-routing> (September 24, 2025)

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::answer::Failure;
use super::call::Call;
use super::errors::{self, Refusal};
use super::send::known;
use super::shape::Fields;
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::StoreError;
use crate::store::customers::{self, Customer};
use crate::webhooks::events::{Handover, What};

/// How long an owner holds an idle thread.
const HELD_SECONDS: i64 = 86_400;

/// `GET /{page}/thread_owner?recipient=`.
pub(crate) fn owner(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let fields = call.fields();
    let psid = recipient(&fields)?;
    let customer = simulator.parts().store.run(|tx| known(tx, page, &psid))?;
    let expiration = simulator.now_ms() / 1_000 + HELD_SECONDS;
    let owners: Vec<Value> =
        customer.thread_owner.map(|app_id| json!({"thread_owner": {"app_id": app_id, "expiration": expiration}})).into_iter().collect();
    Ok(json!({"data": owners}))
}

/// `POST /{page}/pass_thread_control`, `take_thread_control`, `release_thread_control`.
pub(crate) fn hand_over(simulator: &Simulator, page: &PageSettings, call: &Call, edge: &str) -> Result<Value, Failure> {
    let fields = call.fields();
    let psid = recipient(&fields)?;
    let ours = simulator.settings().app_id.clone();
    let metadata = fields.optional_text("metadata", usize::MAX)?.unwrap_or_default();
    simulator.parts().store.run(|tx| {
        let mut customer = known(tx, page, &psid)?;
        let held = customer.is_held_by_other(&ours);
        let (next, what): (_, fn(Handover) -> What) = match edge {
            // Without a default app nobody can take a thread that nobody holds.
            "take_thread_control" => (Some(ours.clone()), What::TakeThreadControl),
            _ if held => return Err(Refusal::of(errors::NOT_THREAD_OWNER, "another app holds the thread").into()),
            "pass_thread_control" => {
                let target = fields.id("target_app_id")?.ok_or_else(|| fields.wrong("target_app_id", "is missing"))?;
                (Some(target), What::PassThreadControl)
            }
            _ => (None, What::PassThreadControl),
        };
        move_to(simulator, tx, &mut customer, next, metadata, what)?;
        Ok::<_, Failure>(customers::save(tx, &customer)?)
    })?;
    simulator.changed();
    Ok(json!({"success": true}))
}

/// Does what `thread_control` beside a message asks: `{"control_type": "pass" | "release", "app_id"?}`.
pub(crate) fn after_message(
    simulator: &Simulator,
    tx: &Transaction<'_>,
    customer: &mut Customer,
    fields: &Fields<'_>,
) -> Result<(), Failure> {
    let Some(control) = fields.optional_object("thread_control")? else { return Ok(()) };
    let next = if control.word("control_type", &["pass", "release"])? == "pass" {
        Some(control.id("app_id")?.ok_or_else(|| control.wrong("app_id", "is missing"))?)
    } else {
        None
    };
    Ok(move_to(simulator, tx, customer, next, "", What::PassThreadControl)?)
}

fn move_to(
    simulator: &Simulator,
    tx: &Transaction<'_>,
    customer: &mut Customer,
    next: Option<String>,
    metadata: &str,
    what: fn(Handover) -> What,
) -> Result<(), StoreError> {
    let previous_owner_app_id = std::mem::replace(&mut customer.thread_owner, next);
    let new_owner_app_id = customer.thread_owner.clone();
    let handover = Handover { previous_owner_app_id, new_owner_app_id, metadata: metadata.to_owned() };
    simulator.publish(tx, customer, simulator.now_ms(), 0, what(handover))
}

fn recipient(fields: &Fields<'_>) -> Result<String, Refusal> {
    // As a query parameter it is the bare id, in a body the object.
    if let Some(object) = fields.optional_object("recipient").ok().flatten() {
        return object.id("id")?.ok_or_else(|| object.wrong("id", "is missing"));
    }
    fields.id("recipient")?.ok_or_else(|| fields.wrong("recipient", "is missing"))
}
