//! A person's profile.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/identity/user-profile>

use serde_json::{Map, Value};

use super::answer::Failure;
use super::call::Call;
use super::errors::Refusal;
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::customers;

/// What is given when no fields are asked for.
const DEFAULT_FIELDS: &str = "first_name,last_name,profile_pic,id";

/// `GET /{psid}?fields=first_name,last_name,profile_pic,name,id`.
pub(crate) fn profile(simulator: &Simulator, page: &PageSettings, call: &Call, psid: &str) -> Result<Value, Failure> {
    let customer = simulator.parts().store.run(|tx| customers::find(tx, psid))?.filter(|customer| customer.page_id == page.id);
    let customer = customer.ok_or_else(|| Refusal::no_such_object(call, psid))?;
    if customer.is_stranger() {
        // "{}" when not allowed.
        return Ok(Value::Object(Map::new()));
    }
    let picture = format!("{}/simulator/avatar/{psid}.svg", simulator.settings().public_base);
    let mut profile = Map::new();
    for field in call.param("fields").unwrap_or(DEFAULT_FIELDS).split(',').map(str::trim) {
        let value = match field {
            "first_name" => &customer.first_name,
            "last_name" => &customer.last_name,
            "name" => &customer.name(),
            "profile_pic" => &picture,
            // Others need permissions that this app does not have; they are left out without a word.
            _ => continue,
        };
        profile.insert(field.to_owned(), Value::from(value.as_str()));
    }
    profile.insert("id".to_owned(), Value::from(psid));
    Ok(Value::Object(profile))
}
