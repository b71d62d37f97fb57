//! The Messenger profile: Get Started, greeting, menu.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/messenger-profile-api>

use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::call::Call;
use super::errors::{self, Refusal};
use super::limits::Budget;
use super::shape::{Checked, Fields};
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::graph_objects;

const FIELDS: [&str; 7] =
    ["get_started", "greeting", "ice_breakers", "persistent_menu", "whitelisted_domains", "account_linking_url", "commands"];

const MENU_ITEMS: usize = 20;
const MENU_TITLE: usize = 30;
const PAYLOAD: usize = 1_000;
const ICE_BREAKERS: usize = 4;
const LOCALES: usize = 100;

/// `GET`, `POST` and `DELETE /{page}/messenger_profile`: together 10 calls in 10 minutes.
pub(crate) fn handle(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    if !simulator.limits().admit(Budget::Profile, &page.id, simulator.now_ms()) {
        return Err(Refusal::of(errors::RATE_LIMIT, "more than 10 profile calls in 10 minutes").into());
    }
    let fields = call.fields();
    let result = simulator.parts().store.run(|tx| match call.method() {
        "GET" => get(tx, page, &fields),
        "POST" => set(tx, page, &fields),
        _ => delete(tx, page, &fields),
    })?;
    simulator.changed();
    Ok(result)
}

fn get(tx: &Transaction<'_>, page: &PageSettings, fields: &Fields<'_>) -> Result<Value, Failure> {
    let wanted = fields.text("fields", usize::MAX)?;
    let mut found = Map::new();
    for name in wanted.split(',').map(str::trim) {
        if let Some(value) = graph_objects::profile(tx, &page.id, name)? {
            found.insert(name.to_owned(), value);
        }
    }
    Ok(json!({"data": if found.is_empty() { vec![] } else { vec![Value::Object(found)] }}))
}

fn set(tx: &Transaction<'_>, page: &PageSettings, fields: &Fields<'_>) -> Result<Value, Failure> {
    check(fields)?;
    let has_start = fields.has("get_started") || graph_objects::profile(tx, &page.id, "get_started")?.is_some();
    if fields.has("persistent_menu") && !has_start {
        return Err(fields.wrong("persistent_menu", "needs get_started").into());
    }
    let given: Vec<_> = FIELDS.into_iter().filter_map(|name| fields.value(name).map(|value| (name, value))).collect();
    if given.is_empty() {
        return Err(Refusal::invalid("no field of the profile is given").into());
    }
    for (name, value) in given {
        graph_objects::keep_profile(tx, &page.id, name, value)?;
    }
    Ok(json!({"result": "success"}))
}

fn delete(tx: &Transaction<'_>, page: &PageSettings, fields: &Fields<'_>) -> Result<Value, Failure> {
    let names = fields.value("fields").and_then(Value::as_array).ok_or_else(|| fields.wrong("fields", "is no list"))?;
    for name in names.iter().filter_map(Value::as_str) {
        graph_objects::drop_profile(tx, &page.id, name)?;
    }
    Ok(json!({"result": "success"}))
}

fn check(fields: &Fields<'_>) -> Checked<()> {
    if let Some(start) = fields.optional_object("get_started")? {
        start.text("payload", PAYLOAD)?;
    }
    for greeting in fields.objects("greeting", 0, LOCALES)? {
        greeting.text("locale", LOCALES)?;
        // Unconfirmed: 160 characters, from older docs.
        greeting.text("text", 160)?;
    }
    for breakers in fields.objects("ice_breakers", 0, LOCALES)? {
        for question in breakers.objects("call_to_actions", 1, ICE_BREAKERS)? {
            question.text("question", 80)?;
            question.text("payload", PAYLOAD)?;
        }
    }
    for menu in fields.objects("persistent_menu", 0, LOCALES)? {
        menu.text("locale", LOCALES)?;
        for item in menu.objects("call_to_actions", 0, MENU_ITEMS)? {
            item.text("title", MENU_TITLE)?;
            if item.word("type", &["web_url", "postback"])? == "postback" {
                item.text("payload", PAYLOAD)?;
            } else {
                item.url("url")?;
            }
        }
    }
    Ok(())
}
