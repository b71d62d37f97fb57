//! The operator's command against the stack of one machine, its queues, and a Parameter Store on a loopback port.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod connect;
mod desk;
mod person;
mod redrive;
mod repair;
mod ssm;
mod templates;
