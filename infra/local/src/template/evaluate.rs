//! Intrinsic functions, evaluated against the resources as they are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::{TemplateError, yaml};

/// What pseudo parameters are here.
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// A template with the values of its parameters.
#[derive(Debug)]
pub(super) struct Scope {
    document: Json,
    folder: PathBuf,
    stack_name: String,
    queue_base: String,
    parameters: BTreeMap<String, Json>,
}

impl Scope {
    pub(super) fn root(path: &Path, stack_name: &str, queue_base: &str) -> Result<Self, TemplateError> {
        Self::load(path, stack_name, queue_base, &BTreeMap::new())
    }

    fn load(path: &Path, stack_name: &str, queue_base: &str, given: &BTreeMap<String, Json>) -> Result<Self, TemplateError> {
        let document = yaml::load(path)?;
        let mut parameters = BTreeMap::new();
        for (name, declared) in object(&document, "Parameters") {
            let value = given.get(name).or_else(|| declared.get("Default")).cloned();
            let place = || format!("{}, parameter {name}", path.display());
            parameters.insert(name.clone(), value.ok_or_else(|| TemplateError::wrong(place(), "it has no value"))?);
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(Self { document, folder, stack_name: stack_name.into(), queue_base: queue_base.into(), parameters })
    }

    /// The resources of this template by logical id.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&String, &Json)> {
        object(&self.document, "Resources")
    }

    /// What `Globals` say of functions.
    pub(super) fn function_globals(&self) -> Option<&Json> {
        self.document.get("Globals")?.get("Function")
    }

    pub(super) fn physical_name(&self, logical_id: &str) -> String {
        format!("{}-{logical_id}", self.stack_name)
    }

    /// The template that a resource of type `AWS::Serverless::Application` nests.
    pub(super) fn nested(&self, logical_id: &str) -> Result<Self, TemplateError> {
        let place = || format!("resource {logical_id}");
        let properties = self.resource(logical_id)?.get("Properties").ok_or_else(|| TemplateError::wrong(place(), "no properties"))?;
        let location = properties.get("Location").and_then(Json::as_str).ok_or_else(|| TemplateError::wrong(place(), "no Location"))?;
        let mut given = BTreeMap::new();
        for (name, value) in object(properties, "Parameters") {
            given.insert(name.clone(), self.evaluate(value)?);
        }
        Self::load(&self.folder.join(location), &self.physical_name(logical_id), &self.queue_base, &given)
    }

    /// Replaces every intrinsic function in `value` by what it yields. `AWS::NoValue` removes the member that holds it.
    pub(super) fn evaluate(&self, value: &Json) -> Result<Json, TemplateError> {
        match value {
            Json::Object(fields) => self.evaluate_object(fields),
            Json::Array(items) => {
                let evaluated = items.iter().map(|item| self.evaluate(item)).collect::<Result<Vec<_>, _>>()?;
                Ok(Json::Array(evaluated.into_iter().filter(|item| !is_no_value(item)).collect()))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(value.clone()),
        }
    }

    fn evaluate_object(&self, fields: &Map<String, Json>) -> Result<Json, TemplateError> {
        if let Some((name, argument)) = fields.iter().next().filter(|(name, _)| fields.len() == 1 && is_intrinsic(name)) {
            return self.intrinsic(name, argument);
        }
        let mut evaluated = Map::new();
        for (name, value) in fields {
            let value = self.evaluate(value)?;
            if !is_no_value(&value) {
                evaluated.insert(name.clone(), value);
            }
        }
        Ok(Json::Object(evaluated))
    }

    fn intrinsic(&self, name: &str, argument: &Json) -> Result<Json, TemplateError> {
        let unknown = || TemplateError::wrong(name, format!("cannot be evaluated here: {argument}"));
        match (name, argument) {
            ("Ref", Json::String(target)) => self.reference(target),
            ("Fn::GetAtt", Json::Array(path)) => {
                let path: Vec<&str> = path.iter().filter_map(Json::as_str).collect();
                let (resource, attribute) = path.split_first().ok_or_else(unknown)?;
                self.attribute(resource, &attribute.join("."))
            }
            ("Fn::Sub", Json::String(text)) => self.substitute(text).map(Json::String),
            ("Fn::If", Json::Array(branches)) => {
                let [Json::String(condition), yes, no] = branches.as_slice() else { return Err(unknown()) };
                self.evaluate(if self.condition(condition)? { yes } else { no })
            }
            ("Fn::FindInMap", Json::Array(path)) => {
                let keys = path.iter().map(|key| self.evaluate(key)).collect::<Result<Vec<_>, _>>()?;
                let map = self.document.get("Mappings").ok_or_else(unknown)?;
                let found = keys.iter().try_fold(map, |map, key| map.get(key.as_str()?));
                found.cloned().ok_or_else(unknown)
            }
            ("Fn::Join", Json::Array(arguments)) => {
                let [Json::String(separator), items] = arguments.as_slice() else { return Err(unknown()) };
                let items = self.evaluate(items)?;
                let texts: Vec<String> = items.as_array().ok_or_else(unknown)?.iter().map(text_of).collect();
                Ok(Json::String(texts.join(separator)))
            }
            _ => Err(unknown()),
        }
    }

    fn reference(&self, target: &str) -> Result<Json, TemplateError> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        let pseudo = match target {
            "AWS::StackName" => Some(self.stack_name.clone()),
            "AWS::Region" => Some(REGION.to_owned()),
            "AWS::AccountId" => Some(ACCOUNT.to_owned()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            "AWS::NoValue" => return Ok(no_value()),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(Json::String(value));
        }
        // `Ref: Function.Alias` is SAM's; a version of a function is the function here.
        if let Some((function, "Alias" | "Version")) = target.split_once('.') {
            return self.attribute(function, "Arn");
        }
        let value = match self.resource_type(target)? {
            "AWS::SQS::Queue" => format!("{}/{ACCOUNT}/{}", self.queue_base, self.queue_name(target)?),
            _ => self.physical_name(target),
        };
        Ok(Json::String(value))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Json, TemplateError> {
        let value = match (self.resource_type(resource)?, attribute) {
            ("AWS::Serverless::Application", output) => return self.output(resource, output),
            ("AWS::SQS::Queue", "Arn") => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.queue_name(resource)?),
            ("AWS::SQS::Queue", "QueueName") => self.queue_name(resource)?,
            ("AWS::Serverless::Function", "Arn") => {
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.physical_name(resource))
            }
            (_, "Arn") => format!("arn:aws:local:{REGION}:{ACCOUNT}:{}", self.physical_name(resource)),
            _ => format!("{}.{attribute}", self.physical_name(resource)),
        };
        Ok(Json::String(value))
    }

