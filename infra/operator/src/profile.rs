//! What a customer sees before the first word: greeting, questions to begin with, and the way to a person.
//!
//! The texts are `infra/operator/profile.json`. A tap on any of them comes as a postback, which stands in the conversation as what the
//! customer said, and opens it.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/messenger-profile-api>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

const TEXTS: &str = include_str!("../profile.json");

/// The locale that stands in for every other one.
const DEFAULT: &str = "default";

/// Where the shop's name goes.
const SHOP: &str = "{shop}";

/// The parts of the profile that are set.
pub(crate) const PARTS: [&str; 4] = ["get_started", "greeting", "ice_breakers", "persistent_menu"];

/// The platform's limits, in characters. That of a greeting is from older pages (unconfirmed).
const GREETING: usize = 160;
const QUESTION: usize = 80;
const TITLE: usize = 30;
const PAYLOAD: usize = 1_000;

const GET_STARTED: &str = "SHOPBELL_GET_STARTED";
const WHERE_IS_MY_ORDER: &str = "SHOPBELL_WHERE_IS_MY_ORDER";
const RETURN_SOMETHING: &str = "SHOPBELL_RETURN_SOMETHING";
const TALK_TO_A_PERSON: &str = "SHOPBELL_TALK_TO_A_PERSON";

/// The texts of one locale.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    greeting: String,
    where_is_my_order: String,
    return_something: String,
    talk_to_a_person: String,
}

/// The texts cannot be set as they are.
#[derive(Debug, thiserror::Error)]
pub enum ProfileTextError {
    #[error("it is not JSON as expected")]
    Unreadable(#[from] serde_json::Error),
    #[error("the locale \"default\" is missing, and Messenger wants it")]
    NoDefault,
    #[error("{locale}: {what} has {length} characters, and Messenger takes {most}; make the text shorter, or give a short --name")]
    TooLong { locale: String, what: &'static str, length: usize, most: usize },
    #[error("{locale}: {what} is blank")]
    Blank { locale: String, what: &'static str },
}

/// Makes the profile as it should be for a shop of this name.
pub(crate) fn wanted(shop: &str) -> Result<Map<String, Value>, ProfileTextError> {
    of_texts(TEXTS, shop)
}

fn of_texts(texts: &str, shop: &str) -> Result<Map<String, Value>, ProfileTextError> {
    let texts: BTreeMap<String, Texts> = serde_json::from_str(texts)?;
    if !texts.contains_key(DEFAULT) {
        return Err(ProfileTextError::NoDefault);
    }
    let (mut greetings, mut breakers, mut menus) = (Vec::new(), Vec::new(), Vec::new());
    for (locale, texts) in &texts {
        let checked = |what, text: &str, most| check(locale, what, text, most);
        let greeting = checked("greeting", &texts.greeting.replace(SHOP, shop), GREETING)?;
        greetings.push(json!({ "locale": locale, "text": greeting }));
        let question =
            |what, text, payload| Ok::<_, ProfileTextError>(json!({ "question": checked(what, text, QUESTION)?, "payload": payload }));
        let questions = [
            question("where_is_my_order", &texts.where_is_my_order, WHERE_IS_MY_ORDER)?,
            question("return_something", &texts.return_something, RETURN_SOMETHING)?,
            question("talk_to_a_person", &texts.talk_to_a_person, TALK_TO_A_PERSON)?,
        ];
        breakers.push(json!({ "locale": locale, "call_to_actions": questions }));
        let title = checked("talk_to_a_person", &texts.talk_to_a_person, TITLE)?;
        let person = json!({ "type": "postback", "title": title, "payload": TALK_TO_A_PERSON });
        menus.push(json!({ "locale": locale, "composer_input_disabled": false, "call_to_actions": [person] }));
    }
    check(DEFAULT, "payload", GET_STARTED, PAYLOAD)?;
    let [get_started, greeting, ice_breakers, persistent_menu] = PARTS;
    Ok([
        (get_started, json!({ "payload": GET_STARTED })),
        (greeting, Value::Array(greetings)),
        (ice_breakers, Value::Array(breakers)),
        (persistent_menu, Value::Array(menus)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect())
}

fn check(locale: &str, what: &'static str, text: &str, most: usize) -> Result<String, ProfileTextError> {
    let length = text.chars().count();
    if length > most {
        return Err(ProfileTextError::TooLong { locale: locale.into(), what, length, most });
    }
    if text.trim().is_empty() {
        return Err(ProfileTextError::Blank { locale: locale.into(), what });
    }
    Ok(text.to_owned())
}

/// Returns the parts that stand otherwise than they should.
pub(crate) fn differing(wanted: &Map<String, Value>, standing: &Map<String, Value>) -> Map<String, Value> {
    let differs = |(name, value): &(&String, &Value)| !standing.get(*name).is_some_and(|stands| covers(stands, value));
    wanted.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Tells whether what stands says all that is wanted. Meta adds fields of its own, and gives locales back in an order of its own.
fn covers(standing: &Value, wanted: &Value) -> bool {
    match (standing, wanted) {
        (Value::Object(standing), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| standing.get(key).is_some_and(|stands| covers(stands, value)))
        }
        (Value::Array(standing), Value::Array(wanted)) => {
            let (standing, wanted) = (by_locale(standing), by_locale(wanted));
            standing.len() == wanted.len() && standing.iter().zip(wanted).all(|(standing, wanted)| covers(standing, wanted))
        }
        (standing, wanted) => standing == wanted,
    }
}

/// Sorts what has locales by them; what has none keeps its order.
fn by_locale(values: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_by_key(|value| value.get("locale").and_then(Value::as_str));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_texts_stay_within_the_platforms_limits() {
        let profile = wanted("A Shop With Quite a Long Name For a Page").unwrap();
        assert_eq!(profile.keys().map(String::as_str).collect::<Vec<_>>(), PARTS);
        assert!(profile["ice_breakers"].as_array().unwrap().iter().all(|locale| locale["call_to_actions"].as_array().unwrap().len() <= 4));
    }

    #[test]
    fn a_name_that_makes_the_greeting_too_long_is_refused_before_the_call() {
        let error = wanted(&"x".repeat(160)).unwrap_err().to_string();
        assert!(error.contains("greeting") && error.contains("160"), "{error}");
    }

    #[test]
    fn a_default_locale_must_be_there() {
        let texts = TEXTS.replace("\"default\"", "\"en_US\"");
        assert!(matches!(of_texts(&texts, "Lamp Shop"), Err(ProfileTextError::NoDefault)));
    }

    #[test]
    fn what_meta_adds_or_sorts_otherwise_is_no_difference() {
        let wanted = wanted("Lamp Shop").unwrap();
        let mut standing = wanted.clone();
        standing["greeting"].as_array_mut().unwrap().reverse();
        standing["persistent_menu"][0]["disabled_surfaces"] = json!([]);
        assert!(differing(&wanted, &standing).is_empty());
        standing["greeting"][0]["text"] = json!("Hello");
        assert_eq!(differing(&wanted, &standing).keys().collect::<Vec<_>>(), ["greeting"]);
        standing.remove("get_started");
        assert_eq!(differing(&wanted, &standing).len(), 2);
    }
}
