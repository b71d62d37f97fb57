//! Accepting a reply or a notice: stored first, then enqueued. What was stored is sent even when the enqueue fails, because the sweep relays
//! it.

use std::time::Duration;

use crate::content::Forms;
use crate::conversation::Conversation;
use crate::id::ConversationId;
use crate::job::{Occasion, OutboundJob};
use crate::message::{Author, AuthorKind, Message, MessageKind, Outcome, Outgoing, Part, RequestKey, Sending};
use crate::notice::NoticeId;
use crate::policy::{self, Refusal, Subject};
use crate::ports::{Accepted, JobQueueError, OpenConversation, OutboundQueue, Outbox, StoreError};
use crate::text;
use crate::time::Timestamp;

/// The longest reply, in UTF-16 units: ten parts. What is longer is hardly an answer in a chat.
pub const LONGEST_REPLY: usize = 10 * text::LONGEST_PART;

/// How many messages of one conversation may wait to leave.
pub const MOST_PENDING: usize = 100;

/// How far ahead of our clock an echo's moment may be and still order what follows it.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// How often a write is tried again after losing a race for the conversation.
const ATTEMPTS: u32 = 10;

/// What somebody wants to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub author: Author,
    /// The request, when the caller named it: sent twice, it is accepted once.
    pub request: Option<RequestKey>,
}

/// A piece of the shop's news for one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDraft {
    pub notice: NoticeId,
    /// [`MessageKind::Receipt`] or [`MessageKind::Shipping`].
    pub kind: MessageKind,
    /// What the inbox shows.
    pub text: String,
    pub forms: Forms,
    /// Sent twice, it is accepted once.
    pub request: RequestKey,
}

