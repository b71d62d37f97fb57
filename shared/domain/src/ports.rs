//! What the domain needs of the world. Adapters implement these traits; no type of theirs crosses.
//!
//! A lost race is an outcome, not an error: see [`Recorded`], [`Saved`], [`Claim`].

use std::future::Future;

use crate::content::{Content, UtilityMessage};
use crate::conversation::{Conversation, Status};
use crate::deletion::{ConfirmationCode, Deletion};
use crate::erase::{Standing, Tombstone};
use crate::export::Records;
use crate::history::{Entry, TimelineEvent};
use crate::hold::{Hold, HoldCause};
use crate::id::{ConversationId, DedupeKey, MessageId, PageId, PlatformMessageId, UserId};
use crate::inbound::Attachment;
use crate::job::{Occasion, OutboundJob};
use crate::message::{Message, MessageChange, RequestKey, WaitingFor};
use crate::policy::{Refusal, Remedy, Way};
use crate::retry::{Retry, Retryable};
use crate::time::Timestamp;
use crate::watch::Watch;

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, unreachable or over capacity.
    #[error("the table did not answer: {reason}")]
    Unavailable { reason: String },
    /// The table refused the request itself; trying again changes nothing.
    #[error("the table refused the request: {reason}")]
    Refused { reason: String },
    /// A row is not what this version writes.
    #[error("the row {key} cannot be read: {reason}")]
    Corrupt { key: String, reason: String },
}

impl Retryable for StoreError {
    fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Backoff,
            Self::Refused { .. } | Self::Corrupt { .. } => Retry::Never,
        }
    }
}

/// What to record of an event, in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// The summary as it should be; its `version` is the one that was read.
    pub conversation: &'a Conversation,
    /// The new row with the key under which it is recorded once.
    pub entry: Option<(&'a Entry, &'a DedupeKey)>,
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    New,
    /// The entry was there already; nothing was written.
    Duplicate,
    /// The conversation has another version by now; nothing was written.
    Stale,
}

/// What became of a change to a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// The message as it is stored now, with the changes that were kept for its new platform ids.
    Saved(Box<Message>),
    /// The message has another revision by now; nothing was written.
    Stale,
}

/// Where a change went whose message was not there when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is applied when the message comes.
    UntilMessageComes,
    /// The message came in the meantime.
    MessageIsThere,
}

/// Work that can never succeed, set aside with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// What it was: `meta.delivery`, `meta.element`, `outbound.job`.
    pub kind: String,
    pub reason: String,
    pub body: Vec<u8>,
    pub page: Option<PageId>,
    pub received_at: Timestamp,
}

/// Work that was set aside, with the id of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    pub id: MessageId,
    pub work: Parked,
}

