//! Sending what a conversation accepted: in order, each part once, with an end for each that can be seen.

use std::borrow::Cow;
use std::time::Duration;

use crate::consent::Consents;
use crate::conversation::Conversation;
use crate::id::{ConversationId, MessageId, PlatformMessageId};
use crate::message::{End, Message, Outcome, Part, Sending, WaitingFor, part_metadata};
use crate::notice::{NoticeId, Notices};
use crate::notify;
use crate::orders::Orders;
use crate::policy::{self, Subject, Way};
use crate::ports::{Claim, Clock, History, Outbox, Saved, SendApi, SendError, SendRequest, Sendable, StoreError, ThreadRecordApi};
use crate::retry::{Retry, Retryable, backoff};
use crate::time::Timestamp;
use crate::unconfirmed::{self, Verdict};

/// How long a claim lasts: longer than one call of the Send API can take, renewed for each part.
const LEASE: Duration = Duration::from_mins(1);

/// How often a message is tried before it fails; with the pauses of [`backoff`] over 23 to 47 minutes.
pub const MOST_ATTEMPTS: u32 = 12;

/// How long later messages wait for an unconfirmed one's echo. After that the platform's record is asked about it.
pub const HOLD_FOR_UNCONFIRMED: Duration = Duration::from_mins(2);

/// When a message is tried again whose customer wrote just as it was refused.
const AT_ONCE: Duration = Duration::from_secs(1);

/// When the platform's record is asked again that did not answer: in the ten minutes that it is asked, fewer times than the queue's
/// twenty receives of a job.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(40);

/// How often a write is tried again after losing a race for the message.
const WRITES: u32 = 10;

/// How a run over the pending messages ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drained {
    pub sent: Vec<MessageId>,
    /// How long each of `sent` took from its acceptance.
    pub took: Vec<Duration>,
    /// Those of which nobody can tell whether they left: a person decides.
    pub left_to_a_person: Vec<MessageId>,
    pub failed: Vec<MessageId>,
    /// The notices of those messages that were sent, have failed or are left to a person.
    pub ended_notices: Vec<NoticeId>,
    /// The message that stays, with why; what comes after it was not tried.
    pub stopped: Option<(MessageId, Stop)>,
}

/// Why a message stays pending without being tried again by this job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Waiting(WaitingFor),
    /// The outcome of its call is unknown; the echo or the sweep moves it on.
    Unconfirmed,
}

