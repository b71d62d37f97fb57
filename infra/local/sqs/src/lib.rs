//! A durable SQS endpoint over `SQLite`, for one machine only.
//!
//! It stands in for SQS when the whole stack runs on a laptop or under a test: standard and FIFO queues, visibility,
//! delays, deduplication, dead-letter queues and redrive, as SDK clients see them. It checks no signatures, knows one
//! account and one region, keeps everything in one file, and must not be reachable from another machine.
//!
//! [`Engine`] is the queues, with typed methods. [`router`] speaks the JSON protocol of the AWS SDKs over it. [`Clock`] is
//! the time for both. A message's way: `protocol` reads the request, [`Engine`] hands the work to the thread of the
//! database, a `Session` does it in one transaction, and the queue's bell wakes the long polls, which look again.

mod bells;
mod clock;
mod database;
mod digest;
mod engine;
mod error;
mod message;
mod protocol;
mod queue_name;
mod queue_settings;
mod receipt;
mod session;

pub use clock::Clock;
pub use engine::Engine;
pub use error::{EngineError, OpenError};
pub use message::{Message, MessageAttribute, MessageAttributes, NewMessage, Receive, Sent};
pub use protocol::router;
pub use queue_name::{ACCOUNT, QueueName, REGION};
pub use queue_settings::{MAX_MESSAGE_BYTES, QueueAttributes};
pub use session::{MoveStatus, MoveTask};
