//! The only reader of this program's environment.

use std::path::PathBuf;

use lambda_support::environment::{Environment, EnvironmentError};

/// How often everything is measured when nothing else is said: the median of fewer is not worth much.
const ROUNDS: usize = 8;

pub(crate) struct Config {
    pub(crate) rounds: usize,
    /// The only function to measure, if not all.
    pub(crate) only: Option<String>,
    /// Where the functions and the peers were built.
    pub(crate) functions: PathBuf,
    pub(crate) peers: PathBuf,
    /// The document that takes the table, if any.
    pub(crate) document: Option<PathBuf>,
    /// The day and the machine, for the heading of the table.
    pub(crate) heading: String,
}

impl Config {
    pub(crate) fn from_environment() -> Result<Self, EnvironmentError> {
        let environment = Environment::of_process();
        let rounds = environment.optional("ROUNDS").map_or(Ok(ROUNDS), |rounds| {
            let invalid = || EnvironmentError::Invalid { name: "ROUNDS".into(), reason: "it is no number above 0".into() };
            rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or_else(invalid)
        })?;
        Ok(Self {
            rounds,
            only: environment.optional("ONLY"),
            functions: environment.required("BENCH_FUNCTIONS", "the folder of the built functions")?.into(),
            peers: environment.required("BENCH_PEERS", "the folder of the built peers")?.into(),
            document: environment.optional("BENCH_DOCUMENT").map(PathBuf::from),
            heading: environment.optional("BENCH_HEADING").unwrap_or_default(),
        })
    }
}