#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    #[error("the pending messages could not be read or claimed")]
    Claim(#[source] StoreError),
    #[error("another worker holds the message until {until}")]
    HeldElsewhere { until: Timestamp, pause: Duration },
    /// The message is queued again.
    #[error("the message did not leave")]
    NotSent {
        #[source]
        source: SendError,
        pause: Duration,
    },
    /// The message waits for the window, and nothing that comes later would tell that it is open.
    #[error("the customer wrote while the message was refused")]
    WindowOpened,
    /// The platform's record did not answer; what follows waits, so that the order holds.
    #[error("nobody could tell yet whether the message left")]
    InDoubt { pause: Duration },
    /// A call was made and its outcome could not be written. The lease runs out, and the echo settles the message:
    /// trying again now would send twice.
    #[error("the message's outcome could not be written")]
    Unrecorded(#[source] StoreError),
    /// The same, after losing too many races for the row.
    #[error("the message changed {WRITES} times while its outcome was written")]
    Busy,
}

impl Retryable for DeliverError {
    fn retry(&self) -> Retry {
        match self {
            Self::Claim(err) => err.retry(),
            Self::HeldElsewhere { pause, .. } | Self::NotSent { pause, .. } | Self::InDoubt { pause } => Retry::After(*pause),
            Self::WindowOpened => Retry::After(AT_ONCE),
            // Once the lease has run out, the claim finds the message abandoned and makes it unconfirmed.
            Self::Unrecorded(_) | Self::Busy => Retry::After(LEASE),
        }
    }
}

/// Everything stored that sending asks.
pub trait DeliverStore: History + Outbox + Consents + Notices + Orders {}

impl<S: History + Outbox + Consents + Notices + Orders> DeliverStore for S {}

/// Sends what is pending in the conversation, oldest first, up to and including `up_to` when it is given.
pub async fn drain<S: DeliverStore>(
    store: &S,
    api: &(impl SendApi + ThreadRecordApi),
    clock: &dyn Clock,
    id: &ConversationId,
    up_to: Option<&MessageId>,
) -> Result<Drained, DeliverError> {
    let mut drained = Drained::default();
    let Some(open) = store.open(id).await.map_err(DeliverError::Claim)? else { return Ok(drained) };
    let mut waited_for = open.conversation.waiting_for;
    if open.pending.is_empty() && waited_for.take().is_some() {
        // What waited was given up.
        store.set_waiting(id, None).await.map_err(DeliverError::Claim)?;
    }
    for message in open.pending.into_iter().filter(|pending| up_to.is_none_or(|last| pending <= last)) {
        api.ready(&open.conversation.page).await;
        match deliver(store, api, clock, &open.conversation, &message).await? {
            Step::Sent(notice) => {
                drained.took.push(clock.now().since(message.moment()));
                drained.sent.push(message);
                drained.ended_notices.extend(notice);
            }
            Step::LeftToAPerson(notice) => {
                drained.left_to_a_person.push(message);
                drained.ended_notices.extend(notice);
                continue;
            }
            Step::Failed(notice) => {
                drained.failed.push(message);
                drained.ended_notices.extend(notice);
            }
            Step::Passed | Step::Again => continue,
            Step::Stopped(stop) => {
                if let Stop::Waiting(on) = stop {
                    let after = store.set_waiting(id, Some(on)).await.map_err(DeliverError::Unrecorded)?;
                    // What the customer did in the meantime found nobody to wake.
                    let ends_at = after.and_then(|conversation| conversation.window_ends_at);
                    if on == WaitingFor::Window && ends_at > open.conversation.window_ends_at {
                        return Err(DeliverError::WindowOpened);
                    }
                }
                drained.stopped = Some((message, stop));
                return Ok(drained);
            }
        }
        // What waited has ended.
        if waited_for.take().is_some() {
            store.set_waiting(id, None).await.map_err(DeliverError::Claim)?;
        }
    }
    Ok(drained)
}

/// What came of one message; its notice, where it tells one, when it is at an end.
enum Step {
    Sent(Option<NoticeId>),
    Failed(Option<NoticeId>),
    /// It had ended before.
    Passed,
    /// It stays in doubt, and in nobody's way.
    LeftToAPerson(Option<NoticeId>),
    /// It is queued again.
    Again,
    Stopped(Stop),
}

/// Delivers one message; what is queued again on the way is tried at once.
async fn deliver<S: DeliverStore>(
    store: &S,
    api: &(impl SendApi + ThreadRecordApi),
    clock: &dyn Clock,
    conversation: &Conversation,
    message: &MessageId,
) -> Result<Step, DeliverError> {
    loop {
        // Boxed: the futures of all that may happen to a message are large together.
        let step = Box::pin(deliver_one(store, api, clock, conversation, message)).await?;
        if !matches!(step, Step::Again) {
            return Ok(step);
        }
    }
}

async fn deliver_one<S: DeliverStore>(
    store: &S,
    api: &(impl SendApi + ThreadRecordApi),
    clock: &dyn Clock,
    conversation: &Conversation,
    message: &MessageId,
) -> Result<Step, DeliverError> {
    let now = clock.now();
    let id = &conversation.id;
    match store.claim(id, message, now, now.plus(LEASE)).await.map_err(DeliverError::Claim)? {
        Claim::Ours(message) => send_parts(store, api, clock, conversation, *message).await,
        Claim::HeldElsewhere(until) => Err(DeliverError::HeldElsewhere { until, pause: until.since(now) }),
        Claim::Abandoned(message) => {
            let reason = String::from("a worker stopped while sending it; the echo tells whether it left");
            end(store, *message, Outcome::Unconfirmed { since: now, reason, for_a_person: false }, now).await?;
            Ok(Step::Stopped(Stop::Unconfirmed))
        }
        Claim::Unconfirmed(since) if now.since(since) < HOLD_FOR_UNCONFIRMED => Ok(Step::Stopped(Stop::Unconfirmed)),
        Claim::Unconfirmed(since) => settle_unconfirmed(store, api, clock, id, message, since).await,
        Claim::Ended => {
            store.forget(id, message).await.map_err(DeliverError::Claim)?;
            Ok(Step::Passed)
        }
    }
}

/// Asks the platform's own record about a message whose echo never came, and writes what it tells.
async fn settle_unconfirmed<S: History + Outbox>(
    store: &S,
    api: &impl ThreadRecordApi,
    clock: &dyn Clock,
    conversation: &ConversationId,
    id: &MessageId,
    since: Timestamp,
) -> Result<Step, DeliverError> {
    let Some(message) = store.message(conversation, id).await.map_err(DeliverError::Claim)? else { return Ok(Step::Passed) };
    let now = clock.now();
    match unconfirmed::ask(store, api, &message, since, now).await.map_err(DeliverError::Claim)? {
        Verdict::Left { part, platform_id, at } => {
            let message = update(store, message, now, |message| message.part_taken(part, &platform_id, at)).await?;
            let has_ended = message.sending.as_ref().is_none_or(|sending| sending.outcome.has_ended());
            Ok(if has_ended { Step::Sent(message.notice) } else { Step::Again })
        }
        Verdict::DidNotLeave => {
            let reason = String::from("Meta's own record shows that it did not leave; it is sent again");
            amend(store, message, Outcome::Queued { reason: Some(reason) }, now).await?;
            Ok(Step::Again)
        }
        Verdict::AskAgain => Err(DeliverError::InDoubt { pause: ASK_AGAIN_AFTER }),
        Verdict::NobodyKnows { reason } => {
            // It is in nobody's way from here on.
            let message = amend(store, message, Outcome::Unconfirmed { since, reason, for_a_person: true }, now).await?;
            Ok(Step::LeftToAPerson(message.notice))
        }
    }
}

/// Writes what became of a message in doubt, unless its echo has told it in the meantime.
async fn amend<S: History>(store: &S, message: Message, outcome: Outcome, now: Timestamp) -> Result<Message, DeliverError> {
    update(store, message, now, |message| match &mut message.sending {
        Some(sending) if matches!(sending.outcome, Outcome::Unconfirmed { .. }) => {
            sending.outcome = outcome.clone();
            true
        }
        Some(_) | None => false,
    })
    .await
}

async fn send_parts<S: DeliverStore>(
    store: &S,
    api: &(impl SendApi + ThreadRecordApi),
    clock: &dyn Clock,
    conversation: &Conversation,
    mut message: Message,
) -> Result<Step, DeliverError> {
    let mut conversation = Cow::Borrowed(conversation);
    if let Some(notice) = &message.notice
        && let Some(reason) = notify::kept_back(store, notice, &conversation.id, clock.now()).await.map_err(DeliverError::Claim)?
    {
        // Since it was decided about.
        let error = SendError::Refused { reason };
        return not_taken(store, message, error, clock.now()).await;
    }
    loop {
        let Some((index, part, parts)) = next_part(&message) else { return Ok(Step::Sent(message.notice)) };
        let called_at = clock.now();
        if !message.sending.as_ref().is_some_and(|sending| matches!(sending.outcome, Outcome::Sending { .. })) {
            // The last call took longer than its lease: the rest of the message belongs to whoever claims it next.
            return Err(DeliverError::HeldElsewhere { until: called_at, pause: Duration::ZERO });
        }
        let way = match policy::decide(&conversation, Subject::of(&message), called_at) {
            Ok(way) => way,
            Err(refusal) => return not_taken(store, message, refusal.into(), called_at).await,
        };
        let metadata = part_metadata(&message.id, index, parts);
        let request = SendRequest { page: &message.page, user: &message.user, content: form(&part, way), way, metadata: &metadata };
        match api.send(&request).await {
            Ok(platform_id) => {
                message = taken(store, message, index, &platform_id, called_at, clock.now()).await?;
                if next_part(&message).is_some() {
                    api.ready(&message.page).await;
                }
            }
            // The platform knows better than our estimate; what may go without the window goes at once.
            Err(SendError::Waits { on: WaitingFor::Window, .. }) if way == Way::Response => {
                conversation = Cow::Owned(close_window(store, &conversation, called_at).await?);
                message = renew(store, message, clock.now()).await?;
            }
            Err(error) => return not_taken(store, message, error, clock.now()).await,
        }
    }
}

/// Corrects our estimate of the window, unless the customer did something since it was read.
async fn close_window<S: Outbox>(store: &S, conversation: &Conversation, closed_at: Timestamp) -> Result<Conversation, DeliverError> {
    let closed = Conversation { window_ends_at: Some(closed_at), ..conversation.clone() };
    let Some(estimate) = conversation.window_ends_at else { return Ok(closed) };
    let stored = store.close_window(&conversation.id, estimate, closed_at).await.map_err(DeliverError::Unrecorded)?;
    Ok(stored.unwrap_or(closed))
}

fn next_part(message: &Message) -> Option<(usize, Part, usize)> {
    let sending = message.sending.as_ref()?;
    let (index, part) = sending.next_part()?;
    Some((index, part.clone(), sending.parts.len()))
}

/// Picks the form in which a part leaves by `way`.
fn form(part: &Part, way: Way) -> Sendable<'_> {
    let text = Sendable::Text(&part.text);
    let Some(forms) = &part.forms else { return text };
    match way {
        Way::Response => Sendable::Content(&forms.inside),
        Way::Utility => forms.outside.as_ref().map_or(text, Sendable::Utility),
        // The tag is for what a person wrote.
        Way::HumanAgent => text,
    }
}

