//! Logs: one line an event, fields before prose, the chain of an error in one field. Never a customer's words, never a secret.

use std::fmt;

use domain::operator::{OperatorEvent, Severity};
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{FmtSpan, JsonFields};
use tracing_subscriber::util::SubscriberInitExt;

use crate::environment::{Environment, EnvironmentError};
use crate::flat::Flat;

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
    // A second start finds the first subscriber in place, which is what a test of the whole stack wants.
    match format {
        Format::Json => drop(json_lines(filter, std::io::stdout).try_init()),
        Format::Text => {
            let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE).with_target(false);
            drop(builder.with_writer(std::io::stderr).finish().try_init());
        }
    }
    Ok(())
}

/// Writes lines of JSON to `writer`, as functions do to stdout: what is below `info` is left out.
pub fn json<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(writer: W) -> impl Subscriber + Send + Sync {
    json_lines(EnvFilter::new(Format::Json.level()), writer)
}

fn json_lines<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE);
    builder.fmt_fields(JsonFields::new()).event_format(Flat).with_writer(writer).finish()
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
    use std::io;
    use std::sync::{Arc, Mutex};

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

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(work: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(json(move || writer.clone()), work);
        let bytes = lines.0.lock().unwrap().clone();
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans_flat_and_its_own_win() {
        let lines = written(|| {
            let outer = tracing::error_span!("outer", request.id = "r\"1", message.id = "none", outcome = tracing::field::Empty).entered();
            outer.record("outcome", "new");
            let inner = tracing::error_span!("inner", message.id = "m1", absent = None::<&str>).entered();
            tracing::info!(count = 3_u64, yes = true, request.id = %"r2", "one\nline");
            drop(inner);
            tracing::warn!("two");
        });
        for (line, expected) in lines.iter().zip([
            serde_json::json!({
                "level": "INFO", "message": "one\nline", "request.id": "r2", "message.id": "m1", "outcome": "new", "count": 3, "yes": true
            }),
            serde_json::json!({ "level": "WARN", "message": "two", "request.id": "r\"1", "message.id": "none", "outcome": "new" }),
        ]) {
            let mut line = line.clone();
            let moment = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(moment.as_str().unwrap().ends_with('Z'), "{moment}");
            assert_eq!(line, expected);
        }
        assert_eq!(lines.len(), 2);
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
