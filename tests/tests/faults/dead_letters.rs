//! Work that ran out of receives, and its way back when the cause is gone.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::load::Load;
use super::program::Program;
use super::stores::behind;
use super::table::Tally;
use crate::{Case, Extent};
use shopbell_tests::proxy::{Deed, dynamodb_error};

pub(crate) fn cases() -> Vec<Case> {
    vec![Case::new("deliveries and jobs in the dead-letter queues, replayed", dead_letters)]
}

/// The table refuses everything until every delivery has been set aside; then the queue's own redrive brings them back.
async fn dead_letters(extent: Extent) -> Tally {
    let (program, proxy) = behind("SHOPBELL_DYNAMODB_URL").await;
    let mut load = Load::new(3);
    let bodies = load.messages(if extent == Extent::Full { 40 } else { 6 });
    // A permission that is missing: nothing is asked again at once, and an operator mends it.
    let denied = dynamodb_error("AccessDeniedException");
    let deed = denied.clone();
    proxy.rule(move |_| deed.clone());
    Load::deliver(&program, &bodies, async |_| ()).await;
    let inbound = queue(&program, "inbound").await;
    let set_aside = until_set_aside(&program, &inbound.dead, bodies.len()).await;
    proxy.pass();
    replay(&program, &inbound).await;
    load.conversations(&program).await;

    // The same for what goes out: each reply is accepted, and then no worker may claim it.
    proxy.rule(move |seen| if seen.operation.ends_with("UpdateItem") { denied.clone() } else { Deed::Pass });
    load.reply(&program, 1, async || ()).await;
    let outbound = queue(&program, "outbound").await;
    let jobs = until_set_aside(&program, &outbound.dead, 1).await;
    proxy.pass();
    replay(&program, &outbound).await;
    let mut tally = load.settle(&program).await;
    assert_eq!(left(&program, &inbound.dead).await + left(&program, &outbound.dead).await, 0, "the replay moved everything");
    tally.injected = set_aside + jobs;
    tally
}

struct Queue {
    dead: String,
    dead_arn: String,
}

/// Finds a dead-letter queue by its part of the name.
async fn queue(program: &Program, name: &str) -> Queue {
    let listed = sqs(program, "ListQueues", &json!({})).await;
    let urls = listed["QueueUrls"].as_array().unwrap().iter().filter_map(Json::as_str);
    let mut dead = urls.filter(|url| url.to_lowercase().contains(name) && url.to_lowercase().contains("dead"));
    let dead = dead.next().unwrap().to_owned();
    let attributes = sqs(program, "GetQueueAttributes", &json!({ "QueueUrl": dead, "AttributeNames": ["QueueArn"] })).await;
    let dead_arn = attributes["Attributes"]["QueueArn"].as_str().unwrap().to_owned();
    Queue { dead, dead_arn }
}

async fn left(program: &Program, url: &str) -> usize {
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"] });
    let attributes = sqs(program, "GetQueueAttributes", &asked).await;
    attributes["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

/// Lets time pass until so much lies in a dead-letter queue.
async fn until_set_aside(program: &Program, url: &str, count: usize) -> usize {
    for _ in 0..600 {
        let set_aside = left(program, url).await;
        if set_aside >= count {
            return set_aside;
        }
        program.advance(Duration::from_mins(2)).await;
        let mut pause = tokio::time::interval(Duration::from_millis(10));
        pause.tick().await;
        pause.tick().await;
    }
    panic!("{} of {count} were set aside", left(program, url).await);
}

/// Brings everything back as an operator does.
async fn replay(program: &Program, queue: &Queue) {
    sqs(program, "StartMessageMoveTask", &json!({ "SourceArn": queue.dead_arn })).await;
}

async fn sqs(program: &Program, operation: &str, request: &Json) -> Json {
    let url = program.addresses().await.sqs;
    let client = reqwest::Client::new();
    let call =
        client.post(url).header("X-Amz-Target", format!("AmazonSQS.{operation}")).header("Content-Type", "application/x-amz-json-1.0");
    let answer = call.body(request.to_string()).send().await.unwrap();
    let status = answer.status();
    let answer: Json = answer.json().await.unwrap();
    assert!(status.is_success(), "{operation}: {answer}");
    answer
}