/// An accepted reply or notice.
#[derive(Debug)]
pub struct Reply {
    pub message: Message,
    pub conversation: Conversation,
    /// Since when the customer had waited for an answer, when this is one.
    pub waited_since: Option<Timestamp>,
    /// Why the job was not enqueued, when it was not: the sweep will.
    pub not_enqueued: Option<JobQueueError>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    #[error("there is no such conversation")]
    NoSuchConversation,
    #[error("the text is blank")]
    BlankText,
    #[error("the text is longer than {LONGEST_REPLY} characters")]
    TextTooLong,
    #[error("{MOST_PENDING} messages of this conversation wait to leave already")]
    TooManyPending,
    #[error("policy forbids the message")]
    Forbidden(#[source] Refusal),
    #[error("the key of the request belongs to another request")]
    KeyOfAnother,
    #[error("the conversation could not be read or the message not stored")]
    Store(#[source] StoreError),
    #[error("the conversation changed {ATTEMPTS} times while the message was stored")]
    Busy,
}

/// Accepts `draft` as the next message of the conversation.
pub async fn reply(
    outbox: &impl Outbox,
    queue: &impl OutboundQueue,
    id: &ConversationId,
    draft: &Draft,
    now: Timestamp,
    random: u128,
) -> Result<Reply, ReplyError> {
    let outgoing = Outgoing {
        kind: MessageKind::Text,
        author: draft.author.clone(),
        text: draft.text.clone(),
        parts: parts(&draft.text)?,
        request: draft.request.clone(),
        notice: None,
    };
    accept(outbox, queue, id, &outgoing, now, random).await
}

/// Accepts a notice as the next message of the conversation. Policy keeps it back only when the window is closed and no utility template
/// says it.
pub async fn accept_notice(
    outbox: &impl Outbox,
    queue: &impl OutboundQueue,
    id: &ConversationId,
    draft: NoticeDraft,
    now: Timestamp,
    random: u128,
) -> Result<Reply, ReplyError> {
    let outgoing = Outgoing {
        kind: draft.kind,
        author: Author { kind: AuthorKind::System, id: None, name: None },
        parts: vec![Part::new(noted(&draft.text)?, Some(Box::new(draft.forms)))],
        text: draft.text,
        request: Some(draft.request),
        notice: Some(draft.notice),
    };
    accept(outbox, queue, id, &outgoing, now, random).await
}

async fn accept(
    outbox: &impl Outbox,
    queue: &impl OutboundQueue,
    id: &ConversationId,
    outgoing: &Outgoing,
    now: Timestamp,
    random: u128,
) -> Result<Reply, ReplyError> {
    let author = outgoing.author.kind;
    for _ in 0..ATTEMPTS {
        let open = outbox.open(id).await.map_err(ReplyError::Store)?.ok_or(ReplyError::NoSuchConversation)?;
        if let Some(obstacle) = obstacle(&open, outgoing, now) {
            return accepted_before(outbox, queue, open.conversation, outgoing, obstacle).await;
        }
        let at = accepted_at(&open, now);
        let mut conversation = open.conversation;
        let message = Message::outbound(&conversation, outgoing.clone(), at, random);
        conversation.page_wrote(author == AuthorKind::Agent, at);
        let waited_since = if author.answers() { conversation.answered() } else { None };
        let due_at = message.sending.as_ref().and_then(|sending| sending.outcome.due_at(now)).unwrap_or(now);
        match outbox.accept(&message, &conversation, due_at).await.map_err(ReplyError::Store)? {
            Accepted::Stale => {}
            Accepted::KeyOfAnother => return Err(ReplyError::KeyOfAnother),
            Accepted::Repeated(first) => return Ok(enqueue(queue, as_accepted(*first), conversation).await),
            Accepted::Accepted => return Ok(Reply { waited_since, ..enqueue(queue, message, conversation).await }),
        }
    }
    Err(ReplyError::Busy)
}

/// Returns what keeps the conversation from taking another message.
fn obstacle(open: &OpenConversation, outgoing: &Outgoing, now: Timestamp) -> Option<ReplyError> {
    if open.pending.len() >= MOST_PENDING {
        return Some(ReplyError::TooManyPending);
    }
    let subject = Subject { author: outgoing.author.kind, has_utility: outgoing.parts.iter().all(Part::has_utility) };
    policy::decide(&open.conversation, subject, now).err().map(ReplyError::Forbidden)
}

/// A request that was accepted when nothing stood in its way is answered as it was then.
async fn accepted_before(
    outbox: &impl Outbox,
    queue: &impl OutboundQueue,
    conversation: Conversation,
    outgoing: &Outgoing,
    obstacle: ReplyError,
) -> Result<Reply, ReplyError> {
    let Some(request) = &outgoing.request else { return Err(obstacle) };
    match outbox.accepted(request).await.map_err(ReplyError::Store)? {
        Some(Accepted::Repeated(first)) => Ok(enqueue(queue, as_accepted(*first), conversation).await),
        Some(Accepted::KeyOfAnother) => Err(ReplyError::KeyOfAnother),
        Some(Accepted::Accepted | Accepted::Stale) | None => Err(obstacle),
    }
}

/// Enqueues the job of an accepted message. For a repeated request it is done again: the queue takes it once.
async fn enqueue(queue: &impl OutboundQueue, message: Message, conversation: Conversation) -> Reply {
    let job = OutboundJob::Deliver { conversation: message.conversation.clone(), message: message.id.clone() };
    let not_enqueued = queue.enqueue(&job, &Occasion::Accepted).await.err();
    Reply { message, conversation, waited_since: None, not_enqueued }
}

/// Shows a message as it was when it was accepted: a repeated request gets the first answer, whatever has become of it since.
fn as_accepted(message: Message) -> Message {
    let parts = message.sending.into_iter().flat_map(|sending| sending.parts);
    let parts = parts.map(|part| Part::new(part.text, part.forms)).collect();
    Message {
        platform_ids: Vec::new(),
        reaction: None,
        sending: Some(Sending { outcome: Outcome::Queued { reason: None }, attempts: 0, decided: None, parts }),
        ..message
    }
}

fn parts(text: &str) -> Result<Vec<Part>, ReplyError> {
    if text.encode_utf16().count() > LONGEST_REPLY {
        return Err(ReplyError::TextTooLong);
    }
    let parts: Vec<Part> = text::split(text, text::LONGEST_PART).into_iter().map(|text| Part::new(text, None)).collect();
    if parts.is_empty() { Err(ReplyError::BlankText) } else { Ok(parts) }
}

/// A notice leaves by its forms, so that its text is one part however long it is.
fn noted(text: &str) -> Result<String, ReplyError> {
    if text.encode_utf16().count() > LONGEST_REPLY {
        return Err(ReplyError::TextTooLong);
    }
    if text.trim().is_empty() { Err(ReplyError::BlankText) } else { Ok(text.to_owned()) }
}

/// A moment after the last message of ours, so that ids keep the order of acceptance even within a millisecond. What has left orders the
/// next one only while its moment can be trusted; what is still to leave always does, also when the clock was turned back since.
fn accepted_at(open: &OpenConversation, now: Timestamp) -> Timestamp {
    let next = |last: Timestamp| last.plus(Duration::from_millis(1));
    let left = open.conversation.last_outbound_at.map(next).filter(|after| *after <= now.plus(CLOCK_SKEW));
    let pending = open.pending.last().map(|id| next(id.moment()));
    left.max(pending).map_or(now, |after| after.max(now))
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
