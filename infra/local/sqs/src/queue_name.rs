use std::fmt;

use crate::EngineError;

/// The account in every ARN and URL.
pub const ACCOUNT: &str = "000000000000";
/// The region in every ARN.
pub const REGION: &str = "us-east-1";

const MAX_CHARS: usize = 80;
const FIFO_SUFFIX: &str = ".fifo";

/// A queue's name: 1 to 80 letters, digits, `-` and `_`; a FIFO queue's ends with `.fifo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(String);

impl QueueName {
    pub fn parse(name: &str) -> Result<Self, EngineError> {
        let stem = name.strip_suffix(FIFO_SUFFIX).unwrap_or(name);
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if stem.is_empty() || name.len() > MAX_CHARS || !stem.chars().all(legal) {
            return Err(EngineError::parameter(
                "QueueName",
                "can only include alphanumeric characters, hyphens, or underscores, 1 to 80 in length",
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// Reads the last segment of a queue URL, whatever its host: a URL outlives a restart on another port.
    pub fn from_url(url: &str) -> Result<Self, EngineError> {
        let name = url.rsplit('/').next().unwrap_or(url);
        Self::parse(name).map_err(|_| EngineError::QueueDoesNotExist)
    }

    /// Reads the last part of an ARN.
    pub fn from_arn(arn: &str) -> Result<Self, EngineError> {
        match arn.strip_prefix("arn:aws:sqs:").and_then(|rest| rest.rsplit(':').next()) {
            Some(name) => Self::parse(name).map_err(|_| EngineError::QueueDoesNotExist),
            None => Err(EngineError::parameter("Arn", "is not the ARN of a queue")),
        }
    }

    /// `arn:aws:sqs:us-east-1:000000000000:{name}`
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{self}")
    }

    /// `http://{host}/000000000000/{name}`; `host` is `127.0.0.1:9324`, say.
    #[must_use]
    pub fn url(&self, host: &str) -> String {
        format!("http://{host}/{ACCOUNT}/{self}")
    }

    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_by_the_last_segment_whatever_the_host() {
        let name = QueueName::parse("inbound.fifo").unwrap();
        assert_eq!(QueueName::from_url("http://127.0.0.1:1/000000000000/inbound.fifo").unwrap(), name);
        assert_eq!(QueueName::from_url(&name.url("elsewhere:2")).unwrap(), name);
        assert_eq!(QueueName::from_arn(&name.arn()).unwrap(), name);
    }

    #[test]
    fn names_that_aws_refuses_are_refused() {
        for name in ["", ".fifo", "a b", "a.b", "é", &"x".repeat(81)] {
            assert!(QueueName::parse(name).is_err(), "{name}");
        }
        assert!(QueueName::parse(&"x".repeat(80)).is_ok());
    }
}
