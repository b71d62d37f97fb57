//! Utility templates: created once, approved, then sent at any time with their blanks filled in.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages> (March 13,
//! 2026), <https://developers.facebook.com/docs/graph-api/reference/page/message_templates/>

mod blanks;

use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use self::blanks::Values;
use super::answer::Failure;
use super::call::Call;
use super::errors::Refusal;
use super::shape::{Checked, Fields};
use crate::ids;
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::counters;
use crate::store::graph_objects::{self, Template};
use crate::store::messages::Content;

const NAME: usize = 512;
const APPROVED: &str = "APPROVED";

/// More words of parameters than this share of the body, and review answers `PARAMS_TO_WORD_RATIO_EXCEED_LIMIT`. Unconfirmed:
/// Meta gives no number.
const WORDS_FOR_A_PARAMETER: usize = 3;

/// `POST /{page}/message_templates`. Review takes no time here.
pub(crate) fn create(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let fields = call.fields();
    let name = fields.text("name", NAME)?;
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        return Err(fields.wrong("name", "holds something else than a-z, 0-9 and _").into());
    }
    let language = fields.text("language", NAME)?;
    fields.word("category", &["UTILITY"])?;
    let status = review(&fields)?;
    let json = json!({
        "name": name, "language": language, "category": "UTILITY",
        "parameter_format": fields.optional_text("parameter_format", NAME)?.unwrap_or("POSITIONAL"),
        "components": fields.value("components"),
    });
    let id = simulator.parts().store.run(|tx| {
        let id = ids::object_id("template", counters::next(tx, "template")?);
        let (name, language, status) = (name.to_owned(), language.to_owned(), status.to_owned());
        let template = Template { id: id.clone(), name, language, status, json };
        graph_objects::keep_template(tx, &page.id, &template)?;
        Ok::<_, Failure>(id)
    })?;
    simulator.changed();
    Ok(json!({"id": id, "status": status, "category": "UTILITY"}))
}

