//! What the simulator promises, seen from outside: through the Graph API, at the webhook, on the page.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall stop")]

mod access;
mod desk;
mod durability;
mod faults;
mod limits;
mod page;
mod strangers;
mod templates;
mod webhooks;
mod windows;
