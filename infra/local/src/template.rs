//! `template.yaml` and the templates that it nests, read as CloudFormation reads them: what runs here is what deploys.

mod evaluate;
mod model;
mod yaml;

use std::path::Path;

pub use model::{Function, Queue, QueueSource, Resource, Route, StackModel, Table};

use crate::template::evaluate::Scope;

/// The templates cannot be read or say something that the local stack does not know.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("{path} cannot be read")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is not YAML")]
    Yaml {
        path: String,
        #[source]
        source: serde_yaml_ng::Error,
    },
    #[error("{place}: {reason}")]
    Wrong { place: String, reason: String },
}

impl TemplateError {
    fn wrong(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Wrong { place: place.into(), reason: reason.into() }
    }
}

/// Reads the template at `path` as the stack `stack_name`, with its parameters' defaults; queue addresses begin with `queue_base`.
pub fn read(path: &Path, stack_name: &str, queue_base: &str) -> Result<StackModel, TemplateError> {
    let scope = Scope::root(path, stack_name, queue_base)?;
    model::build(&scope)
}

/// Every resource of the template and of what it nests, with its properties evaluated: for tests of what the local stack leaves to the cloud.
pub fn resources(path: &Path, stack_name: &str, queue_base: &str) -> Result<Vec<Resource>, TemplateError> {
    let scope = Scope::root(path, stack_name, queue_base)?;
    model::resources(&scope)
}
