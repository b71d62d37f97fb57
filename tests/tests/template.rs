//! `template.yaml`: what must hold of it before anybody deploys it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use local_stack::template::{self, Function, StackModel};
use shopbell_tests::repository;

fn model() -> StackModel {
    template::read(&repository().join("template.yaml"), "test", "http://127.0.0.1:1").unwrap()
}

fn queue_of<'a>(model: &'a StackModel, arn: &str) -> &'a template::Queue {
    let name = arn.rsplit(':').next().unwrap();
    model.queues.iter().find(|queue| queue.name == name).unwrap()
}

fn attribute(queue: &template::Queue, name: &str) -> u64 {
    queue.attributes[name].parse().unwrap()
}

#[test]
fn each_function_of_the_repository_is_in_the_template_once() {
    let in_template: BTreeSet<String> = model().functions.into_iter().map(|function| function.code).collect();
    let folders = std::fs::read_dir(repository().join("functions")).unwrap();
    let in_repository: BTreeSet<String> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(in_template, in_repository);
}

#[test]
fn a_message_stays_hidden_six_times_as_long_as_its_function_may_take() {
    let model = model();
    for function in &model.functions {
        for source in &function.queues {
            let visibility = Duration::from_secs(attribute(queue_of(&model, &source.queue_arn), "VisibilityTimeout"));
            assert!(visibility >= function.timeout * 6, "{}", function.code);
        }
    }
}

#[test]
fn every_worked_queue_has_a_dead_letter_queue_that_keeps_for_fourteen_days() {
    let model = model();
    for source in model.functions.iter().flat_map(|function| &function.queues) {
        let policy: serde_json::Value = serde_json::from_str(&queue_of(&model, &source.queue_arn).attributes["RedrivePolicy"]).unwrap();
        let dead = queue_of(&model, policy["deadLetterTargetArn"].as_str().unwrap());
        assert_eq!(attribute(dead, "MessageRetentionPeriod"), 14 * 86_400);
    }
}

#[test]
fn every_queue_is_encrypted() {
    for queue in model().queues {
        assert_eq!(queue.attributes["SqsManagedSseEnabled"], "true", "{}", queue.name);
    }
}

#[test]
fn every_queue_event_reports_the_items_that_failed() {
    let text = std::fs::read_to_string(repository().join("template.yaml")).unwrap();
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let resources = yaml["Resources"].as_mapping().unwrap();
    let events = resources.values().filter_map(|resource| resource["Properties"]["Events"].as_mapping()).flat_map(|events| events.values());
    let queues: Vec<_> = events.filter(|event| event["Type"] == "SQS").collect();
    assert!(!queues.is_empty());
    for event in queues {
        assert_eq!(event["Properties"]["FunctionResponseTypes"][0], "ReportBatchItemFailures");
    }
}

#[test]
fn every_variable_that_a_function_reads_is_set_and_no_other() {
    // They stand in for the path of the secrets, on one machine and in tests.
    let secrets = ["META_APP_SECRETS", "META_VERIFY_TOKEN", "META_PAGE_TOKENS", "API_KEYS"];
    for function in model().functions {
        let config = std::fs::read_to_string(repository().join("functions").join(&function.code).join("src/config.rs")).unwrap();
        let mut read: BTreeSet<&str> = config.split('"').filter(|text| is_variable(text)).collect();
        if read.iter().any(|name| secrets.contains(name)) {
            read.insert("SECRETS_PATH");
        }
        read.retain(|name| !secrets.contains(name));
        assert_eq!(set_by_template(&function), read, "{}", function.code);
    }
}

fn is_variable(text: &str) -> bool {
    text.contains('_') && text.chars().all(|character| character.is_ascii_uppercase() || character == '_')
}

fn set_by_template(function: &Function) -> BTreeSet<&str> {
    function.environment.keys().map(String::as_str).filter(|name| *name != "RUST_LOG").collect()
}

#[test]
fn no_policy_has_a_wildcard() {
    for file in ["template.yaml", "infra/data.yaml", "infra/api.yaml"] {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        let lines = text.lines().filter(|line| line.contains("Action:") || line.contains("Resource:"));
        for line in lines {
            assert!(!line.contains('*'), "{file}: {line}");
        }
    }
}

#[test]
fn every_route_reaches_a_function() {
    let model = model();
    assert!(!model.routes.is_empty());
    for route in &model.routes {
        assert!(model.functions.iter().any(|function| function.arn == route.function_arn), "{}", route.path);
    }
}
