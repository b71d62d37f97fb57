//! `template.yaml` and what it nests: what must hold of it before anybody deploys it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use local_stack::template::{self, Function, Resource, StackModel};
use serde_json::Value as Json;
use shopbell_tests::repository;

/// The alias that every call goes to.
const ALIAS: &str = "live";

fn model() -> StackModel {
    template::read(&repository().join("template.yaml"), "test", "http://127.0.0.1:1").unwrap()
}

fn resources(kind: &str) -> Vec<Resource> {
    let all = template::resources(&repository().join("template.yaml"), "test", "http://127.0.0.1:1").unwrap();
    all.into_iter().filter(|resource| resource.kind == kind).collect()
}

fn queue_of<'a>(model: &'a StackModel, arn: &str) -> &'a template::Queue {
    let name = arn.rsplit(':').next().unwrap();
    model.queues.iter().find(|queue| queue.name == name).unwrap()
}

fn attribute(queue: &template::Queue, name: &str) -> u64 {
    queue.attributes[name].parse().unwrap()
}

/// The names of the queues that keep what failed.
fn dead_letter_queues(model: &StackModel) -> BTreeSet<String> {
    let policies = model.queues.iter().filter_map(|queue| queue.attributes.get("RedrivePolicy"));
    policies
        .map(|policy| {
            serde_json::from_str::<Json>(policy).unwrap()["deadLetterTargetArn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
        })
        .collect()
}

/// What the alarms look at, each as `namespace metric dimension=value`.
fn watched() -> BTreeSet<String> {
    let watched = |alarm: &Resource| {
        let properties = &alarm.properties;
        let first = &properties["Dimensions"][0];
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        format!("{} {} {}={}", text(&properties["Namespace"]), text(&properties["MetricName"]), text(&first["Name"]), text(&first["Value"]))
    };
    resources("AWS::CloudWatch::Alarm").iter().map(watched).collect()
}

fn statements() -> Vec<(String, Json)> {
    let of_role = |role: &Resource| {
        let policies = role.properties["Policies"].as_array().cloned().unwrap_or_default();
        let statements =
            policies.into_iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().cloned().unwrap_or_default());
        let id = role.id.clone();
        statements.map(move |statement| (id.clone(), statement)).collect::<Vec<_>>()
    };
    resources("AWS::IAM::Role").iter().flat_map(of_role).collect()
}

/// One text, or a list of them.
fn texts(value: &Json) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    one.into_iter().chain(value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned())).collect()
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
        let policy: Json = serde_json::from_str(&queue_of(&model, &source.queue_arn).attributes["RedrivePolicy"]).unwrap();
        let dead = queue_of(&model, policy["deadLetterTargetArn"].as_str().unwrap());
        assert_eq!(attribute(dead, "MessageRetentionPeriod"), 14 * 86_400);
    }
}

#[test]
fn every_queue_is_encrypted_and_takes_no_call_without_tls() {
    let policies = resources("AWS::SQS::QueuePolicy");
    for queue in model().queues {
        assert_eq!(queue.attributes["SqsManagedSseEnabled"], "true", "{}", queue.name);
        let deny = policies.iter().find(|policy| texts(&policy.properties["Queues"])[0].ends_with(&format!("/{}", queue.name)));
        let statement = &deny.unwrap_or_else(|| panic!("{} has no policy", queue.name)).properties["PolicyDocument"]["Statement"][0];
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&Json::from("Deny"), &Json::from("*")), "{}", queue.name);
        assert_eq!(statement["Condition"]["Bool"]["aws:SecureTransport"], "false", "{}", queue.name);
        assert!(statement["Resource"].as_str().unwrap().ends_with(&format!(":{}", queue.name)), "{}", queue.name);
    }
}

