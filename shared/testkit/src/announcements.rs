//! Endpoints and announcements.

use domain::announce::{Announcement, AnnouncementKind, Endpoint, EndpointId, EndpointState, SigningSecret};
use domain::notice::{NoticeId, OrderId};
use domain::secret::Secret;
use serde_json::json;

use crate::ids::{PAGE, at, page};

/// A secret that signs, as the specification of Standard Webhooks has it in its examples.
pub const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An endpoint that wants everything.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that names a thing badly should stop there")]
pub fn endpoint_at(url: &str, random: u128) -> Endpoint {
    Endpoint {
        id: EndpointId::new(at(0), random),
        url: url.to_owned(),
        kinds: None,
        description: None,
        secrets: vec![SigningSecret::new(&Secret::new(SIGNING_SECRET).expect("a secret"))],
        state: EndpointState::Enabled,
        created_at: at(0),
        failing_since: None,
        revision: 0,
    }
}

/// The receipt of an order was sent, so many seconds after the start.
#[must_use]
pub fn receipt_sent(order: &str, seconds: u64) -> Announcement {
    let notice = NoticeId::of(&OrderId::of(&page(PAGE), order), "receipt");
    Announcement::notification(AnnouncementKind::NotificationSent, &notice, &page(PAGE), at(seconds), json!({ "state": "sent" }))
}
