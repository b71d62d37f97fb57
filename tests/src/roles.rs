//! The roles of `template.yaml`, held against what functions call: on this machine as IAM would in the cloud.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use local_stack::Stack;
use local_stack::template::{self, Resource};
use serde_json::{Value as Json, json};

use crate::proxy::{Deed, Proxy, Seen, dynamodb_error};
use crate::repository;

/// A function, what it does, and to what: `ingest`, `dynamodb:PutItem`, the end of a resource's name.
pub type Permission = (String, String, String);

/// What was called in this process.
static USED: Mutex<BTreeSet<Permission>> = Mutex::new(BTreeSet::new());

/// Stands between a stack's functions and its stores.
#[derive(Debug)]
pub struct Guard {
    dynamodb: Proxy,
    sqs: Proxy,
    denied: Arc<Mutex<BTreeSet<Permission>>>,
    failing: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Guard {
    pub async fn start() -> Self {
        let guard = Self { dynamodb: Proxy::start().await, sqs: Proxy::start().await, denied: Arc::default(), failing: Arc::default() };
        let allowed = Arc::new(allowed());
        for proxy in [&guard.dynamodb, &guard.sqs] {
            let (allowed, denied, failing) = (Arc::clone(&allowed), Arc::clone(&guard.denied), Arc::clone(&guard.failing));
            proxy.rule(
                move |seen| if fails(seen, &failing) { dynamodb_error("InternalServerError") } else { judge(seen, &allowed, &denied) },
            );
        }
        guard
    }

    /// The variables with which a stack puts it there.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> + use<> {
        [("SHOPBELL_DYNAMODB_URL".to_owned(), self.dynamodb.url()), ("SHOPBELL_SQS_URL".to_owned(), self.sqs.url())].into_iter()
    }

    /// Makes the next calls of a function to the table fail.
    pub fn table_fails(&self, function: &str, times: u32) {
        self.failing.lock().expect("no panic within").insert(function.to_owned(), times);
    }

    pub fn stands_before(&self, stack: &Stack) {
        self.dynamodb.to(stack.dynamodb_url());
        self.sqs.to(stack.sqs_url());
    }
}

impl Drop for Guard {
    /// A call that a function's role does not allow fails the journey.
    fn drop(&mut self) {
        let denied = self.denied.lock().expect("no panic within");
        assert!(denied.is_empty() || std::thread::panicking(), "template.yaml does not allow {denied:#?}");
    }
}

/// What was called by any stack of this process.
#[must_use]
pub fn used() -> BTreeSet<Permission> {
    USED.lock().expect("no panic within").clone()
}

/// What the template's roles allow on tables and queues, but for what Lambda itself does with a queue that it polls.
#[must_use]
pub fn allowed() -> BTreeSet<Permission> {
    let resources = template::resources(&repository().join("template.yaml"), "shopbell", "http://127.0.0.1:1").expect("the template");
    let of_role: BTreeMap<String, String> =
        resources.iter().filter(|resource| resource.kind == "AWS::Serverless::Function").map(function).collect();
    let mut allowed = BTreeSet::new();
    for resource in &resources {
        let Some(function) = of_role.get(&resource.id) else { continue };
        for statement in statements(resource) {
            for (action, on) in pairs(&statement) {
                if is_ours(&statement, &action) {
                    allowed.insert((function.clone(), action, end_of(&on)));
                }
            }
        }
    }
    allowed
}

/// The id of a function's role, and the function.
fn function(resource: &Resource) -> (String, String) {
    let role = resource.properties["Role"].as_str().unwrap_or_default();
    let code = resource.properties["CodeUri"].as_str().unwrap_or_default();
    (role.rsplit('-').next().unwrap_or_default().to_owned(), code.rsplit('/').next().unwrap_or_default().to_owned())
}

fn statements(role: &Resource) -> Vec<Json> {
    let policies = role.properties["Policies"].as_array().into_iter().flatten();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default()).collect()
}

fn pairs(statement: &Json) -> Vec<(String, String)> {
    let texts = |value: &Json| -> Vec<String> {
        let one = value.as_str().map(str::to_owned);
        one.into_iter().chain(value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned)).collect()
    };
    let resources = texts(&statement["Resource"]);
    texts(&statement["Action"]).into_iter().flat_map(|action| resources.clone().into_iter().map(move |on| (action.clone(), on))).collect()
}

/// Lambda polls a queue under the function's role; the function itself only gives messages back.
fn is_ours(statement: &Json, action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    matches!(service, "dynamodb" | "sqs") && (statement["Sid"] != "Poll" || action == "sqs:ChangeMessageVisibility")
}

/// The last part of a name: `Table`, `Table/index/due`, `shopbell-outbound.fifo`.
fn end_of(arn: &str) -> String {
    let name = arn.rsplit(':').next().unwrap_or_default();
    name.rsplit_once("Data-").map_or(name, |(_, table)| table).to_owned()
}

fn fails(seen: &Seen, failing: &Mutex<BTreeMap<String, u32>>) -> bool {
    let mut failing = failing.lock().expect("no panic within");
    match failing.get_mut(&seen.caller) {
        Some(times) if *times > 0 && seen.operation.starts_with("DynamoDB") => {
            *times -= 1;
            true
        }
        Some(_) | None => false,
    }
}

fn judge(seen: &Seen, allowed: &BTreeSet<Permission>, denied: &Mutex<BTreeSet<Permission>>) -> Deed {
    // Whoever is no function has no role.
    if !allowed.iter().any(|(function, ..)| *function == seen.caller) {
        return Deed::Pass;
    }
    let wanted = permissions(seen);
    USED.lock().expect("no panic within").extend(wanted.iter().cloned());
    let missing: Vec<_> = wanted.into_iter().filter(|permission| !allowed.contains(permission)).collect();
    if missing.is_empty() {
        return Deed::Pass;
    }
    denied.lock().expect("no panic within").extend(missing);
    Deed::Answer(400, json!({ "__type": "AccessDeniedException", "message": "the role does not allow it" }).to_string())
}

/// What a call needs.
fn permissions(seen: &Seen) -> Vec<Permission> {
    let body: Json = serde_json::from_slice(&seen.body).unwrap_or_default();
    let of = |action: &str, on: &str| (seen.caller.clone(), action.to_owned(), end_of(on));
    let (service, operation) = seen.operation.split_once('.').unwrap_or_default();
    if service == "AmazonSQS" {
        // A batch needs what its single calls need.
        let queue = body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        return vec![of(&format!("sqs:{}", operation.trim_end_matches("Batch")), queue)];
    }
    match operation {
        "TransactWriteItems" => {
            let writes = body["TransactItems"].as_array().into_iter().flatten().filter_map(Json::as_object).flatten();
            writes.map(|(kind, write)| of(&transacted(kind), write["TableName"].as_str().unwrap_or_default())).collect()
        }
        "BatchGetItem" => {
            body["RequestItems"].as_object().into_iter().flatten().map(|(table, _)| of("dynamodb:BatchGetItem", table)).collect()
        }
        _ => {
            let table = body["TableName"].as_str().unwrap_or_default();
            let on = body["IndexName"].as_str().map_or_else(|| table.to_owned(), |index| format!("{table}/index/{index}"));
            vec![of(&format!("dynamodb:{operation}"), &on)]
        }
    }
}

fn transacted(kind: &str) -> String {
    if kind == "ConditionCheck" { "dynamodb:ConditionCheckItem".into() } else { format!("dynamodb:{kind}Item") }
}
