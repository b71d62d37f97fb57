//! Making a notice a message of its conversation.

use super::Ports;
use super::look::Look;
use crate::content::{Content, Forms, LinkButton};
use crate::conversation::Conversation;
use crate::id::DedupeKey;
use crate::message::{Message, MessageKind, RequestKey};
use crate::notice::{Notice, NoticeKind};
use crate::reply::{self, NoticeDraft, ReplyError};
use crate::retry::{Retry, Retryable};
use crate::template;
use crate::way_out::{Consent, WayOut};

/// The notice's message was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("the conversation takes no message now")]
pub struct TellError(#[source] ReplyError);

impl Retryable for TellError {
    fn retry(&self) -> Retry {
        match &self.0 {
            ReplyError::Store(err) => err.retry(),
            // Too many wait to leave: some will.
            ReplyError::TooManyPending | ReplyError::Busy => Retry::Backoff,
            ReplyError::NoSuchConversation
            | ReplyError::BlankText
            | ReplyError::TextTooLong
            | ReplyError::Forbidden(_)
            | ReplyError::KeyOfAnother => Retry::Never,
        }
    }
}

/// Accepts the notice as the conversation's next message, once, and returns it; nothing when policy keeps it back by now.
pub(super) async fn tell(
    world: &impl Ports,
    notice: &Notice,
    look: &Look,
    conversation: &Conversation,
    way: WayOut,
) -> Result<Option<Message>, TellError> {
    let Some(forms) = forms(notice, look, way) else { return Ok(None) };
    let draft = NoticeDraft {
        notice: notice.id.clone(),
        kind: if notice.kind == NoticeKind::Receipt { MessageKind::Receipt } else { MessageKind::Shipping },
        text: look.text(notice.kind),
        forms,
        request: request(notice),
    };
    match reply::accept_notice(world.store(), world.queue(), &conversation.id, draft, world.now(), world.random()).await {
        Ok(accepted) => Ok(Some(accepted.message)),
        Err(ReplyError::Forbidden(_)) => Ok(None),
        Err(err) => Err(TellError(err)),
    }
}

/// The same try of a notice is the same request: two workers accept it once.
fn request(notice: &Notice) -> RequestKey {
    let key = DedupeKey::of_content(&["notice", notice.id.as_str(), &notice.tries.to_string()]);
    RequestKey { fingerprint: key.clone(), key, kept_until: notice.expires_at }
}

/// Gives the notice its forms: one for inside the window, and where the customer agreed and Meta approved a template, one for outside it, for
/// the window may close before the message leaves. Nothing when the way wants a form that cannot be made.
fn forms(notice: &Notice, look: &Look, way: WayOut) -> Option<Forms> {
    let may_leave_outside = look.situation.consent == Consent::Given && !notice.refused.contains(&WayOut::UtilityTemplate);
    let template = look.template.as_ref().filter(|_| may_leave_outside);
    let outside = template.and_then(|template| template::fill(template, &look.values).ok());
    if way == WayOut::UtilityTemplate && outside.is_none() {
        return None;
    }
    let receipt = if way == WayOut::TextWithButtons { None } else { look.order.receipt(notice.receipt_number()) };
    let inside = match receipt.filter(|_| notice.kind == NoticeKind::Receipt) {
        Some(receipt) => Content::Receipt(Box::new(receipt)),
        None => with_button(notice, look),
    };
    Some(Forms { inside, outside })
}

fn with_button(notice: &Notice, look: &Look) -> Content {
    let text = look.text(notice.kind);
    match look.link(notice) {
        Some((title, url)) => Content::Buttons { text, buttons: vec![LinkButton { title: title.to_owned(), url }] },
        None => Content::Text { text },
    }
}
