//! YAML with CloudFormation's short tags, as JSON with the long forms: `!Ref X` becomes `{"Ref": "X"}`.

use std::path::Path;

use serde_json::{Map, Value as Json};
use serde_yaml_ng::Value as Yaml;

use super::TemplateError;

pub(super) fn load(path: &Path) -> Result<Json, TemplateError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: shown.clone(), source })?;
    let yaml: Yaml = serde_yaml_ng::from_str(&text).map_err(|source| TemplateError::Yaml { path: shown.clone(), source })?;
    to_json(yaml).ok_or_else(|| TemplateError::wrong(shown, "a key is not text"))
}

fn to_json(yaml: Yaml) -> Option<Json> {
    Some(match yaml {
        Yaml::Null => Json::Null,
        Yaml::Bool(value) => Json::Bool(value),
        Yaml::Number(number) => serde_json::to_value(number).ok()?,
        Yaml::String(text) => Json::String(text),
        Yaml::Sequence(items) => Json::Array(items.into_iter().map(to_json).collect::<Option<_>>()?),
        Yaml::Mapping(fields) => {
            let entry = |(key, value)| Some((key_text(key)?, to_json(value)?));
            Json::Object(fields.into_iter().map(entry).collect::<Option<_>>()?)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let (name, value) = long_form(tag.trim_start_matches('!'), to_json(tagged.value)?);
            Json::Object(Map::from_iter([(name, value)]))
        }
    })
}

fn key_text(key: Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(value) => Some(value.to_string()),
        Yaml::Null | Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => None,
    }
}

fn long_form(tag: &str, value: Json) -> (String, Json) {
    match (tag, value) {
        ("Ref" | "Condition", value) => (tag.to_owned(), value),
        ("GetAtt", Json::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            ("Fn::GetAtt".to_owned(), Json::from(vec![resource, attribute]))
        }
        (tag, value) => (format!("Fn::{tag}"), value),
    }
}