/// Checks the components; gives the status that review arrives at.
fn review(fields: &Fields<'_>) -> Checked<&'static str> {
    let components = fields.objects("components", 1, 3)?;
    let mut status = None;
    for component in &components {
        match component.text("type", NAME)?.to_ascii_uppercase().as_str() {
            "HEADER" => _ = component.text("format", NAME)?,
            "BODY" => {
                let text = component.text("text", usize::MAX)?;
                let blanks = blanks::names(text);
                if blanks::at_an_end(text) {
                    return Err(component.wrong("text", "begins or ends with a parameter"));
                }
                if !blanks::in_sequence(&blanks) {
                    return Err(component.wrong("text", "does not count its parameters from 1"));
                }
                if !blanks.is_empty() && !component.has("example") {
                    return Err(component.wrong("example", "is missing"));
                }
                let words = text.split_whitespace().count().saturating_sub(blanks.len());
                let enough = words >= blanks.len() * WORDS_FOR_A_PARAMETER;
                status = Some(if enough { APPROVED } else { "REJECTED" });
            }
            "BUTTONS" => {
                for button in component.objects("buttons", 1, 3)? {
                    button.text("text", 20)?;
                    if button.word("type", &["URL", "POSTBACK"])? == "URL" {
                        button.url("url")?;
                    } else {
                        button.text("payload", 1_000)?;
                    }
                }
            }
            _ => return Err(component.wrong("type", "is none of HEADER, BODY, BUTTONS")),
        }
    }
    status.ok_or_else(|| fields.wrong("components", "have no BODY"))
}

/// `GET /{page}/message_templates[?name=]`.
pub(crate) fn list(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let templates = simulator.parts().store.run(|tx| graph_objects::templates(tx, &page.id))?;
    let wanted = call.param("name");
    let data: Vec<Value> = templates
        .into_iter()
        .filter(|template| wanted.is_none_or(|name| name == template.name))
        .map(|template| {
            let mut shown = template.json.as_object().cloned().unwrap_or_default();
            shown.insert("id".to_owned(), Value::from(template.id));
            shown.insert("status".to_owned(), Value::from(template.status));
            Value::Object(shown)
        })
        .collect();
    Ok(json!({"data": data}))
}

/// `DELETE /{page}/message_templates?name=`.
pub(crate) fn delete(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let fields = call.fields();
    let name = fields.text("name", NAME)?;
    let dropped = simulator.parts().store.run(|tx| graph_objects::drop_template(tx, &page.id, name))?;
    if dropped { Ok(json!({"success": true})) } else { Err(fields.wrong("name", "names no template").into()) }
}

/// Fills a template for one person.
pub(crate) fn render(tx: &Transaction<'_>, page_id: &str, fields: &Fields<'_>) -> Result<Content, Failure> {
    let name = fields.text("name", NAME)?;
    let language = fields.object("language")?.text("code", NAME)?;
    let templates = graph_objects::templates(tx, page_id)?;
    let template = templates.into_iter().find(|template| template.name == name && template.language == language);
    let template = template.ok_or_else(|| fields.wrong("name", "names no template in this language"))?;
    if template.status != APPROVED {
        return Err(Refusal::invalid(format!("template {name} is {}", template.status)).into());
    }
    Ok(fill(&template, fields)?)
}

fn fill(template: &Template, fields: &Fields<'_>) -> Checked<Content> {
    let declared = template.json.as_object().map(Fields::top).ok_or_else(|| Refusal::invalid("template is no object"))?;
    let given = fields.objects("components", 0, 3)?;
    let given_for = |kind: &str| given.iter().find(|component| component.text("type", NAME).is_ok_and(|it| it.eq_ignore_ascii_case(kind)));
    let (mut header, mut body, mut buttons) = (None, String::new(), Vec::new());
    for component in declared.objects("components", 1, 3)? {
        let kind = component.text("type", NAME)?.to_ascii_uppercase();
        match kind.as_str() {
            "HEADER" => {
                let text = component.optional_text("text", usize::MAX)?;
                header = text.map(|text| Values::read(given_for(&kind))?.fill(text)).transpose()?;
            }
            "BODY" => body = Values::read(given_for(&kind))?.fill(component.text("text", usize::MAX)?)?,
            _ => buttons = fill_buttons(&component, given_for(&kind))?,
        }
    }
    let mut content = Content { utility: Some(template.name.clone()), ..Content::default() };
    if header.is_none() && buttons.is_empty() {
        content.text = Some(body);
    } else {
        // As in the Conversations API: with header or buttons it looks like a generic template.
        let mut element = Map::new();
        element.insert("title".to_owned(), Value::from(header.clone().unwrap_or_else(|| body.clone())));
        if header.is_some() {
            element.insert("subtitle".to_owned(), Value::from(body));
        }
        if !buttons.is_empty() {
            element.insert("buttons".to_owned(), Value::from(buttons));
        }
        let payload = json!({"template_type": "generic", "elements": [element]});
        content.attachments = vec![json!({"type": "template", "payload": payload})];
    }
    Ok(content)
}

/// Buttons stay positional: the n-th parameter belongs to the n-th button.
fn fill_buttons(declared: &Fields<'_>, given: Option<&Fields<'_>>) -> Checked<Vec<Value>> {
    let given = given.map_or(Ok(Vec::new()), |given| given.objects("parameters", 0, 3))?;
    let mut buttons = Vec::new();
    for (place, button) in declared.objects("buttons", 1, 3)?.into_iter().enumerate() {
        let (key, kind) = if button.word("type", &["URL", "POSTBACK"])? == "URL" { ("url", "web_url") } else { ("payload", "postback") };
        let pattern = button.text(key, usize::MAX)?;
        let value = given.get(place).map_or(Ok(None), |parameter| parameter.optional_text(key, 1_000))?;
        let filled = blanks::fill_button(pattern, value).ok_or_else(|| button.wrong(key, "has a blank that nothing fills"))?;
        buttons.push(json!({"type": kind, "title": button.text("text", 20)?, key: filled}));
    }
    Ok(buttons)
}
