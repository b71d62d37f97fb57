//! The command of whoever runs Shopbell. It says first what it will do, asks, does it, and says what came of it.
//!
//! It is built with the adapters of the functions and reads its environment as they do: see `docs/adr/0021-the-operators-command.md`.

mod arguments;
mod backfill;
mod config;
mod connect;
mod failure;
mod page_secrets;
mod parameters;
mod person;
mod profile;
mod redrive;
mod replay;
mod templates;
mod terminal;

use std::time::Duration;

use domain::ports::Clock;
use lambda_support::environment::Environment;

use crate::replay::Choice;
use crate::templates::Wanted;

pub use arguments::{Arguments, QueueName, Task};
pub use failure::Failure;
pub use terminal::{Console, Terminal};

/// What every task works with.
pub(crate) struct Desk<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) terminal: &'a mut dyn Terminal,
    yes: bool,
}

impl Desk<'_> {
    /// Says what is about to be done.
    pub(crate) fn plan(&mut self, what: &str) {
        self.terminal.say(&format!("  will     {what}"));
    }

    /// Says what needs nothing done.
    pub(crate) fn stands(&mut self, what: &str) {
        self.terminal.say(&format!("  already  {what}"));
    }

    /// Says what is done.
    pub(crate) fn done(&mut self, what: &str, outcome: &str) {
        self.terminal.say(&format!("  done     {what}: {outcome}"));
    }

    /// Asks whether to go on. Only a plain yes is one.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let answer = self.terminal.ask(&format!("{question} [y/N]")).ok_or(Failure::NobodyToAsk)?;
        if matches!(answer.as_str(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::NotConfirmed) }
    }

    /// Asks for `word` to be typed, before what nothing brings back.
    pub(crate) fn confirm_by_typing(&mut self, word: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let answer = self.terminal.ask(&format!("Type {word} to go on:")).ok_or(Failure::NobodyToAsk)?;
        if answer == word { Ok(()) } else { Err(Failure::NotConfirmed) }
    }
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments, environment: &Environment, clock: &dyn Clock, terminal: &mut dyn Terminal) -> Result<(), Failure> {
    let mut desk = Desk { environment, clock, terminal, yes: arguments.yes };
    match arguments.task {
        Task::Connect { page, name } => connect::connect(&mut desk, &page, name.as_deref()).await,
        Task::Redrive { queue } => redrive::redrive(&mut desk, queue).await,
        Task::Replay { day, kind, id } => replay::replay(&mut desk, &Choice { day, kind, id }).await,
        Task::Backfill { page, since, after } => backfill::backfill(&mut desk, &page, since, after).await,
        Task::Templates { page, language, order_url, tracking_url } => {
            let wanted = Wanted { languages: language, order_url, tracking_url };
            templates::templates(&mut desk, &page, &wanted).await
        }
        Task::Export { whose, file } => person::export_to(&mut desk, &whose, &file).await,
        Task::Erase { whose, asked_at } => person::erase_for_ever(&mut desk, &whose, asked_at).await,
    }
}

/// Waits. A person does so with us; a function never would.
#[expect(clippy::disallowed_methods, reason = "a person at a terminal waits for it")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
