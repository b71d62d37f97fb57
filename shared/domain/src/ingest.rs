//! From an event to stored history, once; and what follows from it.

use std::time::Duration;

use crate::consent::{self, Consents, Origin, Said, Word};
use crate::conversation::Conversation;
use crate::erase::Standing;
use crate::history::{self, Change, TimelineEvent};
use crate::id::{ConversationId, DedupeKey, MessageId, PlatformMessageId, UserId};
use crate::inbound::{Echo, EventKind, InboundEvent, Party};
use crate::job::{Occasion, OrdersJob, OutboundJob};
use crate::message::{MessageChange, Outcome, Reacted, WaitingFor, parse_part_metadata};
use crate::notify::{OrdersJobs, job_of};
use crate::operator::{OperatorEvent, Severity};
use crate::ports::{History, JobQueueError, Kept, OutboundQueue, Recorded, Recording, Saved, StoreError};
use crate::profile;
use crate::retry::{Retry, Retryable};
use crate::template::{self, Templates};
use crate::time::Timestamp;

/// How often a write is tried again after losing a race for a row.
const ATTEMPTS: u32 = 10;

/// How far ahead of our clock a platform's moment may be. What is further ahead is no moment (microseconds, say): such an event would
/// stand on top of every inbox for ever, so it counts as of now.
const FURTHEST_AHEAD: Duration = Duration::from_hours(10 * 365 * 24);

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// A new row stands in the history.
    New,
    /// It stood there already.
    Duplicate,
    /// It changed an earlier message, or settled one of our own.
    Changed,
    /// It is kept until the message that it changes comes.
    KeptForLater,
    /// It says nothing that was not known.
    NothingNew,
    /// It is part of what was erased, and is not stored again.
    Erased,
}

