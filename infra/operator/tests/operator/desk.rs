//! A stack to work on, and a terminal that a test answers.

use std::collections::VecDeque;
use std::path::Path;

use clap::Parser;
use domain::ports::{Clock, Inbox, InboxFilter};
use domain::secret::Secret;
use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use local_stack::{Options, Stack, StackClock};
use operator::{Arguments, Failure, Terminal, run};
use tempfile::TempDir;

/// A terminal whose answers are known beforehand.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) said: Vec<String>,
    pub(crate) answers: VecDeque<String>,
}

impl Script {
    pub(crate) fn answering(answers: &[&str]) -> Self {
        Self { said: Vec::new(), answers: answers.iter().map(|answer| (*answer).to_owned()).collect() }
    }

    pub(crate) fn text(&self) -> String {
        self.said.join("\n")
    }
}

impl Terminal for Script {
    fn say(&mut self, line: &str) {
        self.said.push(line.to_owned());
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        self.said.push(question.to_owned());
        self.answers.pop_front()
    }

    fn ask_secretly(&mut self, question: &str) -> Option<Secret> {
        self.ask(question).and_then(|answer| Secret::new(&answer).ok())
    }
}

/// A stack of one machine.
pub(crate) struct Desk {
    pub(crate) stack: Stack,
    pub(crate) clock: StackClock,
    pub(crate) data: TempDir,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = StackClock::system();
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        let options =
            Options { template, data: data.path().to_path_buf(), port: 0, environment: Environment::default(), clock: clock.clone() };
        Self { stack: Stack::start(options).await.unwrap(), clock, data }
    }

    /// The variables of the stack and some more.
    pub(crate) fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.stack.operator_variables().clone().into_iter().chain(more).collect()
    }

    pub(crate) fn table(&self) -> Table {
        let environment = self.environment(&[]);
        Table::new(Aws::from_environment(&environment).unwrap().dynamodb(), environment.required("TABLE_NAME", "").unwrap())
    }

    /// How many conversations the inbox has.
    pub(crate) async fn conversations(&self) -> usize {
        self.table().list(&InboxFilter::default(), None, 100).await.unwrap().len()
    }

    /// Waits a moment before something is looked at again.
    #[expect(clippy::disallowed_methods, reason = "between two looks at what must come")]
    pub(crate) async fn moment(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    /// Runs a command line on this stack.
    pub(crate) async fn run(&self, line: &str, script: &mut Script) -> Result<(), Failure> {
        operate(line, &self.environment(&[]), &self.clock, script).await
    }
}

/// Runs a command line.
pub(crate) async fn operate(line: &str, environment: &Environment, clock: &dyn Clock, script: &mut Script) -> Result<(), Failure> {
    let arguments = Arguments::try_parse_from(std::iter::once("shopbell-operator").chain(line.split(' '))).unwrap();
    run(arguments, environment, clock, script).await
}
