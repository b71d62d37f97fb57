//! Faults, injected into the whole local stack as a process of its own: what is lost, doubled or out of order afterwards.
//!
//! Each case names a fault, injects it, waits until everything has ended, and compares what went in with what the API and the customers'
//! phones show. A fault that was not injected fails its case. `make faults` runs them in full and writes the table into
//! docs/RELIABILITY.md; under `cargo test` the loads are smaller.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a case fails by panicking, and its row is printed"
)]

mod faults {
    pub(crate) mod dead_letters;
    pub(crate) mod failpoints;
    pub(crate) mod graph;
    pub(crate) mod kills;
    pub(crate) mod load;
    pub(crate) mod program;
    pub(crate) mod stores;
    pub(crate) mod table;
    pub(crate) mod time;
}

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use faults::table::{self, Row};
use lambda_support::environment::Environment;
use libtest_mimic::{Arguments, Failed, Trial};

/// How many cases run at once: most of their time is waiting.
const SIDE_BY_SIDE: usize = 4;

/// How much is done to the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Under `cargo test`.
    Brief,
    /// Under `make faults`.
    Full,
}

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let extent = if environment.optional("FAULTS").as_deref() == Some("full") { Extent::Full } else { Extent::Brief };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(SIDE_BY_SIDE));
    drop(rustls::crypto::ring::default_provider().install_default());

    let rows = Arc::new(Mutex::new(Vec::new()));
    let cases = faults::failpoints::cases()
        .into_iter()
        .chain(faults::kills::cases())
        .chain(faults::stores::cases())
        .chain(faults::time::cases())
        .chain(faults::dead_letters::cases())
        .chain(faults::graph::cases());
    let mut trials: Vec<Trial> = cases.enumerate().map(|(number, case)| trial(number, case, extent, &rows)).collect();
    trials.push(Trial::test("each_failpoint_of_the_code_has_its_case", || {
        let missing = faults::failpoints::marks_without_case();
        if missing.is_empty() { Ok(()) } else { Err(Failed::from(format!("{missing:?}"))) }
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);

    let mut rows: Vec<(usize, Row)> = std::mem::take(&mut *rows.lock().unwrap());
    rows.sort_by_key(|(number, _)| *number);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    let text = table::text(&rows);
    println!("\n{text}");
    if let Some(path) = environment.optional("FAULTS_REPORT").filter(|_| !conclusion.has_failed()) {
        table::write(&path, &environment.required("FAULTS_COMMAND", "what is written beside the table").unwrap(), &text);
    }
    conclusion.exit_code()
}

/// One fault with the run that injects it.
pub(crate) struct Case {
    pub(crate) fault: String,
    pub(crate) run: Box<dyn FnOnce(Extent) -> Row + Send>,
}

impl Case {
    /// Makes a case of what is done to a stack.
    pub(crate) fn new<Running>(fault: &str, run: impl FnOnce(Extent) -> Running + Send + 'static) -> Self
    where
        Running: Future<Output = table::Tally>,
    {
        let name = fault.to_owned();
        let run = move |extent| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            Row { fault: name, tally: runtime.block_on(run(extent)) }
        };
        Self { fault: fault.to_owned(), run: Box::new(run) }
    }
}

fn trial(number: usize, case: Case, extent: Extent, rows: &Arc<Mutex<Vec<(usize, Row)>>>) -> Trial {
    let rows = Arc::clone(rows);
    Trial::test(case.fault.replace(' ', "_"), move || {
        let row = (case.run)(extent);
        let verdict = if row.tally.injected == 0 {
            Err(Failed::from("the fault was never injected"))
        } else if row.tally.is_clean() {
            Ok(())
        } else {
            Err(Failed::from(format!("{:#?}", row.tally)))
        };
        rows.lock().unwrap().push((number, row));
        verdict
    })
}
