//! A person decides about one message: send it after all, or give it up.

use crate::conversation::Conversation;
use crate::id::MessageId;
use crate::job::{Occasion, OutboundJob};
use crate::message::{End, Message, Outcome, RequestKey, Sending};
use crate::policy::{self, Refusal};
use crate::ports::{History, JobQueueError, OutboundQueue, Outbox, Saved, StoreError};
use crate::time::Timestamp;

/// How often a write is tried again after losing a race for the message.
const ATTEMPTS: u32 = 10;

/// What the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send what has not left of it.
    Resend,
    /// Do not try any more.
    Discard,
}

/// A decision with who made it and the request that brought it.
#[derive(Debug, Clone)]
pub struct Intervention<'a> {
    pub decision: Decision,
    /// Named in the message's reason.
    pub by: &'a str,
    pub request: Option<RequestKey>,
}

/// The message as it is after the decision.
#[derive(Debug)]
pub struct Decided {
    pub message: Message,
    pub conversation: Conversation,
    /// Why the job was not enqueued, when it was not: the sweep will.
    pub not_enqueued: Option<JobQueueError>,
}

#[derive(Debug, thiserror::Error)]
pub enum InterveneError {
    #[error("there is no such message, or nothing is to be decided about it")]
    NoSuchMessage,
    #[error("the message is being sent right now")]
    Leaving,
    #[error("it is being found out whether the message left")]
    InDoubt,
    #[error("the message has left")]
    HasLeft,
    #[error("what the message told is a notice, which has taken another way or ended")]
    NoticeWentOn,
    #[error("policy forbids the message")]
    Forbidden(#[source] Refusal),
    #[error("the key of the request belongs to another request")]
    KeyOfAnother,
    #[error("the message could not be read or written")]
    Store(#[source] StoreError),
    #[error("the message changed {ATTEMPTS} times while the decision was written")]
    Busy,
}

/// Carries a decision out. Deciding the same twice changes nothing the second time.
pub async fn intervene<S: History + Outbox>(
    store: &S,
    queue: &impl OutboundQueue,
    id: &MessageId,
    intervention: &Intervention<'_>,
    now: Timestamp,
) -> Result<Decided, InterveneError> {
    for _ in 0..ATTEMPTS {
        let mut message = store.find(id).await.map_err(InterveneError::Store)?.ok_or(InterveneError::NoSuchMessage)?;
        let conversation = store.conversation(&message.conversation).await.map_err(InterveneError::Store)?;
        let conversation = conversation.ok_or(InterveneError::NoSuchMessage)?;
        if !decide(&mut message, &conversation, intervention, now)? {
            return Ok(enqueue(queue, message, conversation, now).await);
        }
        let due_at = message.sending.as_ref().and_then(|sending| sending.outcome.due_at(now));
        if let Saved::Saved(message) = store.save(&message, due_at).await.map_err(InterveneError::Store)? {
            return Ok(enqueue(queue, *message, conversation, now).await);
        }
    }
    Err(InterveneError::Busy)
}

/// Changes the message as was decided, and tells whether anything changed.
fn decide(
    message: &mut Message,
    conversation: &Conversation,
    intervention: &Intervention<'_>,
    now: Timestamp,
) -> Result<bool, InterveneError> {
    let subject = policy::Subject::of(message);
    let is_notice = message.notice.is_some();
    let sending = message.sending.as_mut().ok_or(InterveneError::NoSuchMessage)?;
    if repeats(sending, intervention.request.as_ref())? {
        return Ok(false);
    }
    let next = match intervention.decision {
        Decision::Resend if is_notice && matches!(sending.outcome, Outcome::Failed { .. }) => return Err(InterveneError::NoticeWentOn),
        Decision::Resend => {
            if !resend(&sending.outcome)? {
                return Ok(false);
            }
            policy::decide(conversation, subject, now).map_err(InterveneError::Forbidden)?;
            Outcome::Queued { reason: None }
        }
        Decision::Discard => match given_up(&sending.outcome, intervention.by)? {
            Some(reason) => Outcome::Failed { reason, end: End::GivenUp },
            None => return Ok(false),
        },
    };
    *sending = Sending { outcome: next, attempts: 0, decided: intervention.request.clone(), parts: std::mem::take(&mut sending.parts) };
    Ok(true)
}

/// Tells whether the request was carried out before.
fn repeats(sending: &Sending, request: Option<&RequestKey>) -> Result<bool, InterveneError> {
    match (&sending.decided, request) {
        (Some(known), Some(request)) if known.key == request.key && known.fingerprint == request.fingerprint => Ok(true),
        (Some(known), Some(request)) if known.key == request.key => Err(InterveneError::KeyOfAnother),
        _ => Ok(false),
    }
}

/// Tells whether the message must be queued; it need not when it is on its way.
fn resend(outcome: &Outcome) -> Result<bool, InterveneError> {
    match outcome {
        Outcome::Failed { .. } | Outcome::Waiting { .. } | Outcome::Unconfirmed { for_a_person: true, .. } => Ok(true),
        Outcome::Queued { .. } | Outcome::Sending { .. } => Ok(false),
        Outcome::Unconfirmed { .. } => Err(InterveneError::InDoubt),
        Outcome::Sent { .. } => Err(InterveneError::HasLeft),
    }
}

/// Returns the words with which the message is given up; nothing when it had failed already.
fn given_up(outcome: &Outcome, by: &str) -> Result<Option<String>, InterveneError> {
    match outcome {
        Outcome::Queued { .. } | Outcome::Waiting { .. } => Ok(Some(format!("Given up by {by}; it was not sent."))),
        Outcome::Unconfirmed { .. } => Ok(Some(format!("Given up by {by}; nobody could tell whether it had left."))),
        Outcome::Failed { .. } => Ok(None),
        Outcome::Sending { .. } => Err(InterveneError::Leaving),
        Outcome::Sent { .. } => Err(InterveneError::HasLeft),
    }
}

/// Lets go what may go now: the message itself, or what waited behind it.
async fn enqueue(queue: &impl OutboundQueue, message: Message, conversation: Conversation, now: Timestamp) -> Decided {
    let job = OutboundJob::Wake { conversation: message.conversation.clone() };
    let not_enqueued = queue.enqueue(&job, &Occasion::Decided(now)).await.err();
    Decided { message, conversation, not_enqueued }
}
