//! Webhooks of shops, payment services and carriers: who sent the bytes, and what they say.
//!
//! ```text
//! POST ─▶ signature::verify ─▶ VerifiedDelivery ─▶ domain::shop::ShopDelivery ─▶ queue ─▶ delivery::parse ─▶ Parsed { events, ignored }
//! ```
//!
//! One file a source holds both its signature and its payloads. Payloads are read by hand and leniently: an optional member of another sort
//! than expected is absent, a required one makes the delivery unreadable. Amounts are read from the digits that were sent.
//!
//! To add a source, add a file, a variant to `domain::shop::Source`, and the arms that the compiler names.

mod aftership;
pub mod delivery;
mod easypost;
mod event;
mod html;
mod json;
mod passed;
mod shopify;
pub mod signature;
mod stripe;
mod woocommerce;
mod words;

pub use delivery::{ParseError, Parsed, parse};
pub use signature::{Headers, SignatureError, VerifiedDelivery, verify};
pub use woocommerce::is_ping;
