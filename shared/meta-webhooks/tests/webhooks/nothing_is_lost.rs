//! Whatever comes, nothing panics and no element disappears.

use meta_webhooks::{Item, WebhookDelivery};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::payloads::{self, try_parse};

/// Counts the elements of a body by the rules of the envelope, independently of the code under test; nothing when it is no envelope.
fn elements(body: &Value) -> Option<usize> {
    match body {
        Value::Array(envelopes) if envelopes.is_empty() => None,
        Value::Array(envelopes) => Some(envelopes.iter().map(|envelope| of_envelope(envelope).unwrap_or(1)).sum()),
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => of_envelope(body),
    }
}

fn of_envelope(envelope: &Value) -> Option<usize> {
    let envelope = envelope.as_object()?;
    match envelope.get("entry") {
        Some(Value::Array(entries)) => Some(entries.iter().map(of_entry).sum()),
        Some(entry @ Value::Object(_)) => Some(of_entry(entry)),
        Some(_) => None,
        None => (envelope.contains_key("field") && envelope.contains_key("value")).then_some(1),
    }
}

fn of_entry(entry: &Value) -> usize {
    let Some(entry) = entry.as_object() else { return 1 };
    let lists: Vec<_> = entry.iter().filter_map(|(key, value)| of_list(key, value)).collect();
    let flat = usize::from(entry.contains_key("field"));
    if lists.is_empty() && flat == 0 { 1 } else { lists.iter().sum::<usize>() + flat }
}

fn of_list(key: &str, value: &Value) -> Option<usize> {
    match (key, value) {
        ("id" | "time" | "field" | "value" | "hop_context", _) => None,
        (_, Value::Array(elements)) => Some(elements.len()),
        ("messaging" | "standby" | "changes", Value::Null) => Some(0),
        ("messaging" | "standby" | "changes", _) => Some(1),
        _ => None,
    }
}

/// JSON of any shape, with the words that the wire format knows among its keys and texts.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "object",
        "page",
        "entry",
        "id",
        "time",
        "messaging",
        "standby",
        "changes",
        "field",
        "value",
        "sender",
        "recipient",
        "timestamp",
        "message",
        "mid",
        "text",
        "attachments",
        "type",
        "payload",
        "url",
        "is_echo",
        "is_deleted",
        "reaction",
        "action",
        "read",
        "delivery",
        "watermark",
        "postback",
        "optin",
        "user_ref",
        "referral",
        "feed",
        "group_feed",
        "message_edit",
        "num_edit",
        "pass_thread_control",
        "",
        "sticker",
        "image",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let object = prop::collection::vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()),
        ]
    })
}

/// A golden payload with some of its places changed.
pub(crate) fn mutated() -> impl Strategy<Value = Value> {
    let golden: Vec<Value> = payloads::all().into_iter().map(|(_, body)| serde_json::from_slice(&body).unwrap()).collect();
    let change = (any::<prop::sample::Index>(), prop::option::of(anything()));
    (prop::sample::select(golden), prop::collection::vec(change, 1..5)).prop_map(|(mut body, changes)| {
        for (place, change) in changes {
            let pointers = pointers(&body);
            let pointer: &String = place.get(&pointers);
            mutate(&mut body, pointer, change);
        }
        body
    })
}

fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(elements) => elements.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        Value::Object(members) => members.iter().map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let below = children.iter().flat_map(|(key, child)| pointers(child).into_iter().map(move |pointer| format!("/{key}{pointer}")));
    std::iter::once(String::new()).chain(below).collect()
}

/// Puts `change` at the place; without one, takes the place away, or doubles it in an array.
fn mutate(body: &mut Value, pointer: &str, change: Option<Value>) {
    let Some(change) = change else {
        let Some((parent, key)) = pointer.rsplit_once('/') else { return };
        match body.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(&key.replace("~1", "/").replace("~0", "~"))),
            Value::Array(elements) => elements.extend(elements.first().cloned()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        return;
    };
    *body.pointer_mut(pointer).unwrap() = change;
}

fn check(body: &Value) -> Result<(), TestCaseError> {
    let parsed = try_parse(body.to_string());
    prop_assert_eq!(parsed.as_ref().ok().map(|delivery| delivery.items.len()), elements(body), "{}", body);
    if let Ok(delivery) = parsed {
        no_raw_is_made_up(&delivery)?;
    }
    Ok(())
}

fn no_raw_is_made_up(delivery: &WebhookDelivery) -> Result<(), TestCaseError> {
    for item in &delivery.items {
        let raw = match item {
            Item::Event(event) => &event.raw,
            Item::Broken(broken) => &broken.raw,
        };
        prop_assert!(serde_json::from_str::<Value>(raw).is_ok(), "{}", raw);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_changed_payload_keeps_every_element(body in mutated()) {
        check(&body)?;
    }

    #[test]
    fn any_json_keeps_every_element(body in anything()) {
        check(&body)?;
    }

    #[test]
    fn any_element_is_one_item(element in anything(), list in prop::sample::select(vec!["messaging", "standby", "changes"])) {
        check(&json!({"object": "page", "entry": [{"id": "1", "time": 1_795_255_200, list: [element]}]}))?;
    }

    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        drop(try_parse(body));
    }

    #[test]
    fn no_changed_byte_panics(payload: prop::sample::Index, place: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let all = payloads::all();
        let mut body = payload.get(&all).1.clone();
        *place.get_mut(&mut body) = byte;
        drop(try_parse(&body));
        body.truncate(cut.index(body.len()));
        prop_assert!(try_parse(&body).is_err(), "a body cut short is never half taken");
    }
}
