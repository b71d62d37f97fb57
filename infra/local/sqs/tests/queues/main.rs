//! What the queues promise, on a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "tests")]

mod dead_letters;
mod durability;
mod fifo;
mod protocol;
mod standard;

use std::time::Duration;

use local_sqs::{Clock, Engine, Message, NewMessage, QueueAttributes, QueueName, Receive};

const START_MS: i64 = 1_800_000_000_000;
const TEN: Receive = Receive { max: 10, wait: Some(Duration::ZERO), visibility: None };
const ONE: Receive = Receive { max: 1, ..TEN };

fn engine() -> (Engine, Clock) {
    let clock = Clock::manual(START_MS);
    (Engine::in_memory(clock.clone()).unwrap(), clock)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn attributes(pairs: &[(&str, &str)]) -> QueueAttributes {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn queue(engine: &Engine, name: &str, pairs: &[(&str, &str)]) -> QueueName {
    let queue = QueueName::parse(name).unwrap();
    let mut attributes = attributes(pairs);
    if queue.is_fifo() {
        attributes.insert("FifoQueue".to_owned(), "true".to_owned());
    }
    engine.create_queue(&queue, &attributes).await.unwrap();
    queue
}

/// A message of a group, which deduplicates by its body.
fn grouped(group: &str, body: &str) -> NewMessage {
    NewMessage { group_id: Some(group.to_owned()), deduplication_id: Some(body.to_owned()), ..NewMessage::new(body) }
}

async fn send_all(engine: &Engine, queue: &QueueName, messages: &[(&str, &str)]) {
    for (group, body) in messages {
        engine.send(queue, grouped(group, body)).await.unwrap();
    }
}

async fn receive(engine: &Engine, queue: &QueueName, request: Receive) -> Vec<Message> {
    engine.receive(queue, request).await.unwrap()
}

async fn bodies(engine: &Engine, queue: &QueueName, request: Receive) -> Vec<String> {
    receive(engine, queue, request).await.into_iter().map(|message| message.body).collect()
}

/// Receives exactly one message.
async fn one(engine: &Engine, queue: &QueueName) -> Message {
    receive(engine, queue, ONE).await.pop().unwrap()
}
