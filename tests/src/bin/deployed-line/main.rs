//! `make test-deploy`: the real `sam deploy` into an emulator of AWS, and then the line from end to end through the deployed gateway.
//!
//! ```text
//! sam build ─▶ artifacts ─ sam deploy ─▶ emulator: gateway ─▶ functions (the bootstrap binaries) ─▶ queues, table
//! this process: drives the gateway as Meta, the shop and an operator do, and is Meta's Graph API (the simulator)
//! ```
//!
//! Each step says what holds once it is through. The first that fails ends the run, which then exits with 1 and says where the logs are.

#![expect(clippy::print_stdout, reason = "this is what a person at the terminal reads")]
#![expect(clippy::indexing_slicing, reason = "a member that JSON lacks is null")]

mod attack;
mod deployment;
mod emulator;
mod line;
mod notices;
mod outage;
mod walk;

use std::process::ExitCode;

use crate::deployment::Deployment;
use crate::emulator::Emulator;
use crate::line::Line;

/// What a step came to; an error is told to a person.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match drive().await {
        Ok(()) => {
            println!("\nThe deployed line works.");
            ExitCode::SUCCESS
        }
        Err(err) => {
            println!("\nFAILED: {err}\nThe emulator's log, with the functions' lines: {}", emulator::log().display());
            ExitCode::FAILURE
        }
    }
}

async fn drive() -> Outcome<()> {
    let emulator = Emulator::start().await?;
    let meta = line::meta().await?;
    let deployment = Deployment::deploy(&emulator, meta.graph_url())?;
    let line = Line::connect(&deployment, meta)?;

    walk::handshake(&line).await?;
    walk::a_question_and_its_answer(&line).await?;
    walk::replies_in_order(&line).await?;
    notices::an_order_and_its_parcel(&line, &deployment).await?;
    attack::refused_at_the_door(&line).await?;
    attack::large_bodies(&line).await?;
    attack::many_deliveries(&line).await?;
    outage::dead_letters_and_their_redrive(&line, &deployment).await
}

/// Says that something holds.
fn ok(what: &str) {
    println!("ok    {what}");
}

/// Fails unless something is as it must be.
fn must_be<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Outcome<()> {
    if got == wanted { Ok(()) } else { Err(format!("{what}: got {got:?}, wanted {wanted:?}").into()) }
}
