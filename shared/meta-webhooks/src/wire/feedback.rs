//! What customers fill in: ratings, forms, thumbs under our messages.
//!
//! ```json
//! "messaging_feedback": {"feedback_screens": [{"screen_id": 0, "questions": {"<question>": {"type": "nps", "payload": "9"}}}]}
//! "messaging_customer_information": {"screens": [{"screen_id": "…", "responses": [{"key": "name", "value": "…"}]}]}
//! "response_feedback": {"feedback": "Good response", "mid": "m_…"}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/response_feedback>, and
//! `…/templates/customer-feedback-template`, `…/templates/structured-information-template`.

use domain::inbound::{EventKind, NotedKind};

use super::noted;
use crate::json::{Misread, Node};

pub(super) fn read_survey(content: &Node<'_>) -> Result<EventKind, Misread> {
    noted::object(content, NotedKind::Feedback)
}

pub(super) fn read_customer_information(content: &Node<'_>) -> Result<EventKind, Misread> {
    noted::object(content, NotedKind::CustomerInformation)
}

pub(super) fn read_response(content: &Node<'_>) -> Result<EventKind, Misread> {
    noted::object(content, NotedKind::ResponseFeedback)
}
