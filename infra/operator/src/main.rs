//! `shopbell-operator`: see its `--help`.

use std::process::ExitCode;

use clap::Parser;
use lambda_support::clock::SystemClock;
use lambda_support::environment::Environment;
use lambda_support::logging::chain;
use operator::{Arguments, Console, Terminal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match operator::run(arguments, &Environment::of_process(), &SystemClock, &mut Console).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Console.say(&format!("shopbell-operator: {}", chain(&failure)));
            ExitCode::from(failure.exit_code())
        }
    }
}
