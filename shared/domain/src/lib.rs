//! What Shopbell knows and decides: types, rules, use cases, and the ports through which it reaches the world.
//!
//! No I/O, no async runtime and no AWS live here. Data flows one way:
//!
//! ```text
//! platform event ─▶ inbound::InboundEvent ─▶ history::apply ─▶ Change ─▶ ports::History::record
//! reply request  ─▶ reply::Draft ─▶ message::Message ─▶ ports::Outbox::accept ─▶ deliver::drain ─▶ ports::SendApi
//! ```
//!
//! Ports are traits in [`ports`], beside nothing else; adapters in the other crates of `shared/` implement them.

pub mod announce;
pub mod consent;
pub mod content;
pub mod conversation;
pub mod deletion;
pub mod deliver;
pub mod email;
pub mod erase;
pub mod export;
pub mod history;
pub mod hold;
pub mod id;
pub mod inbound;
pub mod ingest;
pub mod intervene;
pub mod job;
pub mod link;
pub mod mail;
pub mod message;
pub mod money;
pub mod notice;
pub mod notify;
pub mod operator;
pub mod order;
pub mod orders;
pub mod pages;
pub mod parcel;
pub mod policy;
pub mod ports;
pub mod profile;
pub mod relay;
pub mod reply;
pub mod retention;
pub mod retry;
pub mod rollout;
pub mod secret;
pub mod shop;
mod stop_word;
pub mod template;
pub mod text;
pub mod time;
pub mod triage;
pub mod unconfirmed;
pub mod watch;
pub mod way_out;
pub mod window;
