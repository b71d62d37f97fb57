//! Which way e-mail leaves, and what Amazon SES is asked and answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ses;
mod way;
