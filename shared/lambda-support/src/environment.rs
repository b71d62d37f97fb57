//! The environment of a function, read once. Each function's `config.rs` is the only reader of it.

use std::collections::BTreeMap;

/// Variables by name. Blank ones count as missing.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// A variable is missing or cannot be used; the function does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    #[error("the variable {name} is missing: {purpose}")]
    Missing { name: String, purpose: String },
    #[error("the variable {name} cannot be used: {reason}")]
    Invalid { name: String, reason: String },
}

impl Environment {
    /// Reads the variables of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the process")]
    pub fn of_process() -> Self {
        std::env::vars().collect()
    }

    /// Adds variables, in place of those of the same name.
    #[must_use]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.0.extend(variables);
        self
    }

    /// Returns a variable that must be there; `purpose` says what it is for.
    pub fn required(&self, name: &str, purpose: &str) -> Result<String, EnvironmentError> {
        self.optional(name).ok_or_else(|| EnvironmentError::Missing { name: name.into(), purpose: purpose.into() })
    }

    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl std::fmt::Debug for Environment {
    /// Shows names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_variable_is_missing_and_the_error_says_which_and_what_for() {
        let environment: Environment = [("TABLE_NAME".into(), "  ".into())].into_iter().collect();
        let error = environment.required("TABLE_NAME", "the table").unwrap_err();
        assert_eq!(error.to_string(), "the variable TABLE_NAME is missing: the table");
    }

    #[test]
    fn values_are_not_printed() {
        let environment: Environment = [("API_KEYS".into(), "hunter2".into())].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"{"API_KEYS"}"#);
    }
}
