//! Who agreed to notices and who does not want them: a ledger that is appended to and never changed.
//!
//! ```text
//! checkout, link, the person's own word ─▶ Entry ─▶ Consents::append          what is true now ◀─ standing ◀─ Consents::entries
//! ```
//!
//! A person who said no says yes again themselves: what a shop passes along later does not outdo it.

use std::cmp::Reverse;
use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::email::EmailHash;
use crate::id::{self, ConversationId, PageId};
use crate::ports::StoreError;
pub use crate::stop_word::{Word, of_opt_in, word};
use crate::time::Timestamp;

/// The most characters of the words that somebody agreed to.
pub const LONGEST_WORDS: usize = 500;

/// The most bytes of the event of an entry.
pub const LONGEST_EVENT: usize = 1024;

/// Whose consent it is. A shop knows its customers before their conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Subject {
    Conversation {
        conversation: ConversationId,
    },
    /// Of one Page: to agree with one shop is not to agree with another.
    Email {
        page: PageId,
        email: EmailHash,
    },
    /// The shop's own id of the customer.
    Customer {
        page: PageId,
        customer: String,
    },
}

impl Subject {
    /// Returns a digest that tells subjects apart and names nobody.
    #[must_use]
    pub fn digest(&self) -> String {
        match self {
            Self::Conversation { conversation } => id::tagged("", &["conversation", conversation.as_str()]),
            Self::Email { page, email } => id::tagged("", &["email", page.as_str(), email.as_str()]),
            Self::Customer { page, customer } => id::tagged("", &["customer", page.as_str(), customer]),
        }
    }
}

/// What is agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// News of one's own orders.
    OrderUpdates,
}

impl Purpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderUpdates => "order_updates",
        }
    }
}

/// By which channel the news may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Messenger,
    Email,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Messenger, Self::Email];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
            Self::Email => "email",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == value)
    }
}

/// Where a consent or its withdrawal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A box at the checkout, ticked or not, passed along with an order.
    Checkout,
    /// The shop's backend or an agent says so.
    Api,
    /// The person tapped a link that said what it is for.
    LinkTap,
    /// The person wrote STOP, START or one of their peers.
    CustomerMessage,
    /// The person used Messenger's own switch.
    OptInEvent,
    /// What stays of an erased person who had said no.
    Erasure,
}

impl Origin {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Api => "api",
            Self::LinkTap => "link_tap",
            Self::CustomerMessage => "customer_message",
            Self::OptInEvent => "opt_in_event",
            Self::Erasure => "erasure",
        }
    }

    /// Tells whether the person did it in the thread, and nobody for them.
    const fn is_the_persons_own(self) -> bool {
        match self {
            Self::LinkTap | Self::CustomerMessage | Self::OptInEvent => true,
            Self::Checkout | Self::Api | Self::Erasure => false,
        }
    }

    /// Tells whether a withdrawal is a person's no. A box that was left alone at a checkout is none.
    const fn is_a_no(self) -> bool {
        match self {
            Self::Api | Self::LinkTap | Self::CustomerMessage | Self::OptInEvent | Self::Erasure => true,
            Self::Checkout => false,
        }
    }
}

/// An entry's id: `cns_` and a ULID of its moment and a digest of what it says, so that the same entry stands once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(String);

impl EntryId {
    /// Reads an id that came from outside; nothing when it cannot be one of ours.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        id::is_tagged_ulid("cns_", value).then(|| Self(value.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part that sorts by time.
    #[must_use]
    pub fn sort_key(&self) -> &str {
        self.0.strip_prefix("cns_").unwrap_or(&self.0)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub subject: Subject,
    pub at: Timestamp,
    pub purpose: Purpose,
    pub channel: Channel,
    /// Whether it was given; else it was refused or withdrawn.
    pub given: bool,
    /// What the person saw when they agreed, or what they wrote.
    pub words: String,
    pub origin: Origin,
    /// In which event: the id of a message, the number of an order.
    pub event: String,
}

impl Entry {
    /// Returns the entry's id, which is of what it says.
    #[must_use]
    pub fn id(&self) -> EntryId {
        let given = if self.given { "given" } else { "withdrawn" };
        let subject = self.subject.digest();
        let says = [&subject, self.purpose.as_str(), self.channel.as_str(), given, &self.words, self.origin.as_str(), &self.event];
        EntryId(id::tagged_at("cns_", self.at, &says))
    }

    /// Cuts words and event to their limits.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.words = self.words.chars().take(LONGEST_WORDS).collect();
        let end = self.event.floor_char_boundary(LONGEST_EVENT);
        self.event.truncate(end);
        self
    }
}

/// What is true of a channel now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Given,
    NotAsked,
    Withdrawn,
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::NotAsked => "not_asked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Works out what is true of a channel from all entries of all subjects that are the person.
///
/// The newest entry counts, by moment and id, and of one moment the withdrawal. But after a person's no, only the person's own word in the
/// thread counts as a yes; and a START of somebody who never said no is none: it may mean anything.
#[must_use]
pub fn standing<'a>(entries: impl IntoIterator<Item = &'a Entry>, channel: Channel) -> Standing {
    fold(entries, channel).0
}

