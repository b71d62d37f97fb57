//! What every function needs at start: the environment, secrets, the clock, tracing, counters, and AWS clients.

pub mod aws;
pub mod clock;
pub mod environment;
mod flat;
mod https;
pub mod listeners;
pub mod logging;
pub mod metrics;
pub mod origin;
pub mod parking;
pub mod problem;
pub mod retention;
pub mod rotating;
pub mod secrets;
pub mod tls;
