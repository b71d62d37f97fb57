//! Logs: one line an event, fields before prose, the chain of an error in one field. Never a customer's words, never a secret.

use std::fmt;

use domain::operator::{OperatorEvent, Severity};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::environment::{Environment, EnvironmentError};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For CloudWatch.
    Json,
    /// For a terminal.
    Text,
}

/// Below `debug` these write whole requests and answers, and with them customers' words: no level opens that.
const CAPPED: [&str; 10] = [
    "lambda_http=debug",
    "lambda_runtime=debug",
    "reqwest=debug",
    "aws_smithy_runtime=debug",
    "aws_smithy_runtime_api=debug",
    "aws_smithy_http_client=debug",
    "aws_sdk_dynamodb=debug",
    "aws_sdk_sqs=debug",
    "aws_sdk_ssm=debug",
    "hyper=debug",
];

impl Format {
    /// The filter when nothing else is said. At a terminal the embedded table does not report lost races, which are everyday outcomes.
    const fn level(self) -> &'static str {
        match self {
            Self::Json => "info",
            Self::Text => "info,dynoxide=error",
        }
    }
}

/// Starts logging at the level that `RUST_LOG` says, or the format's own when it is absent. Starting twice keeps the first.
pub fn start(environment: &Environment, format: Format) -> Result<(), EnvironmentError> {
    let level = environment.optional("RUST_LOG").unwrap_or_else(|| format.level().to_owned());
    let filter = filter(&level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE).with_target(false);
    // A second start finds the first subscriber in place, which is what a test of the whole stack wants.
    match format {
        Format::Json => drop(builder.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().try_init()),
        Format::Text => drop(builder.with_writer(std::io::stderr).finish().try_init()),
    }
    Ok(())
}

/// Reads a filter, and takes off it what would write words.
fn filter(level: &str) -> Result<EnvFilter, EnvironmentError> {
    let invalid = |err: ParseError| EnvironmentError::Invalid { name: "RUST_LOG".into(), reason: err.to_string() };
    let mut filter = EnvFilter::try_new(level).map_err(invalid)?;
    // A directive of its own would raise a lower level, so it is only added where something asks for more than it allows.
    if filter.max_level_hint() == Some(LevelFilter::TRACE) {
        for capped in CAPPED {
            filter = filter.add_directive(capped.parse().map_err(invalid)?);
        }
    }
    Ok(filter)
}

/// Shows an error with its sources, outermost first: JSON logs drop them otherwise.
#[must_use]
pub fn chain<'a>(error: &'a (dyn std::error::Error + 'a)) -> Chain<'a> {
    Chain(error)
}

/// See [`chain`].
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(&'a (dyn std::error::Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// Logs what an operator must hear of, at the level of its severity.
pub fn operator(event: &OperatorEvent) {
    match event.severity {
        Severity::Notice => tracing::info!(operator.event = event.name, "{}", event.message),
        Severity::Warning => tracing::warn!(operator.event = event.name, "{}", event.message),
        Severity::Critical => tracing::error!(operator.event = event.name, "{}", event.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_takes_trace_off_what_writes_words_and_raises_nothing() {
        assert_eq!(filter("error").unwrap().max_level_hint(), Some(LevelFilter::ERROR));
        assert_eq!(filter(Format::Text.level()).unwrap().max_level_hint(), Some(LevelFilter::INFO));
        for asked in ["trace", "info,aws_smithy_runtime=trace", "aws_smithy_runtime=trace"] {
            let filter = filter(asked).unwrap().to_string();
            assert!(filter.contains("aws_smithy_runtime=debug") && !filter.contains("aws_smithy_runtime=trace"), "{filter}");
        }
        assert!(filter("shopbell=loud").is_err());
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_chain_names_every_source() {
        let error = Outer(std::io::Error::other("inner"));
        assert_eq!(chain(&error).to_string(), "outer: inner");
    }
}
