//! Posts to the endpoints of the shop's developer, by [Standard Webhooks](https://www.standardwebhooks.com/).
//!
//! Whoever may register an endpoint makes us call an address of their choice. So an address is judged twice: by its spelling
//! (`domain::announce::EndpointUrl`), and, when its name is looked up for a connection, by where it leads (`resolve`). The connection goes
//! to what was looked at, and redirects are not followed.

mod client;
mod resolve;
mod sign;

pub use client::{BuildError, WebhookClient};
