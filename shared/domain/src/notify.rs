//! From what a shop tells to notices, once, and each by the way that policy allows now.
//!
//! ```text
//! ShopEvent ─▶ take ─▶ Order with its new Notices, in one transaction ─▶ decide ─▶ way_out ─▶ a message, an e-mail, or it waits
//!                                                                          ▲
//! a link is tapped, the customer writes, a message ends, the sweep ────────┘
//! ```

mod take;

pub use take::{TakeError, Taken, take};
