//! Builders, scripted fakes and the store contract (for tests only).
//!
//! ```text
//! ids, events, messages, …    what tests talk about, with sensible defaults
//! ManualClock                 the time, moved by hand
//! FakeStore                   every port of the store in memory, as strict as the table, with scripted faults and crashes
//! FakeSendApi, FakeProfileApi the platform, with scripted answers
//! FakeQueue, FakeEventQueue   the outbound and the orders queue, and that of announcements
//! FakeMail                    a mail server, with scripted answers
//! store_contract!             what every store must do, one test a case
//! ```

#![expect(clippy::missing_panics_doc, reason = "builders and cases fail as tests do")]

pub mod announcements;
pub mod events;
pub mod ids;
pub mod messages;
pub mod store_contract;

mod clock;
mod crash;
mod fake_event_queue;
mod fake_mail;
mod fake_page_api;
mod fake_profile_api;
mod fake_queue;
mod fake_send_api;
mod fake_store;
mod lock;
mod noise;
mod store_contract_cases;

pub use clock::ManualClock;
pub use crash::Crash;
pub use fake_event_queue::FakeEventQueue;
pub use fake_mail::FakeMail;
pub use fake_page_api::FakePageApi;
pub use fake_profile_api::FakeProfileApi;
pub use fake_queue::FakeQueue;
pub use fake_send_api::{FakeSendApi, Given, Sent};
pub use fake_store::{Call, FakeStore};
pub use noise::noise;
