//! How long what is stored stays, as the environment says it.

use domain::retention::Retention;

use crate::environment::{Environment, EnvironmentError};

/// Reads `messages=0,events=0,parked=90`; what is not there is kept as it is by default.
pub fn read(environment: &Environment, name: &str) -> Result<Retention, EnvironmentError> {
    let Some(text) = environment.optional(name) else { return Ok(Retention::default()) };
    Retention::parse(&text).map_err(|err| EnvironmentError::Invalid { name: name.into(), reason: err.to_string() })
}
