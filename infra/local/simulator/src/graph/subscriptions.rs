//! Where webhooks go, and for which Pages and fields.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>

use serde_json::{Value, json};

use super::answer::Failure;
use super::auth::Caller;
use super::call::Call;
use super::errors::{self, Refusal};
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::graph_objects::{self, Subscription};

/// `POST /{app}/subscriptions {object, callback_url, verify_token, fields}`, with the app's token: asks the callback for the
/// challenge before it is taken.
pub(crate) async fn set_callback(simulator: &Simulator, call: &Call, caller: &Caller, app_id: &str) -> Result<Value, Failure> {
    of_app(simulator, caller, app_id)?;
    let fields = call.fields();
    fields.word("object", &["page"])?;
    let url = fields.url("callback_url")?;
    let verify_token = fields.text("verify_token", usize::MAX)?;
    let wanted = fields.text("fields", usize::MAX)?.split(',').map(|name| name.trim().to_owned()).collect();
    if let Err(err) = simulator.handshake_with(url, verify_token).await {
        return Err(Refusal::of(errors::CALLBACK_REFUSED, err.to_string()).into());
    }
    simulator.set_webhook_url(url);
    simulator.set_app_fields(wanted);
    simulator.changed();
    Ok(json!({"success": true}))
}

/// `GET /{app}/subscriptions`.
pub(crate) fn callback(simulator: &Simulator, caller: &Caller, app_id: &str) -> Result<Value, Failure> {
    of_app(simulator, caller, app_id)?;
    let fields: Vec<Value> = simulator.app_fields().iter().map(|name| json!({"name": name, "version": "v26.0"})).collect();
    Ok(json!({"data": [{"object": "page", "callback_url": simulator.webhook_url(), "active": true, "fields": fields}]}))
}

fn of_app(simulator: &Simulator, caller: &Caller, app_id: &str) -> Result<(), Refusal> {
    match caller {
        Caller::App if app_id == simulator.settings().app_id => Ok(()),
        Caller::App | Caller::Page(_) => Err(Refusal::invalid("subscriptions need the app's own token")),
    }
}

/// `GET /{page}/subscribed_apps`.
pub(crate) fn subscribed(simulator: &Simulator, page: &PageSettings) -> Result<Value, Failure> {
    let subscription = simulator.subscription(&page.id)?.filter(|subscription| subscription.active);
    let apps: Vec<Value> = subscription
        .map(|it| {
            let fields: Vec<&str> = it.fields.split(',').collect();
            json!({"id": simulator.settings().app_id, "name": "Shopbell", "subscribed_fields": fields})
        })
        .into_iter()
        .collect();
    Ok(json!({"data": apps}))
}

/// `POST /{page}/subscribed_apps?subscribed_fields=a,b`. Unconfirmed: the list replaces the earlier one.
pub(crate) fn subscribe(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let fields = call.fields();
    let wanted = match fields.value("subscribed_fields").and_then(Value::as_array) {
        Some(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        None => fields.text("subscribed_fields", usize::MAX)?.to_owned(),
    };
    set(simulator, page, &Subscription { fields: wanted, active: true, disabled: false })
}

/// `DELETE /{page}/subscribed_apps`.
pub(crate) fn unsubscribe(simulator: &Simulator, page: &PageSettings) -> Result<Value, Failure> {
    set(simulator, page, &Subscription { fields: String::new(), active: false, disabled: false })
}

fn set(simulator: &Simulator, page: &PageSettings, subscription: &Subscription) -> Result<Value, Failure> {
    simulator.parts().store.run(|tx| graph_objects::subscribe(tx, &page.id, subscription))?;
    simulator.changed();
    Ok(json!({"success": true}))
}