    fn output(&self, application: &str, path: &str) -> Result<Json, TemplateError> {
        let nested = self.nested(application)?;
        let name = path.strip_prefix("Outputs.").unwrap_or(path);
        let output = nested.document.get("Outputs").and_then(|outputs| outputs.get(name)).and_then(|output| output.get("Value"));
        let output = output.ok_or_else(|| TemplateError::wrong(format!("resource {application}"), format!("has no output {name}")))?;
        nested.evaluate(output)
    }

    /// A queue's name: the one it asks for, else one that is made up.
    pub(super) fn queue_name(&self, logical_id: &str) -> Result<String, TemplateError> {
        let asked = self.resource(logical_id)?.get("Properties").and_then(|properties| properties.get("QueueName"));
        match asked {
            Some(name) => Ok(text_of(&self.evaluate(name)?)),
            None => Ok(self.physical_name(logical_id)),
        }
    }

    fn substitute(&self, text: &str) -> Result<String, TemplateError> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("${") {
            let (name, after) = tail.split_once('}').ok_or_else(|| TemplateError::wrong("Fn::Sub", format!("no }} in {text}")))?;
            done.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                done.extend(["${", literal, "}"]);
            } else {
                done.push_str(&text_of(&self.named(name)?));
            }
            rest = after;
        }
        done.push_str(rest);
        Ok(done)
    }

    /// A name in `Fn::Sub`: a parameter or resource, or an attribute after a dot.
    fn named(&self, name: &str) -> Result<Json, TemplateError> {
        match name.split_once('.') {
            Some((resource, attribute)) if !name.starts_with("AWS::") => self.attribute(resource, attribute),
            Some(_) | None => self.reference(name),
        }
    }

    /// Tells whether a condition holds.
    pub(super) fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        let declared = self.document.get("Conditions").and_then(|conditions| conditions.get(name));
        self.holds(declared.ok_or_else(|| TemplateError::wrong(format!("condition {name}"), "is not declared"))?)
    }

    fn holds(&self, condition: &Json) -> Result<bool, TemplateError> {
        let unknown = || TemplateError::wrong("a condition", format!("cannot be evaluated here: {condition}"));
        let (name, argument) = condition.as_object().and_then(|fields| fields.iter().next()).ok_or_else(unknown)?;
        match (name.as_str(), argument) {
            ("Condition", Json::String(name)) => self.condition(name),
            ("Fn::Not", Json::Array(inner)) => Ok(!self.holds(inner.first().ok_or_else(unknown)?)?),
            ("Fn::And", Json::Array(inner)) => inner.iter().try_fold(true, |all, one| Ok(all && self.holds(one)?)),
            ("Fn::Or", Json::Array(inner)) => inner.iter().try_fold(false, |any, one| Ok(any || self.holds(one)?)),
            ("Fn::Equals", Json::Array(sides)) => {
                let [left, right] = sides.as_slice() else { return Err(unknown()) };
                Ok(text_of(&self.evaluate(left)?) == text_of(&self.evaluate(right)?))
            }
            _ => Err(unknown()),
        }
    }

    fn resource(&self, logical_id: &str) -> Result<&Json, TemplateError> {
        let found = self.document.get("Resources").and_then(|resources| resources.get(logical_id));
        found.ok_or_else(|| TemplateError::wrong(logical_id, "is neither a parameter nor a resource of the template"))
    }

    fn resource_type(&self, logical_id: &str) -> Result<&str, TemplateError> {
        let kind = self.resource(logical_id)?.get("Type").and_then(Json::as_str);
        kind.ok_or_else(|| TemplateError::wrong(format!("resource {logical_id}"), "has no type"))
    }
}

/// The members of an object, or none when there is no such object.
pub(super) fn object<'a>(value: &'a Json, name: &str) -> impl Iterator<Item = (&'a String, &'a Json)> {
    value.get(name).and_then(Json::as_object).into_iter().flatten()
}

/// A scalar as text, as CloudFormation passes parameters.
pub(super) fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_intrinsic(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

fn no_value() -> Json {
    Json::String("AWS::NoValue".into())
}

fn is_no_value(value: &Json) -> bool {
    value.as_str() == Some("AWS::NoValue")
}
