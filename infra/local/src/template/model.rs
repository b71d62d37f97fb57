//! What of a template the local stack runs: queues, tables, functions with their triggers, and routes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::TemplateError;
use super::evaluate::{Scope, object, text_of};

/// Everything that is to run.
#[derive(Debug, Default)]
pub struct StackModel {
    pub queues: Vec<Queue>,
    pub tables: Vec<Table>,
    pub functions: Vec<Function>,
    pub routes: Vec<Route>,
}

/// A queue with its attributes as the API of SQS spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
}

/// A table: its properties are those of `CreateTable`.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub name: String,
    pub properties: Json,
}

/// A function with what triggers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    pub arn: String,
    /// The last part of `CodeUri`: which of the functions it is.
    pub code: String,
    pub timeout: Duration,
    pub environment: BTreeMap<String, String>,
    pub queues: Vec<QueueSource>,
    pub schedules: Vec<Duration>,
}

/// A queue that a function works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    pub queue_arn: String,
    pub batch_size: usize,
    pub concurrency: usize,
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Nothing stands for any.
    pub method: Option<String>,
    /// With `{name}` for one segment and `{name+}` for the rest.
    pub path: String,
    pub function_arn: String,
    pub timeout: Duration,
}

/// A resource as CloudFormation makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub id: String,
    pub kind: String,
    /// What `Ref` yields of it.
    pub reference: String,
    pub properties: Json,
}

/// Resources that need nothing here: permissions, logs and the stage are the cloud's.
const QUIET: [&str; 4] =
    ["AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Integration", "AWS::Lambda::Permission"];

/// Resources of which the local stack takes no notice, by the beginning of their type.
const OF_THE_CLOUD: [&str; 8] = [
    "AWS::IAM::",
    "AWS::Logs::",
    "AWS::CloudWatch::",
    "AWS::SNS::",
    "AWS::Budgets::",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::",
    "AWS::CodeDeploy::",
];

pub(super) fn build(scope: &Scope) -> Result<StackModel, TemplateError> {
    let mut model = StackModel::default();
    add(&mut model, scope)?;
    Ok(model)
}

pub(super) fn resources(scope: &Scope) -> Result<Vec<Resource>, TemplateError> {
    let mut found = Vec::new();
    for (id, resource) in scope.resources() {
        let kind = resource.get("Type").and_then(Json::as_str).unwrap_or_default().to_owned();
        if kind == "AWS::Serverless::Application" {
            found.extend(resources(&scope.nested(id)?)?);
        }
        let reference = text_of(&scope.evaluate(&serde_json::json!({ "Ref": id }))?);
        let properties = scope.evaluate(resource.get("Properties").unwrap_or(&Json::Null))?;
        found.push(Resource { id: id.clone(), kind, reference, properties });
    }
    Ok(found)
}

fn add(model: &mut StackModel, scope: &Scope) -> Result<(), TemplateError> {
    for (id, resource) in scope.resources() {
        if let Some(condition) = resource.get("Condition").and_then(Json::as_str)
            && !scope.condition(condition)?
        {
            continue;
        }
        let kind = resource.get("Type").and_then(Json::as_str).unwrap_or_default();
        let properties = || scope.evaluate(resource.get("Properties").unwrap_or(&Json::Null));
        match kind {
            "AWS::SQS::Queue" => model.queues.push(queue(scope.queue_name(id)?, &properties()?)),
            "AWS::DynamoDB::Table" => model.tables.push(Table { name: scope.physical_name(id), properties: properties()? }),
            "AWS::Serverless::Function" => model.functions.push(function(scope, id, &properties()?)?),
            "AWS::ApiGatewayV2::Route" => model.routes.push(route(scope, id, &properties()?)?),
            "AWS::Serverless::Application" => add(model, &scope.nested(id)?)?,
            other if QUIET.contains(&other) || OF_THE_CLOUD.iter().any(|prefix| other.starts_with(prefix)) => {}
            other => return Err(TemplateError::wrong(format!("resource {id}"), format!("the local stack does not know {other}"))),
        }
    }
    Ok(())
}

/// CloudFormation's properties of a queue are the API's attributes, but for the name and the shape of the redrive policy.
fn queue(name: String, properties: &Json) -> Queue {
    let is_attribute = |name: &str| !matches!(name, "QueueName" | "Tags");
    let fields = properties.as_object().into_iter().flatten();
    let attributes = fields.filter(|(name, _)| is_attribute(name)).map(|(name, value)| (name.clone(), text_of(value))).collect();
    Queue { name, attributes }
}

