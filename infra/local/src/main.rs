//! `make run`: the whole stack on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use lambda_support::environment::{Environment, EnvironmentError};
use lambda_support::logging::{self, Format, chain};
use local_stack::{Options, Stack, StackClock};

/// Where the stack listens when nothing else is said.
const PORT: u16 = 8787;

#[tokio::main]
async fn main() -> ExitCode {
    let environment = Environment::of_process();
    let started = match options(&environment) {
        Ok(options) => Stack::start(options).await.map_err(|err| chain(&err).to_string()),
        Err(err) => Err(err.to_string()),
    };
    match started {
        Ok(stack) => {
            stack.run_schedules().await;
            greet(&stack);
            stop_wanted().await;
            say("\nStopping. What is being worked is finished first.");
            stack.stop().await;
            ExitCode::SUCCESS
        }
        Err(reason) => {
            say(&format!("Shopbell did not start: {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn options(environment: &Environment) -> Result<Options, EnvironmentError> {
    logging::start(environment, Format::Text)?;
    let port = match environment.optional("SHOPBELL_PORT") {
        None => PORT,
        Some(value) => value
            .parse()
            .map_err(|_| EnvironmentError::Invalid { name: "SHOPBELL_PORT".into(), reason: format!("{value} is not a port") })?,
    };
    Ok(Options {
        template: environment.optional("SHOPBELL_TEMPLATE").map_or_else(|| PathBuf::from("template.yaml"), PathBuf::from),
        data: environment.optional("SHOPBELL_DATA").map_or_else(|| PathBuf::from(".shopbell"), PathBuf::from),
        port,
        environment: environment.clone(),
        clock: StackClock::system(),
    })
}

fn greet(stack: &Stack) {
    let url = stack.url();
    let secrets = stack.secrets();
    let key = secrets.api_key().unwrap_or("<one of API_KEYS>");
    say(&format!(
        "Shopbell is running at {url}

  API key       {key}
  App secret    {app_secret}
  Verify token  {verify_token}
  DynamoDB      {dynamodb}
  SQS           {sqs}

Three things to try:
  1. Be the customer:   open {url}/simulator and write something
  2. Read the inbox:    curl {url}/v1/conversations -H 'Authorization: Bearer {key}'
  3. Answer:            copy the curl command under the customer's thread
Then the shop:          open {url}/shop, buy the lamp and tap its link

Ctrl-C stops it. Everything is kept in the data folder.",
        app_secret = secrets.app_secret(),
        verify_token = secrets.verify_token,
        dynamodb = stack.dynamodb_url(),
        sqs = stack.sqs_url(),
    ));
}

/// Waits for Ctrl-C, or for the signal with which a supervisor stops a process.
async fn stop_wanted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        drop(tokio::signal::ctrl_c().await);
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::print_stdout, reason = "this is what a person at the terminal reads")]
fn say(text: &str) {
    println!("{text}");
}
