//! The Conversations API: what was said, for whoever missed a webhook.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations>

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::call::Call;
use super::errors::{self, Refusal};
use super::limits::Budget;
use crate::ids;
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::customers::{self, Customer};
use crate::store::messages::{self, Direction, ThreadMessage};

/// Details are given for so many of the newest messages; older ones count as deleted.
const NEWEST: u32 = 20;

/// How many threads a list has when nothing is said, and at most (unconfirmed: Graph's usual numbers).
const THREADS: usize = 25;

/// `GET /{page}/conversations?platform=messenger[&user_id=][&fields=updated_time,participants,messages{…}][&limit=][&after=]`, newest
/// activity first.
pub(crate) fn list(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    admit(simulator, page)?;
    let user_id = call.param("user_id");
    let data = simulator.parts().store.run(|tx| {
        let mut threads = Vec::new();
        for customer in customers::all(tx)? {
            let wanted = customer.page_id == page.id && user_id.is_none_or(|id| id == customer.psid);
            if let Some(last) = messages::thread(tx, &customer.psid, simulator.now_ms(), 1)?.pop().filter(|_| wanted) {
                threads.push((last.at_ms, customer.psid));
            }
        }
        threads.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
        let first = call.param("after").and_then(|after| after.parse().ok()).unwrap_or(0);
        let limit = call.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(THREADS).clamp(1, THREADS);
        let more = threads.len() > first + limit;
        let threads = threads.into_iter().skip(first).take(limit);
        let shown = threads.map(|(at_ms, psid)| listed(simulator, tx, page, call, at_ms, &psid)).collect::<Result<Vec<_>, Failure>>()?;
        Ok::<_, Failure>((shown, more.then(|| first + limit)))
    })?;
    let (data, next) = data;
    let mut answer = json!({"data": data});
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("paging".into(), json!({"cursors": {"after": next.to_string()}, "next": "the same call with after"}));
    }
    Ok(answer)
}

/// A thread of the list, with what was asked of it.
fn listed(simulator: &Simulator, tx: &Transaction<'_>, page: &PageSettings, call: &Call, at_ms: i64, psid: &str) -> Result<Value, Failure> {
    let fields = call.param("fields").unwrap_or("updated_time");
    let mut thread = Map::from_iter([("id".to_owned(), Value::from(ids::conversation_id(psid)))]);
    thread.insert("updated_time".to_owned(), time(at_ms).into());
    let customer = customers::find(tx, psid)?.ok_or_else(|| Refusal::no_such_object(call, psid))?;
    if fields.contains("participants") {
        let people = [json!({"name": customer.name(), "id": psid}), json!({"name": page.name, "id": page.id})];
        thread.insert("participants".to_owned(), json!({"data": people}));
    }
    if let Some(wanted) = inner_fields(fields, "messages") {
        let messages = messages::thread(tx, psid, simulator.now_ms(), NEWEST)?;
        let messages: Vec<Value> = messages.iter().rev().map(|message| shown(message, page, &customer, wanted)).collect();
        thread.insert("messages".to_owned(), json!({"data": messages}));
    }
    Ok(Value::Object(thread))
}

/// `GET /{conversation}?fields=messages{id,created_time,from,to,message}`.
pub(crate) fn read(simulator: &Simulator, page: &PageSettings, call: &Call, psid: &str) -> Result<Value, Failure> {
    admit(simulator, page)?;
    let fields = call.param("fields").unwrap_or("id");
    let messages = simulator.parts().store.run(|tx| {
        let customer = customers::find(tx, psid)?.filter(|customer| customer.page_id == page.id);
        let customer = customer.ok_or_else(|| Refusal::no_such_object(call, psid))?;
        let thread = messages::thread(tx, psid, simulator.now_ms(), NEWEST)?;
        let wanted = inner_fields(fields, "messages").unwrap_or("id,created_time");
        // Newest first, as Graph lists everything.
        Ok::<_, Failure>(thread.iter().rev().map(|message| shown(message, page, &customer, wanted)).collect::<Vec<_>>())
    })?;
    let mut conversation = Map::from_iter([("id".to_owned(), Value::from(ids::conversation_id(psid)))]);
    if fields.contains("messages") {
        conversation.insert("messages".to_owned(), json!({"data": messages}));
    }
    Ok(Value::Object(conversation))
}

/// `GET /{message}?fields=id,created_time,from,to,message,reply_to`.
pub(crate) fn message(simulator: &Simulator, page: &PageSettings, call: &Call, mid: &str) -> Result<Value, Failure> {
    admit(simulator, page)?;
    simulator.parts().store.run(|tx| {
        let message = messages::find(tx, mid, simulator.now_ms())?.filter(|message| message.page_id == page.id);
        let message = message.ok_or_else(|| Refusal::no_such_object(call, mid))?;
        if messages::newer(tx, mid)? >= i64::from(NEWEST) {
            return Err(Refusal::of(errors::MESSAGE_GONE, "only the 20 newest messages of a conversation can be read").into());
        }
        let customer = customers::find(tx, &message.psid)?.ok_or_else(|| Refusal::no_such_object(call, mid))?;
        Ok(shown(&message, page, &customer, call.param("fields").unwrap_or("id,created_time")))
    })
}

fn admit(simulator: &Simulator, page: &PageSettings) -> Result<(), Refusal> {
    let admitted = simulator.limits().admit(Budget::Conversations, &page.id, simulator.now_ms());
    if admitted { Ok(()) } else { Err(Refusal::of(errors::RATE_LIMIT, "more than 2 Conversations calls in a second")) }
}

/// Finds what stands in the braces of `name{…}` or `name.limit(5){…}`.
fn inner_fields<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = fields.split_once(name)?;
    let (_, inside) = after.split_once('{')?;
    inside.split_once('}').map(|(inside, _)| inside)
}

fn shown(message: &ThreadMessage, page: &PageSettings, customer: &Customer, fields: &str) -> Value {
    let person = json!({"name": customer.name(), "id": customer.psid});
    let of_page = json!({"name": page.name, "id": page.id});
    let (from, to) = match message.direction {
        Direction::FromCustomer => (person, of_page),
        Direction::FromPage => (of_page, person),
    };
    let mut shown = Map::from_iter([("id".to_owned(), Value::from(message.mid.as_str()))]);
    for field in fields.split(',').map(str::trim) {
        let value = match field {
            "created_time" => Value::from(time(message.at_ms)),
            "from" => from.clone(),
            "to" => json!({"data": [to]}),
            "message" => Value::from(message.text()),
            "attachments" if !message.content.attachments.is_empty() => json!({"data": message.content.attachments}),
            "reply_to" => match &message.content.reply_to {
                Some(mid) => json!({"mid": mid}),
                None => continue,
            },
            _ => continue,
        };
        shown.insert(field.to_owned(), value);
    }
    Value::Object(shown)
}

/// `2026-11-21T10:00:00+0000`, as Graph writes times.
fn time(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()).unwrap_or_default()
}
