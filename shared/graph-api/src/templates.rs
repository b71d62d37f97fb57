//! The utility templates of a Page: what stands, and a new one.
//!
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>
//! - <https://developers.facebook.com/docs/graph-api/reference/page/message_templates/>

use domain::template::catalogue::{Piece, Wording};
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::record::data;
use crate::setup::{SetupApi, SetupError};

/// How many templates a call lists. Unconfirmed for this list; Graph's usual most.
const A_CALL: &str = "100";

/// How often the list is followed: more templates than that no Page has.
const MOST_CALLS: usize = 50;

/// A template as its Page lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTemplate {
    pub name: String,
    pub language: String,
    /// Meta's word: `APPROVED`.
    pub status: String,
    pub reason: Option<String>,
    /// The names of the body's blanks, in their order.
    pub blanks: Vec<String>,
    /// Whether a button's address has a blank.
    pub has_button: bool,
}

impl SetupApi {
    /// Lists the templates of the Page.
    pub async fn templates(&self) -> Result<Vec<ListedTemplate>, SetupError> {
        let mut listed = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MOST_CALLS {
            let mut query = vec![("limit", A_CALL)];
            query.extend(after.as_deref().map(|after| ("after", after)));
            let answer = self.ask("message_templates", Method::GET, &[self.page().as_str(), "message_templates"], &query, None).await?;
            listed.extend(data(&answer).iter().filter_map(template));
            after = next(&answer);
            if after.is_none() {
                break;
            }
        }
        Ok(listed)
    }

    /// Creates a template and returns Meta's word for its status. The button leads to `base` with a number behind it; without one there is no
    /// button.
    pub async fn create_template(&self, wording: &Wording, language: &str, base: Option<&str>) -> Result<String, SetupError> {
        let path = [self.page().as_str(), "message_templates"];
        let answer = self.ask("message_templates", Method::POST, &path, &[], Some(body(wording, language, base))).await?;
        Ok(answer.text("status").unwrap_or("PENDING").to_owned())
    }
}

fn next(answer: &Answer) -> Option<String> {
    let paging = answer.body.as_ref()?.get("paging")?;
    paging.get("next")?;
    paging.get("cursors")?.get("after")?.as_str().map(str::to_owned)
}

/// Reads an entry of the list; nothing when it has no name, language or status.
fn template(entry: &Value) -> Option<ListedTemplate> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let components = entry.get("components").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let body = of_kind(components, "BODY").find_map(|component| component.get("text")?.as_str()).unwrap_or_default();
    let buttons = of_kind(components, "BUTTONS").filter_map(|component| component.get("buttons")?.as_array()).flatten();
    let mut addresses = buttons.filter_map(|button| button.get("url")?.as_str());
    Some(ListedTemplate {
        name: text("name")?,
        language: text("language")?,
        status: text("status")?,
        reason: text("rejected_reason").or_else(|| text("reason")).filter(|reason| reason != "NONE"),
        blanks: body.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim().to_owned())).collect(),
        has_button: addresses.any(|address| address.contains("{{")),
    })
}

fn of_kind<'a>(components: &'a [Value], kind: &'static str) -> impl Iterator<Item = &'a Value> {
    components.iter().filter(move |it| it.get("type").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(kind)))
}

/// Writes a template as it is created. Named parameters stand in the body only; a button's stays positional.
fn body(wording: &Wording, language: &str, base: Option<&str>) -> Value {
    let example = |blank: &str| wording.example.get(blank).map_or("", String::as_str);
    let blanks: Vec<Value> = wording
        .pieces()
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Blank(blank) => Some(json!({ "param_name": blank, "example": example(blank) })),
            Piece::Fixed(_) => None,
        })
        .collect();
    let mut components = vec![json!({ "type": "BODY", "text": wording.body, "example": { "body_text_named_params": blanks } })];
    if let Some(base) = base {
        let number = example("order_number");
        let button = json!({
            "type": "URL",
            "text": wording.button,
            "url": format!("{base}{{{{1}}}}"),
            "example": { "url_suffix_example": format!("{base}{number}") },
        });
        components.push(json!({ "type": "BUTTONS", "buttons": [button] }));
    }
    json!({ "name": wording.name, "language": language, "category": "UTILITY", "parameter_format": "NAMED", "components": components })
}

#[cfg(test)]
mod tests {
    use domain::template::catalogue::LeadsTo;

    use super::*;

    #[test]
    fn a_template_is_created_as_documented() {
        let path = format!("{}/../../tests/payloads/graph/request-utility_template_create.json", env!("CARGO_MANIFEST_DIR"));
        let documented: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let text = documented["components"][0]["text"].as_str().unwrap();
        let example = [("customer_name", "Mia"), ("order_number", "20418"), ("carrier", "DHL")];
        let wording = Wording {
            name: "order_shipped_v1".into(),
            body: text.replace("order_id", "order_number"),
            button: "Track order".into(),
            leads_to: LeadsTo::Parcel,
            example: example.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        let written = body(&wording, "en", Some("https://shop.example/t/")).to_string().replace("order_number", "order_id");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), documented);
        assert_eq!(body(&wording, "en", None)["components"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn an_entry_tells_its_blanks_and_whether_its_button_wants_a_number() {
        let entry = |url: &str| {
            json!({"name": "n", "language": "en", "status": "REJECTED", "rejected_reason": "INCORRECT_PARAMS", "components": [
                {"type": "body", "text": "Hi {{a}}, it is {{ b }} today."},
                {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Go", "url": url}]},
            ]})
        };
        let read = template(&entry("https://shop.example/{{1}}")).unwrap();
        assert_eq!((read.blanks, read.has_button, read.reason.as_deref()), (vec!["a".into(), "b".into()], true, Some("INCORRECT_PARAMS")));
        assert!(!template(&entry("https://shop.example/")).unwrap().has_button);
        assert_eq!(template(&json!({"name": "n"})), None);
    }
}