/// Takes a new lease for the same message, unless its echo has settled it in the meantime.
async fn renew<S: History>(store: &S, message: Message, now: Timestamp) -> Result<Message, DeliverError> {
    update(store, message, now, |message| message.sending.as_mut().is_some_and(|sending| lease(sending, now))).await
}

/// Moves the end of the claim, and tells whether there is one.
fn lease(sending: &mut Sending, now: Timestamp) -> bool {
    match &mut sending.outcome {
        Outcome::Sending { lease_until } => {
            *lease_until = now.plus(LEASE);
            true
        }
        Outcome::Queued { .. } | Outcome::Sent { .. } | Outcome::Waiting { .. } | Outcome::Unconfirmed { .. } | Outcome::Failed { .. } => {
            false
        }
    }
}

/// Writes that the platform took a part, whether or not the echo came first.
async fn taken<S: History>(
    store: &S,
    message: Message,
    index: usize,
    platform_id: &PlatformMessageId,
    called_at: Timestamp,
    now: Timestamp,
) -> Result<Message, DeliverError> {
    update(store, message, now, |message| {
        let changed = message.part_taken(index, platform_id, called_at);
        // The next part needs a lease of its own, also when the echo of this one came first.
        message.sending.as_mut().is_some_and(|sending| lease(sending, now)) || changed
    })
    .await
}