/// What was set aside, for whoever brings it back.
///
/// Work that is brought back may fail and be parked again before its row is removed, and it is the same row then. So a row is marked first,
/// and removed only while it bears the mark: parking writes it anew.
pub trait ParkedWork: Sync {
    /// Lists what was received on the day of `day`, UTC, in the order of the ids after `after`; at most `limit`.
    fn parked_on(
        &self,
        day: Timestamp,
        after: Option<&MessageId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ParkedRow>, StoreError>> + Send;

    /// Marks a row. Tells whether it is there.
    fn mark_parked(&self, row: &ParkedRow, mark: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a row that bears the mark. Tells whether it did: work that was parked again stays.
    fn unpark(&self, row: &ParkedRow, mark: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The stored history of conversations, as intake needs it.
pub trait History: Sync {
    /// Reads what stands under a conversation's id.
    fn standing(&self, id: &ConversationId) -> impl Future<Output = Result<Standing, StoreError>> + Send;

    /// Reads what stands under several ids, in their order. A store that can asks for them at once.
    fn standings(&self, ids: &[ConversationId]) -> impl Future<Output = Vec<Result<Standing, StoreError>>> + Send {
        async move {
            let mut read = Vec::with_capacity(ids.len());
            for id in ids {
                read.push(self.standing(id).await);
            }
            read
        }
    }

    /// Reads a conversation; an erased one is none.
    fn conversation(&self, id: &ConversationId) -> impl Future<Output = Result<Option<Conversation>, StoreError>> + Send {
        async move { Ok(self.standing(id).await?.into_conversation()) }
    }

    fn record(&self, recording: &Recording<'_>) -> impl Future<Output = Result<Recorded, StoreError>> + Send;

    /// Records for several conversations. Each recording ends as [`History::record`] ends it, whatever comes of the others; a store that can
    /// writes them at once.
    fn record_all(&self, recordings: &[Recording<'_>]) -> impl Future<Output = Vec<Result<Recorded, StoreError>>> + Send {
        async move {
            let mut recorded = Vec::with_capacity(recordings.len());
            for recording in recordings {
                recorded.push(self.record(recording).await);
            }
            recorded
        }
    }

    /// Records what concerns no conversation.
    fn record_page_event(&self, event: &TimelineEvent, key: &DedupeKey) -> impl Future<Output = Result<Recorded, StoreError>> + Send;

    fn message(&self, conversation: &ConversationId, id: &MessageId) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    /// Finds a message by the platform's id.
    fn message_by_key(&self, key: &DedupeKey) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    /// Writes a changed message whose `revision` is the one that was read. In the same transaction its platform ids become findable;
    /// its place among the pending goes when it has ended, and else is due at `due_at`, or never.
    fn save(&self, message: &Message, due_at: Option<Timestamp>) -> impl Future<Output = Result<Saved, StoreError>> + Send;

    /// Keeps a change for a message that has not come yet.
    fn keep_change(
        &self,
        key: &DedupeKey,
        platform_id: &PlatformMessageId,
        change: &MessageChange,
    ) -> impl Future<Output = Result<Kept, StoreError>> + Send;

    fn park(&self, parked: &Parked) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What one step of an erasure removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    pub rows: u64,
    /// Where the next step goes on; nothing when this was the last one.
    pub next: Option<String>,
}

/// The removal of a conversation.
pub trait Erasure: Sync {
    /// Puts a tombstone into the place of what stands under the id, if that still has the tombstone's `version`. Tells whether it did.
    fn bury(&self, id: &ConversationId, tombstone: &Tombstone) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes some rows of the conversation that are not younger than `erased_at`, with what points to them, from the place `after` on. What is
    /// dated ahead goes, too, while no new conversation has begun.
    fn remove(
        &self,
        id: &ConversationId,
        erased_at: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Removed, StoreError>> + Send;
}

/// The requests of people to be deleted, and the Pages with which they may have a conversation.
pub trait Deletions: Sync {
    fn deletion(&self, code: &ConfirmationCode) -> impl Future<Output = Result<Option<Deletion>, StoreError>> + Send;

    fn put_deletion(&self, deletion: &Deletion) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists the Pages that conversations were begun with.
    fn known_pages(&self) -> impl Future<Output = Result<Vec<PageId>, StoreError>> + Send;
}

/// Everything that is stored of a conversation, as it is exported.
pub trait Exporting: Sync {
    /// Reads some records, from the place `after` on, each with its raw event whole.
    fn records(&self, id: &ConversationId, after: Option<&str>) -> impl Future<Output = Result<Records, StoreError>> + Send;
}

/// A conversation with what it has accepted and not yet sent, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenConversation {
    pub conversation: Conversation,
    pub pending: Vec<MessageId>,
}

/// What became of accepting a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Accepted {
    Accepted,
    /// The request was accepted before, as this message; nothing was written.
    Repeated(Box<Message>),
    /// The request's key belongs to another request; nothing was written.
    KeyOfAnother,
    /// The conversation has another version by now; nothing was written.
    Stale,
}

/// What became of asking for the exclusive right to send a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    Ours(Box<Message>),
    /// Another worker holds it; its lease ends at the given moment.
    HeldElsewhere(Timestamp),
    /// A worker held it and never said what became of it: the outcome of its call is unknown.
    Abandoned(Box<Message>),
    /// Its outcome is unknown since the given moment.
    Unconfirmed(Timestamp),
    /// It was sent, has failed, or is gone.
    Ended,
}

/// The messages on their way out.
pub trait Outbox: Sync {
    /// Finds a message about which a person may have to decide: one that waits, is in doubt or has failed, or was so once.
    fn find(&self, message: &MessageId) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    fn open(&self, id: &ConversationId) -> impl Future<Output = Result<Option<OpenConversation>, StoreError>> + Send;

    /// Stores a new message, its place among the pending, the key of its request, and the conversation that it moved, in one
    /// transaction.
    fn accept(
        &self,
        message: &Message,
        conversation: &Conversation,
        due_at: Timestamp,
    ) -> impl Future<Output = Result<Accepted, StoreError>> + Send;

    /// Says what was accepted under a request's key; nothing when nothing was.
    fn accepted(&self, request: &RequestKey) -> impl Future<Output = Result<Option<Accepted>, StoreError>> + Send;

    fn claim(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Takes a message that has ended off the pending; it does nothing when it is off already.
    fn forget(&self, conversation: &ConversationId, message: &MessageId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Says what the conversation's oldest pending message waits for, so that intake knows whom to wake. Returns the conversation as it is
    /// then, if there is one: what came before this is not woken by it.
    fn set_waiting(
        &self,
        conversation: &ConversationId,
        on: Option<WaitingFor>,
    ) -> impl Future<Output = Result<Option<Conversation>, StoreError>> + Send;

    /// Corrects the end of the messaging window from `estimate` to `closed_at`, as the platform tells it. Returns the conversation as it is
    /// then: when its window has another end by now, the customer did something in the meantime and nothing was written.
    fn close_window(
        &self,
        conversation: &ConversationId,
        estimate: Timestamp,
        closed_at: Timestamp,
    ) -> impl Future<Output = Result<Option<Conversation>, StoreError>> + Send;
}

/// A pending message that should have left by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub conversation: ConversationId,
    pub message: MessageId,
    pub due_at: Timestamp,
}

/// What is due, by the sharded sparse index.
pub trait DueIndex: Sync {
    fn due(&self, now: Timestamp, limit: usize) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send;

    /// Moves what is still due at the moment that was read; a lost race does nothing.
    fn postpone(&self, due: &Due, until: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Who waits for an answer, by the sharded sparse index.
pub trait UnansweredIndex: Sync {
    /// Returns when the customer wrote who has waited longest for an answer; nothing when nobody waits. It may lag by moments.
    fn oldest_unanswered(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
}

/// The Pages on which nothing can be sent now, and what waits for them.
pub trait Holds: Sync {
    fn hold(&self, page: &PageId) -> impl Future<Output = Result<Option<Hold>, StoreError>> + Send;

    /// Lists every hold: a handful, since Pages are few.
    fn holds(&self) -> impl Future<Output = Result<Vec<Hold>, StoreError>> + Send;

    /// Writes a hold whose `revision` is the one that was read, 0 for a new one. Tells whether it was written: a lost race writes nothing.
    fn put_hold(&self, hold: &Hold) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a hold whose `revision` is still the one that was read.
    fn remove_hold(&self, hold: &Hold) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists the messages that wait for the Page, those that came to wait first; at most `limit`. [`DueIndex::postpone`] takes one of them
    /// away from the Page.
    fn held(&self, page: &PageId, limit: usize) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send;
}

/// Which conversations a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxFilter {
    pub page: Option<PageId>,
    pub status: Option<Status>,
    pub assignee: Option<String>,
}

/// A place in the inbox: everything after it was active earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPosition {
    pub last_activity_at: Timestamp,
    pub conversation: ConversationId,
}

/// The order of a list of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
}

/// The inbox as agents and backends read it.
pub trait Inbox: Sync {
    /// Lists conversations, newest activity first, after `after`; at most `limit`.
    fn list(
        &self,
        filter: &InboxFilter,
        after: Option<&InboxPosition>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Conversation>, StoreError>> + Send;

    /// Lists messages of a conversation after `after`; at most `limit`.
    fn messages(
        &self,
        conversation: &ConversationId,
        order: Order,
        after: Option<&MessageId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Message>, StoreError>> + Send;
}

/// The outbound queue did not take a job.
#[derive(Debug, thiserror::Error)]
#[error("the outbound queue did not take the job: {reason}")]
pub struct JobQueueError {
    pub reason: String,
}

impl Retryable for JobQueueError {
    fn retry(&self) -> Retry {
        Retry::Backoff
    }
}

/// The outbound queue.
pub trait OutboundQueue: Sync {
    fn enqueue(&self, job: &OutboundJob, occasion: &Occasion) -> impl Future<Output = Result<(), JobQueueError>> + Send;

    /// Enqueues several jobs, each of which ends by itself. A queue that can takes them at once.
    fn enqueue_all(&self, jobs: &[(OutboundJob, Occasion)]) -> impl Future<Output = Vec<Result<(), JobQueueError>>> + Send {
        async move {
            let mut enqueued = Vec::with_capacity(jobs.len());
            for (job, occasion) in jobs {
                enqueued.push(self.enqueue(job, occasion).await);
            }
            enqueued
        }
    }
}

/// What one call of the Send API brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sendable<'a> {
    Text(&'a str),
    Content(&'a Content),
    Utility(&'a UtilityMessage),
}

/// One call of the Send API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRequest<'a> {
    pub page: &'a PageId,
    pub user: &'a UserId,
    pub content: Sendable<'a>,
    pub way: Way,
    /// Comes back in the echo.
    pub metadata: &'a str,
}

/// Why a send did not end with the platform's id. Every variant carries plain words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It surely did not reach the customer, and may if tried again.
    #[error("not sent: {reason}")]
    NotSent {
        reason: String,
        /// How often it is worth trying at all.
        most_attempts: u32,
    },
    /// The platform said when to come back.
    #[error("asked to wait: {reason}")]
    AskedToWait { reason: String, pause: std::time::Duration },
    /// It can go when something happens.
    #[error("waits: {reason}")]
    Waits { on: WaitingFor, reason: String },
    /// Nothing can be sent on the whole Page.
    #[error("the Page is on hold: {reason}")]
    PageHeld { cause: HoldCause, reason: String },
    /// It can never go.
    #[error("refused: {reason}")]
    Refused { reason: String },
    /// Nothing of ours reaches the person, in whatever form: they blocked the Page, left, or stopped what it sends.
    #[error("out of reach: {reason}")]
    OutOfReach { reason: String },
    /// The call may or may not have arrived.
    #[error("unknown outcome: {reason}")]
    Unknown { reason: String },
}

impl Retryable for SendError {
    fn retry(&self) -> Retry {
        match self {
            Self::NotSent { .. } => Retry::Backoff,
            Self::AskedToWait { pause, .. } => Retry::After(*pause),
            Self::Waits { .. } | Self::PageHeld { .. } | Self::Refused { .. } | Self::OutOfReach { .. } | Self::Unknown { .. } => {
                Retry::Never
            }
        }
    }
}

impl From<Refusal> for SendError {
    /// What policy keeps back waits for the window, with the ways that remain.
    fn from(refusal: Refusal) -> Self {
        let remedies: Vec<String> = refusal.remedies().iter().map(Remedy::words).collect();
        Self::Waits { on: WaitingFor::Window, reason: format!("{refusal} {}", remedies.join(" ")) }
    }
}

/// The platform's Send API.
pub trait SendApi: Sync {
    /// Waits until a send of `page` may leave at its pace. It is awaited before a message is claimed: a claim should not be held idly.
    fn ready(&self, _page: &PageId) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    fn send(&self, request: &SendRequest<'_>) -> impl Future<Output = Result<PlatformMessageId, SendError>> + Send;
}

/// Why a profile could not be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("the platform did not answer: {reason}")]
    Unavailable { reason: String },
    #[error("the platform asked to wait: {reason}")]
    AskedToWait { reason: String, pause: std::time::Duration },
    /// The token is missing or dead, or the app may not ask.
    #[error("the platform refused: {reason}")]
    Refused { reason: String },
}

impl Retryable for ProfileError {
    fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Backoff,
            Self::AskedToWait { pause, .. } => Retry::After(*pause),
            Self::Refused { .. } => Retry::Never,
        }
    }
}

/// The platform's user profiles.
pub trait ProfileApi: Sync {
    /// Returns the name, or nothing when the platform does not tell it.
    fn name(&self, page: &PageId, user: &UserId) -> impl Future<Output = Result<Option<String>, ProfileError>> + Send;
}

/// A message of the Page's as the platform's own record shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSend {
    pub platform_id: PlatformMessageId,
    pub text: String,
    pub at: Timestamp,
}

/// What the platform's record of a thread says of the Page's messages since a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadRecord {
    /// Oldest first.
    pub sends: Vec<RecordedSend>,
    /// Whether the record reaches back to that moment: if not, what is missing may stand further back.
    pub complete: bool,
}

/// The platform's record of threads, for messages whose call had no clear end.
pub trait ThreadRecordApi: Sync {
    /// Reads what the Page sent to `user` at or after `since`.
    fn sent_since(&self, page: &PageId, user: &UserId, since: Timestamp)
    -> impl Future<Output = Result<ThreadRecord, ProfileError>> + Send;
}

/// What the platform says of a Page's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenReport {
    pub valid: bool,
    /// Nothing when it has no end.
    pub ends_at: Option<Timestamp>,
}

/// A message of the platform's record, of either side.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedMessage {
    pub platform_id: PlatformMessageId,
    pub at: Timestamp,
    pub from_page: bool,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The record's entry as it came, JSON.
    pub raw: String,
}

/// A thread of the platform's record with its newest messages, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedThread {
    pub user: UserId,
    pub updated_at: Timestamp,
    pub messages: Vec<RecordedMessage>,
}

/// Some of a Page's threads, those with the newest activity first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedThreads {
    pub threads: Vec<RecordedThread>,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// What the platform says of a Page itself.
pub trait PageApi: Sync {
    fn token(&self, page: &PageId) -> impl Future<Output = Result<TokenReport, ProfileError>> + Send;

    /// Returns the fields of which this app gets the Page's events; none when it is not subscribed.
    fn subscribed_fields(&self, page: &PageId) -> impl Future<Output = Result<Vec<String>, ProfileError>> + Send;

    fn subscribe(&self, page: &PageId, fields: &[&str]) -> impl Future<Output = Result<(), ProfileError>> + Send;

    fn threads(&self, page: &PageId, cursor: Option<&str>) -> impl Future<Output = Result<RecordedThreads, ProfileError>> + Send;
}

/// What is known of the Pages that are watched.
pub trait Watches: Sync {
    /// Lists every watch: a handful, since Pages are few.
    fn watches(&self) -> impl Future<Output = Result<Vec<Watch>, StoreError>> + Send;

    /// Writes a watch whose `revision` is the one that was read, 0 for a new one. Tells whether it was written.
    fn put_watch(&self, watch: &Watch) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The time. Production reads the system's, tests move their own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Timestamp;
}
