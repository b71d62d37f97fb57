//! The stack of `make run` as a process that a test kills, starts again, and gives orders: one JSON line in, one out.
//!
//! Its time stands still until it is moved, and a failpoint can be armed; nothing else differs from `shopbell`. Orders:
//!
//! ```json
//! {"advance_ms": 5000}          moves the clock (back when negative), once no function works; answers {"now_ms": …}
//! {"faults": {…}}               switches the simulator's faults
//! {"received_by": "<psid>"}     answers what the shop's messages in that thread say, in order
//! {"notices_to": "<psid>"}      answers of which template each of the shop's notices in that thread is, in order
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use lambda_support::environment::Environment;
use lambda_support::logging::{self, Format, chain};
use local_stack::{Options, Stack, StackClock};
use messenger_simulator::Direction;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, BufReader};

/// How often it is looked whether a function still works.
const LOOK: Duration = Duration::from_millis(2);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(&json!({ "error": reason }));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let environment = Environment::of_process();
    let variable = |name: &str| environment.required(name, "the test sets it").map_err(|err| err.to_string());
    logging::start(&environment, Format::Text).map_err(|err| err.to_string())?;
    if let Some(place) = environment.optional("SHOPBELL_FAILPOINT") {
        failpoint::arm(&place).map_err(|_| format!("no failpoint can be armed at {place}"))?;
    }
    let start_ms = variable("SHOPBELL_CLOCK_MS")?.parse().map_err(|_| String::from("SHOPBELL_CLOCK_MS is no number"))?;
    let clock = StackClock::manual(Timestamp::from_millis(start_ms));
    let options = Options {
        template: PathBuf::from(variable("SHOPBELL_TEMPLATE")?),
        data: PathBuf::from(variable("SHOPBELL_DATA")?),
        port: 0,
        environment: environment.clone(),
        clock: clock.clone(),
    };
    let stack = Stack::start(options).await.map_err(|err| chain(&err).to_string())?;
    say(&json!({ "url": stack.url(), "dynamodb": stack.dynamodb_url(), "sqs": stack.sqs_url() }));
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = orders.next_line().await.map_err(|err| err.to_string())? {
        let order: Json = serde_json::from_str(&line).map_err(|err| err.to_string())?;
        say(&obey(&stack, &clock, &order).await?);
    }
    Ok(())
}

async fn obey(stack: &Stack, clock: &StackClock, order: &Json) -> Result<Json, String> {
    if let Some(by) = order.get("advance_ms").and_then(Json::as_i64) {
        let mut look = tokio::time::interval(LOOK);
        look.tick().await;
        while stack.is_busy() {
            look.tick().await;
        }
        let span = Duration::from_millis(by.unsigned_abs());
        if by < 0 {
            clock.turn_back(span);
        } else {
            clock.advance(span);
        }
        return Ok(json!({ "now_ms": clock.now().as_millis() }));
    }
    if let Some(faults) = order.get("faults") {
        let faults = serde_json::from_value(faults.clone()).map_err(|err| err.to_string())?;
        stack.simulator().set_faults(faults).map_err(|err| err.to_string())?;
        return Ok(json!({}));
    }
    if let Some(psid) = order.get("notices_to").and_then(Json::as_str) {
        let thread = stack.simulator().thread(psid).map_err(|err| err.to_string())?;
        let templates = thread.into_iter().filter_map(|message| message.content.attachments.into_iter().next());
        let kind = |template: Json| template.pointer("/payload/template_type").cloned();
        return Ok(templates.filter_map(kind).collect());
    }
    let psid = order.get("received_by").and_then(Json::as_str).ok_or("no such order")?;
    let thread = stack.simulator().thread(psid).map_err(|err| err.to_string())?;
    let ours = thread.into_iter().filter(|message| message.direction == Direction::FromPage);
    Ok(json!(ours.filter_map(|message| message.content.text).collect::<Vec<_>>()))
}

#[expect(clippy::print_stdout, reason = "the test reads it there")]
fn say(line: &Json) {
    println!("{line}");
}
