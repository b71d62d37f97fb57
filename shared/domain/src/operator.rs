//! What an operator must hear of: logged once at the boundary, counted, and alarmed on.

/// Something that needs a person's eye, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorEvent {
    pub name: &'static str,
    pub severity: Severity,
    /// What happened and what to do; never a customer's words.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Notice,
    Warning,
    Critical,
}

impl OperatorEvent {
    #[must_use]
    pub fn new(name: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { name, severity, message: message.into() }
    }
}
