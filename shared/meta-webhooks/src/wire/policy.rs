//! What Meta does to a Page: warnings, blocks, restrictions.
//!
//! ```json
//! "policy_enforcement": {"action": "block", "reason": "…"}
//! {"field": "business_integrity", "value": {"status": "RESTRICTED", "violations": [{"description": "…"}], …}}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_policy_enforcement>,
//! <https://developers.facebook.com/documentation/pages-api/integrity-webhook>

use domain::inbound::EventKind;

use crate::json::{Misread, Node};

/// `warning`, `block` or `unblock`.
pub(super) fn read_enforcement(content: &Node<'_>) -> Result<EventKind, Misread> {
    let enforcement = content.object()?;
    Ok(EventKind::Enforcement { action: enforcement.required_text("action")?, reason: enforcement.hint("reason") })
}

/// The keys are documented, the values of `status` are not (unconfirmed): they are passed on as they come.
pub(super) fn read_integrity(content: &Node<'_>) -> Result<EventKind, Misread> {
    let integrity = content.object()?;
    let violations = integrity.get("violations").map_or_else(Vec::new, |list| list.list());
    let reason = violations.iter().find_map(|violation| {
        let violation = violation.object().ok()?;
        violation.hint("description").or_else(|| violation.hint("type"))
    });
    Ok(EventKind::Enforcement { action: integrity.required_text("status")?, reason })
}
