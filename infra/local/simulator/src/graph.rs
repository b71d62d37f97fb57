//! The Graph API: one door, then one file for each thing behind it.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>

mod answer;
mod auth;
mod call;
mod control;
mod conversations;
mod errors;
mod feedback;
pub(crate) mod limits;
mod message;
mod people;
mod profile;
mod receipt;
mod send;
mod shape;
mod subscriptions;
mod templates;
mod utility;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};

use self::answer::Failure;
use self::auth::Caller;
use self::call::Call;
use self::errors::Refusal;
use crate::settings::PageSettings;
use crate::simulator::Simulator;

/// Serves `/{version}/…`.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new().fallback(handle).with_state(simulator)
}

async fn handle(State(simulator): State<Simulator>, request: Request) -> Response {
    let (page_id, result) = match Call::read(request).await {
        Ok(call) => {
            let caller = auth::caller(&simulator, &call);
            let page_id = caller.as_ref().ok().and_then(Caller::page).map(|page| page.id.clone());
            let result = match caller {
                Ok(caller) => route(&simulator, &call, &caller).await,
                Err(refusal) => Err(refusal.into()),
            };
            (page_id, result)
        }
        Err(refusal) => (None, Err(refusal.into())),
    };
    answer::respond(&simulator, page_id.as_deref(), result).await
}

async fn route(simulator: &Simulator, call: &Call, caller: &Caller) -> Result<Value, Failure> {
    let segments = call.segments();
    match (call.method(), segments.as_slice()) {
        ("GET", ["debug_token"]) => auth::debug_token(simulator, call),
        ("POST", [app_id, "subscriptions"]) => subscriptions::set_callback(simulator, call, caller, app_id).await,
        ("GET", [app_id, "subscriptions"]) => subscriptions::callback(simulator, caller, app_id),
        (method, [node, edge]) => {
            let page = of_token(caller, node, call)?;
            match (method, *edge) {
                ("POST", "messages") => send::send(simulator, page, call),
                ("POST", "message_attachments") => send::save_attachment(simulator, page, call),
                ("POST", "message_templates") => utility::create(simulator, page, call),
                ("GET", "message_templates") => utility::list(simulator, page, call),
                ("DELETE", "message_templates") => utility::delete(simulator, page, call),
                ("GET", "subscribed_apps") => subscriptions::subscribed(simulator, page),
                ("POST", "subscribed_apps") => subscriptions::subscribe(simulator, page, call),
                ("DELETE", "subscribed_apps") => subscriptions::unsubscribe(simulator, page),
                ("GET", "conversations") => conversations::list(simulator, page, call),
                ("GET", "thread_owner") => control::owner(simulator, page, call),
                ("POST", "pass_thread_control" | "take_thread_control" | "release_thread_control") => {
                    control::hand_over(simulator, page, call, edge)
                }
                ("GET" | "POST" | "DELETE", "messenger_profile") => profile::handle(simulator, page, call),
                _ => Err(Refusal::unknown_path(call).into()),
            }
        }
        ("GET", [node]) => object(simulator, call, caller, node),
        _ => Err(Refusal::unknown_path(call).into()),
    }
}

/// Finds what an id names: the Page, a message, a conversation or a person.
fn object(simulator: &Simulator, call: &Call, caller: &Caller, id: &str) -> Result<Value, Failure> {
    let page = caller.page().ok_or_else(|| Refusal::no_such_object(call, id))?;
    if id == "me" || id == page.id {
        return Ok(json!({"id": page.id, "name": page.name}));
    }
    if let Some(psid) = id.strip_prefix("t_") {
        return conversations::read(simulator, page, call, psid);
    }
    if id.starts_with("m_") {
        return conversations::message(simulator, page, call, id);
    }
    people::profile(simulator, page, call, id)
}

/// Holds the Page in the path against the one that the token belongs to.
fn of_token<'a>(caller: &'a Caller, node: &str, call: &Call) -> Result<&'a PageSettings, Refusal> {
    caller.page().filter(|page| node == "me" || node == page.id).ok_or_else(|| Refusal::no_such_object(call, node))
}
