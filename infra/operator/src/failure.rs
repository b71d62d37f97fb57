//! How a task fails: what happened, where, and what to do.

use domain::erase::EraseError;
use domain::export::ExportError;
use domain::ports::{JobQueueError, ProfileError, StoreError};
use domain::time::Timestamp;
use domain::watch::WatchError;
use graph_api::setup::SetupError;
use lambda_support::environment::EnvironmentError;

use crate::parameters::ParametersError;
use crate::profile::ProfileTextError;

/// A task did not get to its end. What it did until then it has said.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the environment is incomplete; `make` fills it by infra/operator/stack_env.py")]
    Environment(#[from] EnvironmentError),
    #[error("there is no terminal to ask at; add --yes to do it without asking")]
    NobodyToAsk,
    #[error("not confirmed; nothing was done")]
    NotConfirmed,
    #[error("{what} is missing; set {variable}, or run this at a terminal to be asked")]
    SecretMissing { what: &'static str, variable: &'static str },
    #[error("the Parameter Store did not do it")]
    Parameters(#[from] ParametersError),
    #[error("the Graph API did not do it")]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Token(String),
    #[error("infra/operator/profile.json cannot be used")]
    Profile(#[from] ProfileTextError),
    #[error("the line does not work: {0}")]
    Line(String),
    #[error("{call} failed at the queue {url}: {reason}")]
    Queue { call: &'static str, url: String, reason: String },
    #[error("the table did not do it")]
    Store(#[from] StoreError),
    #[error("the outbound queue did not take a job")]
    Job(#[from] JobQueueError),
    #[error("Meta's record could not be read; run the same again{}", resumed(after.as_deref()))]
    Record {
        after: Option<String>,
        #[source]
        source: ProfileError,
    },
    #[error("what was read could not be stored; run the same again{}", resumed(after.as_deref()))]
    Reading {
        after: Option<String>,
        #[source]
        source: WatchError,
    },
    #[error("the export was broken off; remove what it wrote and run it again")]
    Export(#[source] ExportError),
    #[error("the file {path} cannot be written; name one that is not there yet")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the erasure was broken off; run the same again with --asked-at {asked_at}")]
    Erase {
        asked_at: Timestamp,
        #[source]
        source: EraseError,
    },
    #[error("{0}")]
    Nothing(String),
}

impl Failure {
    /// Returns the exit code: 1 for what failed, 2 for what was asked wrongly, 3 for what nobody confirmed.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Environment(_) | Self::SecretMissing { .. } => 2,
            Self::NobodyToAsk | Self::NotConfirmed => 3,
            Self::Parameters(_)
            | Self::Setup(_)
            | Self::Token(_)
            | Self::Profile(_)
            | Self::Line(_)
            | Self::Queue { .. }
            | Self::Store(_)
            | Self::Job(_)
            | Self::Record { .. }
            | Self::Reading { .. }
            | Self::Export(_)
            | Self::File { .. }
            | Self::Erase { .. }
            | Self::Nothing(_) => 1,
        }
    }
}

fn resumed(after: Option<&str>) -> String {
    after.map(|after| format!(" with --after {after}")).unwrap_or_default()
}