#[test]
fn every_queue_event_reports_the_items_that_failed() {
    let mut events = 0;
    for function in resources("AWS::Serverless::Function") {
        for event in function.properties["Events"].as_object().into_iter().flatten().map(|(_, event)| event) {
            if event["Type"] == "SQS" {
                events += 1;
                assert_eq!(event["Properties"]["FunctionResponseTypes"][0], "ReportBatchItemFailures", "{}", function.id);
            }
        }
    }
    assert_eq!(events, model().functions.iter().map(|function| function.queues.len()).sum::<usize>());
}

#[test]
fn every_queue_has_an_alarm_of_its_depth_or_of_its_age() {
    let model = model();
    let (dead, watched) = (dead_letter_queues(&model), watched());
    for queue in &model.queues {
        // Deliveries to endpoints are tried again for 28 hours: the age of the oldest says nothing.
        let is_of_events = queue.name.ends_with("-EventsQueue");
        let metric =
            if is_of_events || dead.contains(&queue.name) { "ApproximateNumberOfMessagesVisible" } else { "ApproximateAgeOfOldestMessage" };
        assert!(watched.contains(&format!("AWS/SQS {metric} QueueName={}", queue.name)), "{}", queue.name);
    }
}

#[test]
fn every_function_has_alarms_of_its_errors_and_throttles_and_the_first_takes_new_code_back() {
    let watched = watched();
    let alarms = resources("AWS::CloudWatch::Alarm");
    for function in resources("AWS::Serverless::Function") {
        for metric in ["Errors", "Throttles"] {
            assert!(watched.contains(&format!("AWS/Lambda {metric} FunctionName={}", function.reference)), "{metric} of {}", function.id);
        }
        let rollback = function.properties["DeploymentPreference"]["Alarms"][0].as_str().unwrap();
        let alarm = alarms.iter().find(|alarm| alarm.reference == rollback).unwrap();
        assert_eq!(alarm.properties["Dimensions"][1]["Value"], format!("{}:{ALIAS}", function.reference), "{}", function.id);
    }
}

#[test]
fn every_alarm_tells_somebody_and_has_its_answer_in_the_runbook() {
    let runbook = std::fs::read_to_string(repository().join("docs/RUNBOOK.md")).unwrap();
    let headings: BTreeSet<String> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    for alarm in resources("AWS::CloudWatch::Alarm") {
        assert!(alarm.properties["AlarmActions"][0].is_string(), "{}", alarm.id);
        let description = alarm.properties["AlarmDescription"].as_str().unwrap();
        let (_, anchor) = description.rsplit_once("docs/RUNBOOK.md#").unwrap_or_else(|| panic!("{} names no answer", alarm.id));
        assert!(headings.contains(anchor), "{}: the runbook has no heading for #{anchor}", alarm.id);
        assert!(runbook.contains(&format!("`{}`", alarm.id)), "the runbook does not name {}", alarm.id);
    }
}

/// The address of a heading as a page of Markdown gives it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_metric_that_an_alarm_or_the_dashboard_names_is_one_that_a_function_writes() {
    let written = written_metrics();
    let own = |alarm: &Resource| (alarm.properties["Namespace"] == "Shopbell").then(|| texts(&alarm.properties["MetricName"]).remove(0));
    let mut named: BTreeSet<String> = resources("AWS::CloudWatch::Alarm").iter().filter_map(own).collect();
    for dashboard in resources("AWS::CloudWatch::Dashboard") {
        let body: Json = serde_json::from_str(dashboard.properties["DashboardBody"].as_str().unwrap()).unwrap();
        let metrics = body["widgets"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|widget| widget["properties"]["metrics"].as_array().cloned().unwrap_or_default());
        named.extend(metrics.filter(|metric| metric[0] == "Shopbell").map(|metric| metric[1].as_str().unwrap().to_owned()));
    }
    assert!(!named.is_empty());
    let unknown: Vec<_> = named.difference(&written).collect();
    assert!(unknown.is_empty(), "nobody writes {unknown:?}");
}

