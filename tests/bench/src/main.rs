//! Measures the built functions as Lambda would run them, and prints one table. `docs/PERFORMANCE.md` says what the figures mean.
//!
//! ```text
//! main ─▶ subject::ALL ─▶ process::Process ◀─ HTTP ─▶ runtime_api    the Lambda Runtime API, with events of `events`
//!                              └─ TLS ─▶ endpoints ─┬▶ an answer     SQS and the Graph API, counted
//!                                                   └▶ tables        DynamoDB: the engine of the tests, with rows of `seed`
//!      └─▶ figures ─▶ report
//! ```

#![expect(clippy::float_arithmetic, reason = "ratios of durations")]

mod config;
mod endpoints;
mod events;
mod figures;
mod http;
mod process;
mod report;
mod round;
mod runtime_api;
mod seed;
mod subject;
mod tables;
mod tls;

use config::Config;
use figures::Figures;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let config = Config::from_environment()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let stage = runtime.block_on(round::Stage::build())?;
    let mut figures = Figures::default();
    for round in 1..=config.rounds {
        for subject in subject::ALL.into_iter().filter(|subject| config.only.as_deref().is_none_or(|only| only == subject.work.name())) {
            figures.add(subject, round::run(&stage, &runtime, &config, subject, round)?);
        }
        say(&format!("round {round} of {} done", config.rounds));
    }
    figures.measure_files(&config)?;
    let table = report::table(&figures, &config);
    say(&table);
    config.document.as_deref().map_or(Ok(()), |document| report::write(document, &table))
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
