//! What is stored.

use std::collections::{BTreeMap, BTreeSet};

use domain::announce::{AnnouncementId, Delivery, Endpoint, EndpointId};
use domain::consent::{Entry, EntryId, Subject};
use domain::conversation::Conversation;
use domain::deletion::{ConfirmationCode, Deletion};
use domain::erase::{Standing, Tombstone};
use domain::history::TimelineEvent;
use domain::hold::Hold;
use domain::id::{ConversationId, DedupeKey, MessageId, PageId};
use domain::message::{Message, MessageChange};
use domain::notice::{Notice, NoticeId, OrderId};
use domain::orders::{Acquaintance, Order};
use domain::ports::{Parked, StoreError};
use domain::rollout::{Member, Report, Rollout, RolloutId};
use domain::shop::ShopEvent;
use domain::template::PageTemplate;
use domain::time::Timestamp;
use domain::watch::Watch;

/// Raw events that are longer do not come along with their message. The table's limit is on what compression leaves of them.
const LONGEST_RAW: usize = 48 * 1024;

/// Where a row stands: of a message or an event, in a conversation.
pub(super) type Place = (ConversationId, MessageId);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) pages: BTreeSet<PageId>,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    pub(super) tombstones: BTreeMap<ConversationId, Tombstone>,
    pub(super) messages: BTreeMap<Place, Message>,
    pub(super) markers: BTreeMap<DedupeKey, Marker>,
    /// What is pending, and when it is due, if ever.
    pub(super) pending: BTreeMap<Place, Option<Turn>>,
    pub(super) events: BTreeMap<(Option<ConversationId>, PageId, MessageId), TimelineEvent>,
    pub(super) parked: BTreeMap<MessageId, Parked>,
    /// Who brings parked work back.
    pub(super) marks: BTreeMap<MessageId, String>,
    /// Where messages stand about which a person may decide.
    pub(super) located: BTreeMap<MessageId, Place>,
    pub(super) holds: BTreeMap<PageId, Hold>,
    pub(super) watches: BTreeMap<PageId, Watch>,
    /// By Page, name and language.
    pub(super) templates: BTreeMap<(PageId, String, String), PageTemplate>,
    pub(super) deletions: BTreeMap<ConfirmationCode, Deletion>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    /// The orders by the names that they are found by.
    pub(super) aliases: BTreeMap<DedupeKey, OrderId>,
    /// Events whose orders were not known, by the names that they gave.
    pub(super) kept: BTreeMap<(DedupeKey, Timestamp, DedupeKey), ShopEvent>,
    pub(super) acquaintances: BTreeMap<DedupeKey, Acquaintance>,
    /// The orders beside conversations, with the messages that name them.
    pub(super) tied: BTreeMap<(ConversationId, OrderId), Vec<MessageId>>,
    pub(super) notices: BTreeMap<NoticeId, (Notice, Option<Timestamp>)>,
    /// The requests that notices come of, by their keys.
    pub(super) noted: BTreeMap<DedupeKey, DedupeKey>,
    pub(super) endpoints: BTreeMap<EndpointId, Endpoint>,
    pub(super) deliveries: BTreeMap<(EndpointId, AnnouncementId), Delivery>,
    /// The requests that were accepted, by their keys.
    pub(super) requests: BTreeMap<DedupeKey, (DedupeKey, Place)>,
    pub(super) consents: BTreeMap<Subject, BTreeMap<EntryId, Entry>>,
    /// What links refer to, by the digest as text.
    pub(super) words: BTreeMap<String, String>,
    pub(super) rollouts: BTreeMap<RolloutId, Rollout>,
    pub(super) members: BTreeMap<(RolloutId, NoticeId), Member>,
    pub(super) counted: BTreeMap<RolloutId, Report>,
}

/// When the sweep looks at a pending message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    At(Timestamp),
    /// When its Page goes on; it came to wait then.
    WithPage(PageId, Timestamp),
}

impl Turn {
    pub(super) const fn at(&self) -> Timestamp {
        match self {
            Self::At(at) | Self::WithPage(_, at) => *at,
        }
    }
}

/// What stands under a dedupe key.
#[derive(Debug, Default)]
pub(super) struct Marker {
    pub(super) row: Option<Row>,
    pub(super) changes: Vec<MessageChange>,
}

#[derive(Debug, Clone)]
pub(super) enum Row {
    Message(Place),
    Event,
}

impl State {
    /// Tells whether the conversation was read at the version that is stored, or never and is not there.
    pub(super) fn is_current(&self, conversation: &Conversation) -> bool {
        self.version_of(&conversation.id) == conversation.version
    }

    pub(super) fn version_of(&self, id: &ConversationId) -> u64 {
        let buried = self.tombstones.get(id).map_or(0, |tombstone| tombstone.version);
        self.conversations.get(id).map_or(buried, |stored| stored.version)
    }

    pub(super) fn standing(&self, id: &ConversationId) -> Standing {
        match (self.conversations.get(id), self.tombstones.get(id)) {
            (Some(conversation), _) => Standing::Conversation(Box::new(conversation.clone())),
            (None, Some(tombstone)) => Standing::Erased(*tombstone),
            (None, None) => Standing::Nothing,
        }
    }

    pub(super) fn put(&mut self, conversation: &Conversation) {
        self.tombstones.remove(&conversation.id);
        let next = Conversation { version: conversation.version + 1, ..conversation.clone() };
        self.conversations.insert(next.id.clone(), next);
    }

    /// Reads a message as the table gives it: a long raw event stays behind.
    pub(super) fn message(&self, place: &Place) -> Option<Message> {
        let mut message = self.messages.get(place)?.clone();
        message.raw = message.raw.filter(|raw| raw.len() <= LONGEST_RAW);
        Some(message)
    }

    pub(super) fn put_event(&mut self, event: &TimelineEvent) {
        self.events.insert((event.conversation.clone(), event.page.clone(), event.id.clone()), event.clone());
    }

    pub(super) fn park(&mut self, parked: &Parked) {
        let content = DedupeKey::of_content(&[&parked.kind, &String::from_utf8_lossy(&parked.body)]);
        let id = MessageId::derived(day(parked.received_at), &content);
        self.marks.remove(&id);
        self.parked.insert(id, parked.clone());
    }

    pub(super) fn parked(&self) -> Vec<Parked> {
        self.parked.values().cloned().collect()
    }

    pub(super) fn events(&self) -> Vec<TimelineEvent> {
        let mut events: Vec<TimelineEvent> = self.events.values().cloned().collect();
        events.sort_by(|one, other| one.id.cmp(&other.id));
        events
    }
}

/// The beginning of a day: the same work is one row a day.
pub(super) fn day(at: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 86_400_000;
    Timestamp::from_millis(at.as_millis() / DAY_MS * DAY_MS)
}

/// DynamoDB takes no empty page of results.
pub(super) fn at_least_one(limit: usize) -> Result<usize, StoreError> {
    if limit == 0 { Err(StoreError::Refused { reason: "a limit must be at least 1".into() }) } else { Ok(limit) }
}