fn written_metrics() -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("shared/lambda-support/src/metrics.rs")).unwrap();
    let names = text.lines().filter(|line| line.contains(": Metric = Metric::")).filter_map(|line| line.split('"').nth(1));
    names.map(str::to_owned).collect()
}

#[test]
fn every_variable_that_a_function_reads_is_set_and_no_other() {
    // They stand in for the path of the secrets, on one machine and in tests.
    let secrets = ["META_APP_SECRETS", "META_VERIFY_TOKEN", "META_PAGE_TOKENS", "API_KEYS", "LINK_SECRET", "SMTP_URL"];
    let is_secret = |name: &str| secrets.contains(&name) || name.ends_with("_WEBHOOK_SECRETS");
    for function in model().functions {
        let config = std::fs::read_to_string(repository().join("functions").join(&function.code).join("src/config.rs")).unwrap();
        let mut read: BTreeSet<&str> = config.split('"').filter(|text| is_variable(text)).collect();
        if read.iter().any(|name| is_secret(name)) {
            read.insert("SECRETS_PATH");
        }
        read.retain(|name| !is_secret(name));
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
fn nothing_is_allowed_by_a_wildcard_but_traces_which_know_no_resources() {
    let statements = statements();
    assert!(!statements.is_empty());
    for (role, statement) in statements {
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{role}: {action}");
        }
        let traces = texts(&statement["Action"]).iter().all(|action| action.starts_with("xray:"));
        for resource in texts(&statement["Resource"]) {
            assert!(!resource.contains('*') || traces, "{role}: {resource}");
        }
    }
}

/// A function that asks for more than it may read does not start.
#[test]
fn each_role_reads_the_parameters_that_its_function_asks_for_and_no_other() {
    let wanted = [
        ("Webhook", webhook::WANTED),
        ("Api", api::WANTED),
        ("Deliver", deliver::WANTED),
        ("Notify", notify::WANTED),
        ("Sweep", sweep::WANTED),
    ];
    let mut of_roles = BTreeSet::new();
    for (role, statement) in statements() {
        for action in texts(&statement["Action"]).into_iter().filter(|action| action.starts_with("ssm:")) {
            for resource in texts(&statement["Resource"]) {
                let (_, name) = resource.split_once(":parameter/shopbell/dev/").unwrap();
                of_roles.insert((role.clone(), action.clone(), name.to_owned()));
            }
        }
    }
    let mut asked = BTreeSet::new();
    for (function, wanted) in wanted {
        let role = format!("{function}Role");
        for name in wanted.names() {
            asked.insert((role.clone(), "ssm:GetParameters".to_owned(), name.to_owned()));
        }
        if let Some(name) = wanted.by_page {
            // IAM's page does not say whether the path's last slash is part of the resource's name.
            for path in [name.to_owned(), format!("{name}/")] {
                asked.insert((role.clone(), "ssm:GetParametersByPath".to_owned(), path));
            }
        }
    }
    assert_eq!(of_roles, asked);
}

#[test]
fn every_function_has_a_role_and_a_log_of_its_own_that_is_not_kept_for_ever() {
    let roles: BTreeMap<String, String> = resources("AWS::Serverless::Function")
        .into_iter()
        .map(|function| (function.properties["Role"].as_str().unwrap().to_owned(), function.id))
        .collect();
    assert_eq!(roles.len(), model().functions.len());
    let logs = resources("AWS::Logs::LogGroup");
    assert!(logs.len() > roles.len());
    for log in logs {
        assert!(log.properties["RetentionInDays"].is_number(), "{}", log.id);
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

#[test]
fn a_page_never_gets_near_forty_messages_a_second() {
    let model = model();
    let deliver = model.functions.iter().find(|function| function.code == "deliver").unwrap();
    let most = u32::try_from(deliver.queues[0].concurrency).unwrap() * deliver::MOST_A_SECOND;
    assert!(most < 40, "{most} a second");
}