/// What is closed to a notice ends it: it does not wait in front of the conversation's other messages, and whoever decides about notices finds
/// it another way.
fn for_a_notice(error: SendError) -> SendError {
    match error {
        SendError::Waits { on: WaitingFor::Window, reason } => {
            SendError::Refused { reason: format!("{reason} No approved utility template could carry the notice.") }
        }
        SendError::NotSent { .. }
        | SendError::AskedToWait { .. }
        | SendError::Waits { on: WaitingFor::Thread | WaitingFor::Page, .. }
        | SendError::PageHeld { .. }
        | SendError::Refused { .. }
        | SendError::OutOfReach { .. }
        | SendError::Unknown { .. } => error,
    }
}

async fn not_taken<S: History>(store: &S, message: Message, error: SendError, now: Timestamp) -> Result<Step, DeliverError> {
    let notice = message.notice.clone();
    let error = if notice.is_some() { for_a_notice(error) } else { error };
    let attempts = message.sending.as_ref().map_or(0, |sending| sending.attempts);
    let backoff = backoff(attempts, dice(&message.id));
    let (outcome, step) = match error.clone() {
        SendError::NotSent { reason, most_attempts } if attempts >= most_attempts => {
            let reason = format!("Gave up after {attempts} attempts. {reason} Send it again when the cause is gone.");
            (Outcome::Failed { reason, end: End::Refused }, Ok(Step::Failed(notice.clone())))
        }
        SendError::NotSent { reason, .. } => {
            (Outcome::Queued { reason: Some(reason) }, Err(DeliverError::NotSent { source: error, pause: backoff }))
        }
        SendError::AskedToWait { reason, pause } => {
            // A platform that goes on asking is asked less and less often.
            (Outcome::Queued { reason: Some(reason) }, Err(DeliverError::NotSent { source: error, pause: pause.max(backoff) }))
        }
        SendError::Waits { on, reason } => (Outcome::Waiting { on, reason }, Ok(Step::Stopped(Stop::Waiting(on)))),
        SendError::PageHeld { reason, .. } => {
            let on = WaitingFor::Page;
            (Outcome::Waiting { on, reason }, Ok(Step::Stopped(Stop::Waiting(on))))
        }
        SendError::Refused { reason } => (Outcome::Failed { reason, end: End::Refused }, Ok(Step::Failed(notice.clone()))),
        SendError::OutOfReach { reason } => (Outcome::Failed { reason, end: End::OutOfReach }, Ok(Step::Failed(notice.clone()))),
        SendError::Unknown { reason } => {
            (Outcome::Unconfirmed { since: now, reason, for_a_person: false }, Ok(Step::Stopped(Stop::Unconfirmed)))
        }
    };
    let message = end(store, message, outcome, now).await?;
    if message.sending.as_ref().is_some_and(|sending| matches!(sending.outcome, Outcome::Sent { .. })) {
        return Ok(Step::Sent(notice));
    }
    step
}

