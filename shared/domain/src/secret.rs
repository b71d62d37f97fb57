//! Secrets: never blank, never printed.

use std::fmt;

/// A secret of at least one visible character. Its `Debug` shows nothing of it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret was blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is blank")]
pub struct BlankSecret;

impl Secret {
    /// Takes `value` without the white space around it.
    pub fn new(value: &str) -> Result<Self, BlankSecret> {
        let value = value.trim();
        if value.is_empty() { Err(BlankSecret) } else { Ok(Self(value.to_owned())) }
    }

    /// Gives the secret to the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_secret_is_refused_and_none_is_printed() {
        assert_eq!(Secret::new(" \t\n"), Err(BlankSecret));
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Ok(Secret(…))");
    }
}
