//! Dead letters brought back, over queues on a loopback port.

use std::collections::BTreeMap;

use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use local_sqs::{Clock, Engine, MessageAttribute, NewMessage, QueueName, Receive};
use tokio::net::TcpListener;

use crate::desk::{Script, operate};

const ALL: Receive = Receive { max: 10, wait: Some(std::time::Duration::ZERO), visibility: None };

/// A queue of each kind with its dead letters, and the variables that name them.
async fn queues() -> (Engine, Environment) {
    let engine = Engine::in_memory(Clock::system()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    for name in ["in", "in-dead", "out.fifo", "out-dead.fifo"] {
        let mut attributes = BTreeMap::new();
        if std::path::Path::new(name).extension().is_some() {
            attributes.insert("FifoQueue".to_owned(), "true".to_owned());
        }
        engine.create_queue(&queue(name), &attributes).await.unwrap();
    }
    let router = local_sqs::router(engine.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let url = |name: &str| queue(name).url(&host);
    let variables = [
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "test".into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_ENDPOINT_URL_SQS", format!("http://{host}")),
        ("INBOUND_QUEUE_URL", url("in")),
        ("INBOUND_DEAD_LETTERS_URL", url("in-dead")),
        ("OUTBOUND_QUEUE_URL", url("out.fifo")),
        ("OUTBOUND_DEAD_LETTERS_URL", url("out-dead.fifo")),
    ];
    let environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (engine, environment)
}

fn queue(name: &str) -> QueueName {
    QueueName::parse(name).unwrap()
}

async fn redrive(name: &str, environment: &Environment, script: &mut Script) -> Result<(), operator::Failure> {
    operate(&format!("redrive --queue {name}"), environment, &SystemClock, script).await
}

fn text(value: &str) -> MessageAttribute {
    MessageAttribute { data_type: "String".into(), string_value: Some(value.into()), binary_value: None }
}

#[tokio::test]
async fn deliveries_come_back_with_their_attributes_and_their_words_are_not_shown() {
    let (engine, environment) = queues().await;
    for number in 0..12 {
        let attributes = [("job".to_owned(), text("meta.delivery.v1")), ("request_id".to_owned(), text("req-7"))].into();
        let body = format!("my secret words {number}");
        engine.send(&queue("in-dead"), NewMessage { attributes, ..NewMessage::new(&body) }).await.unwrap();
    }
    let mut script = Script::answering(&["y"]);
    redrive("inbound", &environment, &mut script).await.unwrap();
    let said = script.text();
    assert!(said.contains("holds 12 dead letters") && said.contains("meta.delivery.v1 of request req-7"), "{said}");
    assert!(said.contains("12 brought back") && !said.contains("secret words"), "{said}");
    let back = engine.receive(&queue("in"), ALL).await.unwrap();
    assert!(back.iter().all(|message| message.attributes.contains_key("job") && message.body.starts_with("my secret words")));
    assert!(engine.receive(&queue("in-dead"), ALL).await.unwrap().is_empty());
}

#[tokio::test]
async fn jobs_come_back_in_their_order_even_when_the_queue_has_just_seen_their_ids() {
    let (engine, environment) = queues().await;
    for (group, body) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")] {
        let job = NewMessage { group_id: Some(group.into()), deduplication_id: Some(body.into()), ..NewMessage::new(body) };
        let seen = engine.send(&queue("out.fifo"), job.clone()).await;
        seen.unwrap();
        engine.send(&queue("out-dead.fifo"), job).await.unwrap();
    }
    let first = engine.receive(&queue("out.fifo"), ALL).await.unwrap();
    for message in first {
        engine.delete(&queue("out.fifo"), &message.receipt_handle).await.unwrap();
    }
    redrive("outbound", &environment, &mut Script::answering(&["yes"])).await.unwrap();
    let back = engine.receive(&queue("out.fifo"), ALL).await.unwrap();
    let of_a: Vec<&str> = back.iter().filter(|message| message.group_id.as_deref() == Some("a")).map(|it| it.body.as_str()).collect();
    assert_eq!((of_a, back.len()), (vec!["1", "3", "4"], 4));
}

#[tokio::test]
async fn without_a_yes_nothing_is_moved_and_what_was_shown_can_be_seen_again() {
    let (engine, environment) = queues().await;
    engine.send(&queue("in-dead"), NewMessage::new("{}")).await.unwrap();
    let refused = redrive("inbound", &environment, &mut Script::answering(&["n"])).await.unwrap_err();
    assert_eq!(refused.exit_code(), 3);
    let nobody = redrive("inbound", &environment, &mut Script::default()).await.unwrap_err();
    assert_eq!((nobody.exit_code(), nobody.to_string().contains("--yes")), (3, true));
    assert_eq!(engine.receive(&queue("in-dead"), ALL).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_queue_is_told_and_needs_no_answer() {
    let (_engine, environment) = queues().await;
    let mut script = Script::default();
    redrive("outbound", &environment, &mut script).await.unwrap();
    assert!(script.text().contains("holds 0 dead letters"));
}