/// Writes an outcome, unless the echo has told a better one in the meantime.
async fn end<S: History>(store: &S, message: Message, outcome: Outcome, now: Timestamp) -> Result<Message, DeliverError> {
    update(store, message, now, |message| match &mut message.sending {
        Some(sending) if matches!(sending.outcome, Outcome::Sending { .. }) => {
            if matches!(outcome, Outcome::Waiting { .. }) {
                // Being asked to wait is no failure: what follows has all its attempts.
                sending.attempts = 0;
            }
            sending.outcome = outcome.clone();
            true
        }
        Some(_) | None => false,
    })
    .await
}

/// Changes a message and writes it, starting over from the stored row when another worker was faster.
async fn update<S: History>(
    store: &S,
    mut message: Message,
    now: Timestamp,
    change: impl Fn(&mut Message) -> bool,
) -> Result<Message, DeliverError> {
    for _ in 0..WRITES {
        if !change(&mut message) {
            return Ok(message);
        }
        let due_at = message.sending.as_ref().and_then(|sending| sending.outcome.due_at(now));
        match store.save(&message, due_at).await.map_err(DeliverError::Unrecorded)? {
            Saved::Saved(stored) => return Ok(*stored),
            Saved::Stale => {
                let stored = store.message(&message.conversation, &message.id).await.map_err(DeliverError::Unrecorded)?;
                message = stored.ok_or(DeliverError::Busy)?;
            }
        }
    }
    Err(DeliverError::Busy)
}

/// A number that differs between messages.
fn dice(id: &MessageId) -> u64 {
    id.as_str().bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

impl Outcome {
    /// Returns when the sweep should look at a message again that is still like this; nothing when only an event can move it, or it ended.
    #[must_use]
    pub fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        /// Longer than the queue's own retries take to come round.
        const RELAY_AFTER: Duration = Duration::from_mins(2);
        /// How often a thread is tried that another app holds, beside the event that returns it.
        const PROBE_THREAD: Duration = Duration::from_hours(1);
        match self {
            Self::Queued { .. } => Some(now.plus(RELAY_AFTER)),
            Self::Sending { lease_until } => Some(lease_until.plus(RELAY_AFTER)),
            Self::Unconfirmed { since, for_a_person: false, .. } => Some(since.plus(HOLD_FOR_UNCONFIRMED)).filter(|due| *due > now),
            // Among those that its Page holds, in the order in which they came to wait.
            Self::Waiting { on: WaitingFor::Page, .. } => Some(now),
            Self::Waiting { on: WaitingFor::Thread, .. } => Some(now.plus(PROBE_THREAD)),
            Self::Waiting { on: WaitingFor::Window, .. }
            | Self::Unconfirmed { for_a_person: true, .. }
            | Self::Sent { .. }
            | Self::Failed { .. } => None,
        }
    }

    /// Tells whether nothing more happens to the message.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        match self {
            Self::Sent { .. } | Self::Failed { .. } => true,
            Self::Queued { .. } | Self::Sending { .. } | Self::Waiting { .. } | Self::Unconfirmed { .. } => false,
        }
    }

    /// Tells whether a person may have to decide about the message.
    #[must_use]
    pub const fn may_be_decided(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Unconfirmed { .. } | Self::Failed { .. })
    }

    /// Tells whether the message has a place among what its conversation sends in order. What a person must decide about has none.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        !self.has_ended() && !matches!(self, Self::Unconfirmed { for_a_person: true, .. })
    }
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
