//! Reactions to messages.
//!
//! ```json
//! "reaction": {"mid": "m_…", "action": "react", "reaction": "love", "emoji": "\u2764"}
//! "reaction": {"mid": "m_…", "action": "unreact"}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-reactions>

use domain::id::PlatformMessageId;
use domain::inbound::{EventKind, Reaction};

use crate::json::{Misread, Node};

/// Meta's own word for what has no name.
const OTHER: &str = "other";

pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    let reaction = content.object()?;
    let platform_id = reaction.id("mid", PlatformMessageId::new)?;
    let (name, emoji) = (reaction.hint("reaction"), reaction.hint("emoji"));
    let reaction = match reaction.hint("action").as_deref() {
        Some("unreact") => None,
        Some("react") => Some(Reaction { name: name.unwrap_or_else(|| OTHER.to_owned()), emoji }),
        // Another action than the two, or none: only a reaction that is there can be meant.
        Some(_) | None if name.is_some() || emoji.is_some() => Some(Reaction { name: name.unwrap_or_else(|| OTHER.to_owned()), emoji }),
        Some(_) | None => return Err(reaction.lacks("action", "react or unreact")),
    };
    Ok(EventKind::Reaction { platform_id, reaction })
}