#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("the event could not be stored")]
    Store(#[source] StoreError),
    /// The event is stored; what follows from it is not enqueued. Taking the event again enqueues it.
    #[error("what follows from the event could not be enqueued")]
    FollowUp(#[source] JobQueueError),
    #[error("the row changed {ATTEMPTS} times while it was written")]
    Busy,
}

impl Retryable for IngestError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::FollowUp(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// Takes one event. Taking it again changes nothing and repeats only what follows from it, which is harmless.
pub async fn ingest(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    event: &InboundEvent,
    now: Timestamp,
) -> Result<Ingested, IngestError> {
    let placed;
    let event = if is_no_moment(event.occurred_at, now) {
        placed = InboundEvent { occurred_at: now, ..event.clone() };
        &placed
    } else {
        event
    };
    match &event.party {
        Party::Person(user) => of_person(history, queue, user, event, now).await,
        Party::Reference(_) | Party::Page => {
            template::note(history, event).await.map_err(IngestError::Store)?;
            of_page(history, event).await
        }
    }
}

fn is_no_moment(at: Timestamp, now: Timestamp) -> bool {
    at > now.plus(FURTHEST_AHEAD)
}

/// An event that changes nothing but its own conversation: it adds a row, or moves the summary. Only [`Addition::of`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    user: &'a UserId,
    event: &'a InboundEvent,
}

impl<'a> Addition<'a> {
    /// Returns nothing for an event that has to look at something else first, an earlier message for instance.
    #[must_use]
    pub fn of(event: &'a InboundEvent, now: Timestamp) -> Option<Self> {
        let Party::Person(user) = &event.party else { return None };
        let adds = match &event.kind {
            EventKind::Echo(echo) => echo.metadata.as_deref().and_then(parse_part_metadata).is_none(),
            EventKind::Edit { .. } | EventKind::Unsend { .. } | EventKind::Reaction { .. } => false,
            EventKind::Message(_)
            | EventKind::Postback(_)
            | EventKind::Delivered { .. }
            | EventKind::Read { .. }
            | EventKind::Referral(_)
            | EventKind::OptIn(_)
            | EventKind::ThreadControl { .. }
            | EventKind::Enforcement { .. }
            | EventKind::TemplateStatus { .. }
            | EventKind::Noted(_)
            | EventKind::Unknown(_) => true,
        };
        let is_alone = !is_no_moment(event.occurred_at, now) && word_of(event).is_none();
        (adds && is_alone).then_some(Self { user, event })
    }

    fn conversation(&self) -> ConversationId {
        ConversationId::of(&self.event.page, self.user)
    }
}

/// Takes additions to different conversations together: the store and the queue are asked once for all of them, where they can. Each ends as
/// [`ingest`] ends it, in the order of `additions`.
pub async fn ingest_all(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    additions: &[Addition<'_>],
    now: Timestamp,
) -> Vec<Result<Ingested, IngestError>> {
    let ids: Vec<ConversationId> = additions.iter().map(Addition::conversation).collect();
    let keys: Vec<DedupeKey> = additions.iter().map(|addition| addition.event.dedupe_key()).collect();
    let plan = |(read, addition): (Result<Standing, StoreError>, &Addition<'_>)| {
        read.map(|standing| (change(&standing, addition.user, addition.event), standing))
    };
    let plans: Vec<_> = history.standings(&ids).await.into_iter().zip(additions).map(plan).collect();
    let changes = plans.iter().map(|plan| plan.as_ref().ok().and_then(|(change, _)| change.as_ref()));
    let recordings: Vec<Recording<'_>> = changes.zip(&keys).filter_map(|(change, key)| Some(change?.recording(key))).collect();
    let mut recorded = history.record_all(&recordings).await.into_iter();

    let mut ends = Vec::with_capacity(additions.len());
    let mut follow_ups = Vec::new();
    let mut orders_jobs = Vec::new();
    for ((addition, key), plan) in additions.iter().zip(&keys).zip(plans) {
        let event = addition.event;
        ends.push(match plan {
            Err(err) => Err(IngestError::Store(err)),
            Ok((None, standing)) => unchanged(history, queue, event, &standing, key, now).await,
            Ok((Some(change), _)) => match recorded.next() {
                // Another worker was faster, so it is taken by itself. No answer at all is no answer of ours.
                Some(Ok(Recorded::Stale)) | None => record(history, queue, addition.user, event, now).await,
                Some(Ok(recorded)) => {
                    follow_ups.extend(FollowUp::of(&change.conversation, event, key, now).map(|follow_up| (ends.len(), follow_up)));
                    orders_jobs.extend(job_of(event, &change.conversation).map(|job| (ends.len(), job)));
                    Ok(change.outcome(recorded))
                }
                Some(Err(err)) => Err(IngestError::Store(err)),
            },
        });
    }
    let jobs: Vec<(OutboundJob, Occasion)> =
        follow_ups.iter().map(|(_, follow_up)| (follow_up.job.clone(), follow_up.occasion.clone())).collect();
    let enqueued = if jobs.is_empty() { Vec::new() } else { queue.enqueue_all(&jobs).await };
    for ((position, follow_up), enqueued) in follow_ups.iter().zip(enqueued) {
        if let (Some(end), Err(err)) = (ends.get_mut(*position), enqueued)
            && follow_up.is_needed
        {
            *end = Err(IngestError::FollowUp(err));
        }
    }
    for (position, job) in orders_jobs {
        if let (Some(end), Err(err)) = (ends.get_mut(position), queue.put(&job).await) {
            *end = Err(IngestError::FollowUp(err));
        }
    }
    ends
}

async fn of_page(history: &impl History, event: &InboundEvent) -> Result<Ingested, IngestError> {
    let recorded = history.record_page_event(&TimelineEvent::of(event), &event.dedupe_key()).await.map_err(IngestError::Store)?;
    Ok(match recorded {
        Recorded::New => Ingested::New,
        Recorded::Duplicate | Recorded::Stale => Ingested::Duplicate,
    })
}

async fn of_person(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    user: &UserId,
    event: &InboundEvent,
    now: Timestamp,
) -> Result<Ingested, IngestError> {
    let at = event.occurred_at;
    match &event.kind {
        EventKind::Echo(echo) => {
            if let Some(settled) = settle_our_own(history, queue, user, event, echo, now).await? {
                return Ok(settled);
            }
        }
        EventKind::Edit { platform_id, text, number } => {
            let change = MessageChange::Edit { number: *number, text: text.clone(), at };
            return change_message(history, user, event, platform_id, &change).await;
        }
        EventKind::Unsend { platform_id } => {
            return change_message(history, user, event, platform_id, &MessageChange::Unsend { at }).await;
        }
        EventKind::Reaction { platform_id, reaction } => {
            let change = MessageChange::Reaction(Reacted { reaction: reaction.clone(), at });
            let changed = change_message(history, user, event, platform_id, &change).await?;
            record(history, queue, user, event, now).await?;
            return Ok(changed);
        }
        EventKind::Message(_)
        | EventKind::Postback(_)
        | EventKind::Delivered { .. }
        | EventKind::Read { .. }
        | EventKind::Referral(_)
        | EventKind::OptIn(_)
        | EventKind::ThreadControl { .. }
        | EventKind::Enforcement { .. }
        | EventKind::TemplateStatus { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => {}
    }
    record(history, queue, user, event, now).await
}

/// Records the event with the conversation's summary, reading and writing again when another worker was faster.
async fn record(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    user: &UserId,
    event: &InboundEvent,
    now: Timestamp,
) -> Result<Ingested, IngestError> {
    let id = ConversationId::of(&event.page, user);
    let key = event.dedupe_key();
    for _ in 0..ATTEMPTS {
        let standing = history.standing(&id).await.map_err(IngestError::Store)?;
        let Some(change) = change(&standing, user, event) else {
            return unchanged(history, queue, event, &standing, &key, now).await;
        };
        let recorded = history.record(&change.recording(&key)).await.map_err(IngestError::Store)?;
        if recorded == Recorded::Stale {
            continue;
        }
        note_word(history, &id, event).await?;
        follow_up(queue, &change.conversation, event, &key, now).await?;
        return Ok(change.outcome(recorded));
    }
    Err(IngestError::Busy)
}

/// Returns what an event makes of what stands under its conversation's id; nothing when it was erased.
fn change(standing: &Standing, user: &UserId, event: &InboundEvent) -> Option<Change> {
    if standing.is_erased(event.occurred_at) {
        return None;
    }
    let mut change = history::apply(standing.conversation(), user, event)?;
    if let Standing::Erased(tombstone) = standing {
        change.conversation.version = tombstone.version;
        change.conversation.erased_at = Some(tombstone.erased_at);
    }
    Some(change)
}

/// Ends an event that changes nothing about its conversation.
async fn unchanged(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    event: &InboundEvent,
    standing: &Standing,
    key: &DedupeKey,
    now: Timestamp,
) -> Result<Ingested, IngestError> {
    if standing.is_erased(event.occurred_at) {
        return Ok(Ingested::Erased);
    }
    match (&event.kind, standing) {
        // A mark for a conversation that we never saw is kept as an event: it makes no conversation.
        (EventKind::Delivered { .. } | EventKind::Read { .. }, Standing::Nothing) => of_page(history, event).await,
        // A mark for what is gone.
        (EventKind::Delivered { .. } | EventKind::Read { .. }, Standing::Erased(_)) => Ok(Ingested::Erased),
        (_, Standing::Nothing | Standing::Erased(_)) => Ok(Ingested::NothingNew),
        // It may be known because it was taken before, up to what follows from it.
        (_, Standing::Conversation(conversation)) => {
            follow_up(queue, conversation, event, key, now).await?;
            Ok(Ingested::NothingNew)
        }
    }
}

impl Change {
    fn recording<'a>(&'a self, key: &'a DedupeKey) -> Recording<'a> {
        Recording { conversation: &self.conversation, entry: self.entry.as_ref().map(|entry| (entry, key)) }
    }

    const fn outcome(&self, recorded: Recorded) -> Ingested {
        match (recorded, &self.entry) {
            (Recorded::New | Recorded::Stale, Some(_)) => Ingested::New,
            (Recorded::New | Recorded::Stale, None) => Ingested::Changed,
            (Recorded::Duplicate, _) => Ingested::Duplicate,
        }
    }
}

/// A job that follows from an event. It is enqueued again when the event comes again, so a crash before it loses nothing.
#[derive(Debug)]
struct FollowUp {
    job: OutboundJob,
    occasion: Occasion,
    /// Whether the event must come again when the job is not enqueued.
    is_needed: bool,
}

impl FollowUp {
    fn of(conversation: &Conversation, event: &InboundEvent, key: &DedupeKey, now: Timestamp) -> impl Iterator<Item = Self> {
        let wakes = conversation.waiting_for.is_some_and(|on| wakes(&event.kind, on));
        let wake = wakes.then(|| Self {
            job: OutboundJob::Wake { conversation: conversation.id.clone() },
            occasion: Occasion::Event(key.clone()),
            is_needed: true,
        });
        let wrote = matches!(event.kind, EventKind::Message(_) | EventKind::Postback(_));
        let look_up = (wrote && profile::is_stale(conversation, now)).then(|| Self {
            job: OutboundJob::LookUpName { conversation: conversation.id.clone() },
            occasion: Occasion::Stale(now),
            // A name is not worth holding intake up: the next message asks again.
            is_needed: false,
        });
        wake.into_iter().chain(look_up)
    }
}

/// Enqueues what follows.
async fn follow_up(
    queue: &(impl OutboundQueue + OrdersJobs),
    conversation: &Conversation,
    event: &InboundEvent,
    key: &DedupeKey,
    now: Timestamp,
) -> Result<(), IngestError> {
    for follow_up in FollowUp::of(conversation, event, key, now) {
        let enqueued = queue.enqueue(&follow_up.job, &follow_up.occasion).await;
        if follow_up.is_needed {
            enqueued.map_err(IngestError::FollowUp)?;
        }
    }
    match job_of(event, conversation) {
        Some(job) => queue.put(&job).await.map_err(IngestError::FollowUp),
        None => Ok(()),
    }
}

/// Returns what an event says of notices, and how.
fn word_of(event: &InboundEvent) -> Option<(Word, Origin, &str)> {
    match &event.kind {
        EventKind::Message(message) => {
            let text = message.text.as_deref()?;
            consent::word(text).map(|word| (word, Origin::CustomerMessage, text))
        }
        EventKind::OptIn(opt_in) => {
            let status = opt_in.status.as_deref().unwrap_or_default();
            consent::of_opt_in(opt_in).map(|word| (word, Origin::OptInEvent, status))
        }
        EventKind::Postback(_)
        | EventKind::Echo(_)
        | EventKind::Delivered { .. }
        | EventKind::Read { .. }
        | EventKind::Reaction { .. }
        | EventKind::Edit { .. }
        | EventKind::Unsend { .. }
        | EventKind::Referral(_)
        | EventKind::ThreadControl { .. }
        | EventKind::Enforcement { .. }
        | EventKind::TemplateStatus { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => None,
    }
}

/// Puts a STOP, a START or one of their peers into the ledger: it is in force before the event counts as taken.
async fn note_word(history: &impl Consents, conversation: &ConversationId, event: &InboundEvent) -> Result<(), IngestError> {
    let Some((word, origin, text)) = word_of(event) else { return Ok(()) };
    let id = MessageId::derived(event.occurred_at, &event.dedupe_key());
    let said = Said { word, text, origin, event: id.as_str(), at: event.occurred_at };
    consent::said(history, conversation, &said).await.map(drop).map_err(IngestError::Store)
}

/// Tells whether an event may end what a message waits for.
fn wakes(kind: &EventKind, waiting: WaitingFor) -> bool {
    match waiting {
        WaitingFor::Window => {
            matches!(
                kind,
                EventKind::Message(_) | EventKind::Postback(_) | EventKind::Referral(_) | EventKind::Reaction { reaction: Some(_), .. }
            )
        }
        WaitingFor::Thread => matches!(kind, EventKind::ThreadControl { .. }),
        WaitingFor::Page => false,
    }
}

/// Settles a message of ours by the echo that carries its id; nothing when the echo is of somebody else's message.
async fn settle_our_own(
    history: &(impl History + Consents + Templates),
    queue: &(impl OutboundQueue + OrdersJobs),
    user: &UserId,
    event: &InboundEvent,
    echo: &Echo,
    now: Timestamp,
) -> Result<Option<Ingested>, IngestError> {
    let Some((id, index)) = echo.metadata.as_deref().and_then(parse_part_metadata) else { return Ok(None) };
    let conversation = ConversationId::of(&event.page, user);
    for _ in 0..ATTEMPTS {
        let Some(mut message) = history.message(&conversation, &id).await.map_err(IngestError::Store)? else {
            // Its call was under way when it was erased.
            let standing = history.standing(&conversation).await.map_err(IngestError::Store)?;
            return Ok(standing.is_erased(id.moment()).then_some(Ingested::Erased));
        };
        let was_unknown = message.sending.as_ref().is_some_and(|sending| matches!(sending.outcome, Outcome::Unconfirmed { .. }));
        if !message.part_echoed(index, &echo.platform_id, event.occurred_at) {
            return Ok(Some(Ingested::Duplicate));
        }
        let due_at = message.sending.as_ref().and_then(|sending| sending.outcome.due_at(now));
        if history.save(&message, due_at).await.map_err(IngestError::Store)? == Saved::Stale {
            continue;
        }
        if let Some(notice) = message.notice.clone().filter(|_| was_unknown) {
            queue.put(&OrdersJob::Decide { notice }).await.map_err(IngestError::FollowUp)?;
        }
        if was_unknown {
            let job = OutboundJob::Wake { conversation };
            queue.enqueue(&job, &Occasion::Event(event.dedupe_key())).await.map_err(IngestError::FollowUp)?;
        }
        return Ok(Some(Ingested::Changed));
    }
    Err(IngestError::Busy)
}

async fn change_message(
    history: &impl History,
    user: &UserId,
    event: &InboundEvent,
    platform_id: &PlatformMessageId,
    change: &MessageChange,
) -> Result<Ingested, IngestError> {
    let key = DedupeKey::of_message(&event.page, platform_id);
    let mut was_there = false;
    for _ in 0..ATTEMPTS {
        let Some(mut message) = history.message_by_key(&key).await.map_err(IngestError::Store)? else {
            if was_there {
                // Its time is over, and its key is kept a little longer.
                return Ok(Ingested::NothingNew);
            }
            let standing = history.standing(&ConversationId::of(&event.page, user)).await.map_err(IngestError::Store)?;
            if standing.is_erased(event.occurred_at) {
                return Ok(Ingested::Erased);
            }
            match history.keep_change(&key, platform_id, change).await.map_err(IngestError::Store)? {
                Kept::UntilMessageComes => return Ok(Ingested::KeptForLater),
                Kept::MessageIsThere => was_there = true,
            }
            continue;
        };
        if !message.apply(change) {
            return Ok(Ingested::Duplicate);
        }
        let due_at = message.sending.as_ref().and_then(|sending| sending.outcome.due_at(event.occurred_at));
        if history.save(&message, due_at).await.map_err(IngestError::Store)? != Saved::Stale {
            return Ok(Ingested::Changed);
        }
    }
    Err(IngestError::Busy)
}

/// Returns what an operator must hear of an event, once it is new.
#[must_use]
pub fn operator_event(event: &InboundEvent) -> Option<OperatorEvent> {
    match &event.kind {
        EventKind::Enforcement { action, reason } => {
            let severity = if action == "unblock" { Severity::Notice } else { Severity::Critical };
            let reason = reason.as_deref().unwrap_or("no reason given").trim_end_matches('.');
            Some(OperatorEvent::new(
                "page_enforcement",
                severity,
                format!("Meta says '{action}' of Page {}: {reason}. Look at Page Support Inbox in Meta Business Suite.", event.page),
            ))
        }
        EventKind::TemplateStatus { name, language, status, reason } => {
            let severity = if status == "APPROVED" { Severity::Notice } else { Severity::Warning };
            Some(OperatorEvent::new(
                "template_status",
                severity,
                format!(
                    "template {} ({}) of Page {} is now {status}: {}",
                    name.as_deref().unwrap_or("without a name"),
                    language.as_deref().unwrap_or("no language"),
                    event.page,
                    reason.as_deref().unwrap_or("no reason given"),
                ),
            ))
        }
        EventKind::Message(_)
        | EventKind::Postback(_)
        | EventKind::Echo(_)
        | EventKind::Delivered { .. }
        | EventKind::Read { .. }
        | EventKind::Reaction { .. }
        | EventKind::Edit { .. }
        | EventKind::Unsend { .. }
        | EventKind::Referral(_)
        | EventKind::OptIn(_)
        | EventKind::ThreadControl { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => None,
    }
}

#[cfg(test)]
#[path = "ingest_tests.rs"]
mod tests;