/// Tells whether nobody said no of a channel that is withdrawn: a box at a checkout was left empty, and no more.
#[must_use]
pub fn is_only_declined<'a>(entries: impl IntoIterator<Item = &'a Entry>, channel: Channel) -> bool {
    matches!(fold(entries, channel), (Standing::Withdrawn, None))
}

/// Tells whether a person said no to notices, in their thread or under another name of theirs, and it still holds.
pub async fn has_said_no<S: Consents>(store: &S, conversation: &ConversationId, others: &[Subject]) -> Result<bool, StoreError> {
    let mut entries = store.entries(&Subject::Conversation { conversation: conversation.clone() }).await?;
    for subject in others {
        entries.extend(store.entries(subject).await?);
    }
    Ok(fold(&entries, Channel::Messenger).1.is_some())
}

/// Goes through a channel's entries in their order: what is true at the end, and the person's no, if it still holds.
fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>, channel: Channel) -> (Standing, Option<&'a Entry>) {
    let mut of_channel: Vec<&Entry> = entries.into_iter().filter(|entry| entry.channel == channel).collect();
    of_channel.sort_by_cached_key(|entry| (entry.at, Reverse(entry.given), entry.id()));
    let mut no = None;
    let mut standing = Standing::NotAsked;
    for entry in of_channel {
        if !entry.given {
            no = Some(entry).filter(|entry| entry.origin.is_a_no()).or(no);
            standing = Standing::Withdrawn;
        } else if entry.origin == Origin::LinkTap || entry.origin.is_the_persons_own() == no.is_some() {
            no = None;
            standing = Standing::Given;
        }
    }
    (standing, no)
}

/// Words that somebody agrees to, by a digest: links carry it in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordsId([u8; 8]);

impl WordsId {
    #[must_use]
    pub fn of(words: &str) -> Self {
        Self(id::hash(&["words", words]).first_chunk().copied().unwrap_or_default())
    }

    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for WordsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The ledger.
pub trait Consents: Sync {
    /// Appends an entry. Tells whether it is new: the same entry stands once.
    fn append(&self, entry: &Entry) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Lists all entries of a subject, oldest first.
    fn entries(&self, subject: &Subject) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send;

    /// Removes an entry, for the erasure of a person and nothing else.
    fn remove_entry(&self, entry: &Entry) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps words that links refer to.
    fn put_words(&self, id: &WordsId, words: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    fn words(&self, id: &WordsId) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}

/// Notes in a conversation's ledger what its person said of notices. Tells whether it is new.
pub async fn said<S: Consents>(store: &S, conversation: &ConversationId, said: &Said<'_>) -> Result<bool, StoreError> {
    let subject = Subject::Conversation { conversation: conversation.clone() };
    store.append(&said.entry(subject, said.word == Word::Start).bounded()).await
}

/// A person's own word about notices.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub word: Word,
    /// As they wrote it.
    pub text: &'a str,
    pub origin: Origin,
    /// The id of the message or event.
    pub event: &'a str,
    pub at: Timestamp,
}

impl Said<'_> {
    fn entry(&self, subject: Subject, given: bool) -> Entry {
        Entry {
            subject,
            at: self.at,
            purpose: Purpose::OrderUpdates,
            channel: Channel::Messenger,
            given,
            words: self.text.to_owned(),
            origin: self.origin,
            event: self.event.to_owned(),
        }
    }
}

/// Notes that a person tapped a link whose words said that they agree by that. Tells whether it was noted: words that are not known are no
/// proof.
pub async fn tapped<S: Consents>(
    store: &S,
    conversation: &ConversationId,
    words: &WordsId,
    event: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let Some(text) = store.words(words).await? else { return Ok(false) };
    let subject = Subject::Conversation { conversation: conversation.clone() };
    let said = Said { word: Word::Start, text: &text, origin: Origin::LinkTap, event, at };
    store.append(&said.entry(subject, true).bounded()).await
}

/// Removes what a subject's ledger held up to `until`. Of a no, the moment and the channel stay under the subject's digest, so that an erased
/// person is not written to again. Done twice, it changes nothing.
pub async fn forget<S: Consents>(store: &S, subject: &Subject, until: Timestamp) -> Result<u64, StoreError> {
    let mut old = store.entries(subject).await?;
    old.retain(|entry| entry.at <= until);
    let kept: Vec<Entry> = Channel::ALL.into_iter().filter_map(|channel| refusal(&old, channel)).collect();
    for refusal in &kept {
        store.append(refusal).await?;
    }
    let mut removed = 0;
    for entry in old.iter().filter(|entry| !kept.contains(entry)) {
        store.remove_entry(entry).await?;
        removed += 1;
    }
    Ok(removed)
}

/// Returns what stays of a channel where the person's no holds.
fn refusal(entries: &[Entry], channel: Channel) -> Option<Entry> {
    let (_, no) = fold(entries, channel);
    no.map(|no| Entry { words: String::new(), event: String::new(), origin: Origin::Erasure, ..no.clone() })
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