fn function(scope: &Scope, id: &str, properties: &Json) -> Result<Function, TemplateError> {
    let place = || format!("function {id}");
    let globals = scope.function_globals().map(|globals| scope.evaluate(globals)).transpose()?.unwrap_or_default();
    let code = properties.get("CodeUri").and_then(Json::as_str).and_then(|uri| uri.trim_end_matches('/').rsplit('/').next());
    let timeout = properties.get("Timeout").or_else(|| globals.get("Timeout")).and_then(Json::as_u64).unwrap_or(3);
    let mut function = Function {
        arn: text_of(&scope.evaluate(&serde_json::json!({ "Fn::GetAtt": [id, "Arn"] }))?),
        code: code.ok_or_else(|| TemplateError::wrong(place(), "no CodeUri"))?.to_owned(),
        timeout: Duration::from_secs(timeout),
        environment: environment(&globals).chain(environment(properties)).collect(),
        queues: Vec::new(),
        schedules: Vec::new(),
    };
    for (name, event) in object(properties, "Events") {
        let kind = event.get("Type").and_then(Json::as_str).unwrap_or_default();
        let settings = event.get("Properties").unwrap_or(&Json::Null);
        match kind {
            "SQS" => function.queues.push(queue_source(settings)),
            "Schedule" | "ScheduleV2" => {
                let expression = settings.get("ScheduleExpression").or_else(|| settings.get("Schedule")).and_then(Json::as_str);
                let every = expression.and_then(rate);
                function.schedules.push(every.ok_or_else(|| TemplateError::wrong(place(), format!("{name} is no rate(…)")))?);
            }
            other => return Err(TemplateError::wrong(place(), format!("the local stack does not know events of type {other}"))),
        }
    }
    Ok(function)
}

fn environment(properties: &Json) -> impl Iterator<Item = (String, String)> {
    let variables = properties.get("Environment").and_then(|environment| environment.get("Variables")).and_then(Json::as_object);
    variables.into_iter().flatten().map(|(name, value)| (name.clone(), text_of(value)))
}

fn queue_source(settings: &Json) -> QueueSource {
    let number = |value: Option<&Json>| value.and_then(|value| text_of(value).parse().ok());
    let concurrency = settings.get("ScalingConfig").and_then(|scaling| scaling.get("MaximumConcurrency"));
    QueueSource {
        queue_arn: settings.get("Queue").map(text_of).unwrap_or_default(),
        batch_size: number(settings.get("BatchSize")).unwrap_or(10),
        concurrency: number(concurrency).unwrap_or(10),
    }
}

/// `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)`, `rate(1 day)`.
fn rate(expression: &str) -> Option<Duration> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(count.parse::<u64>().ok()?.checked_mul(seconds)?))
}

fn route(scope: &Scope, id: &str, properties: &Json) -> Result<Route, TemplateError> {
    let wrong = |reason: &str| TemplateError::wrong(format!("route {id}"), reason);
    let key = properties.get("RouteKey").and_then(Json::as_str).ok_or_else(|| wrong("no RouteKey"))?;
    let (method, path) = key.split_once(' ').ok_or_else(|| wrong("its RouteKey is not 'METHOD /path'"))?;
    let target = properties.get("Target").and_then(Json::as_str).and_then(|target| target.strip_prefix("integrations/"));
    let target = target.ok_or_else(|| wrong("its Target is not integrations/…"))?;
    let integration = scope.resources().find(|(id, _)| scope.physical_name(id) == target).map(|(_, resource)| resource);
    let integration = integration.and_then(|resource| resource.get("Properties")).ok_or_else(|| wrong("its integration is missing"))?;
    let integration = scope.evaluate(integration)?;
    let timeout = integration.get("TimeoutInMillis").and_then(Json::as_u64).unwrap_or(30_000);
    Ok(Route {
        method: (method != "ANY").then(|| method.to_owned()),
        path: path.to_owned(),
        function_arn: integration.get("IntegrationUri").map(text_of).unwrap_or_default(),
        timeout: Duration::from_millis(timeout),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_other_expressions_refused() {
        assert_eq!(rate("rate(1 minute)"), Some(Duration::from_mins(1)));
        assert_eq!(rate("rate(5 minutes)"), Some(Duration::from_mins(5)));
        assert_eq!(rate("rate(1 day)"), Some(Duration::from_hours(24)));
        assert_eq!(rate("cron(0 10 * * ? *)"), None);
    }
}
