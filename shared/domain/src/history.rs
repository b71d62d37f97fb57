//! What an event of a person does to their conversation: one pure function, [`apply`].

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::id::{ConversationId, MessageId, PageId, UserId};
use crate::inbound::{Attachment, CustomerMessage, Echo, EventKind, InboundEvent, Party, Postback, Referral};
use crate::message::{Author, AuthorKind, Direction, Message, MessageKind};
use crate::time::Timestamp;
use crate::window::OpeningAction;

/// The app ids of Meta's own inboxes: what a person typed there comes back as an echo of these.
///
/// The Page's id is printed as 26390203743090 on the echoes page, most likely a typing error for the first: unconfirmed, so both count.
/// Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversation-routing>
const PAGE_INBOXES: [&str; 3] = ["263902037430900", "26390203743090", "1217981644879628"];

/// The longest text that a row carries, in bytes. What is longer stays whole in the raw event.
const LONGEST_TEXT: usize = 30_000;

/// The most attachments that a row carries, and the most bytes of an attachment's details; the raw event has the rest.
const MOST_ATTACHMENTS: usize = 40;
const LONGEST_DETAILS: usize = 2_100;

/// The conversation as it is after an event, and the row that the event adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub conversation: Conversation,
    pub entry: Option<Entry>,
}

/// A row of a conversation's timeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Message(Box<Message>),
    Event(TimelineEvent),
}

/// Something that happened and is no message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEvent {
    pub id: MessageId,
    pub page: PageId,
    /// Absent for what concerns the Page and not a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    pub kind: String,
    pub occurred_at: Timestamp,
    /// The event as it came, JSON.
    pub raw: String,
}

impl TimelineEvent {
    /// Makes the row of an event; the same event makes the same row.
    #[must_use]
    pub fn of(event: &InboundEvent) -> Self {
        let kind = match &event.kind {
            EventKind::Unknown(key) => format!("unknown:{key}"),
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
            | EventKind::Enforcement { .. }
            | EventKind::TemplateStatus { .. }
            | EventKind::Noted(_) => event.kind_name().to_owned(),
        };
        Self {
            id: MessageId::derived(event.occurred_at, &event.dedupe_key()),
            page: event.page.clone(),
            conversation: match &event.party {
                Party::Person(user) => Some(ConversationId::of(&event.page, user)),
                Party::Reference(_) | Party::Page => None,
            },
            kind,
            occurred_at: event.occurred_at,
            raw: event.raw.clone(),
        }
    }
}

/// Returns what `event` of `user` makes of their conversation, or nothing when it changes nothing.
///
/// Events that change an earlier message (reactions, edits, unsends, echoes of our own sends) are settled before they come here;
/// of them only the effect on the window is left.
#[must_use]
pub fn apply(current: Option<&Conversation>, user: &UserId, event: &InboundEvent) -> Option<Change> {
    let mut next = current.cloned().unwrap_or_else(|| Conversation::begin(event.page.clone(), user.clone(), event.occurred_at));
    let at = event.occurred_at;
    let entry = match &event.kind {
        EventKind::Message(message) => {
            next.customer_wrote(at);
            next.open_window(opening_action(current, message.referral.as_ref()), at);
            Some(Entry::Message(Box::new(customer_message(&next, event, message))))
        }
        EventKind::Postback(postback) => {
            next.customer_wrote(at);
            next.open_window(opening_action(current, postback.referral.as_ref()), at);
            Some(Entry::Message(Box::new(tap(&next, event, postback))))
        }
        EventKind::Echo(echo) => {
            let message = foreign_message(&next, event, echo);
            next.page_wrote(message.author.kind == AuthorKind::Agent, at);
            next.answered_at(at);
            Some(Entry::Message(Box::new(message)))
        }
        EventKind::Delivered { up_to, .. } => {
            let moved = next.delivered_up_to(*up_to);
            return (current.is_some() && moved).then_some(Change { conversation: next, entry: None });
        }
        EventKind::Read { up_to } => {
            let moved = next.read_up_to(*up_to);
            return (current.is_some() && moved).then_some(Change { conversation: next, entry: None });
        }
        EventKind::Reaction { reaction, .. } => {
            let before = next.window_ends_at;
            if reaction.is_some() {
                next.open_window(OpeningAction::Ordinary, at);
            }
            return (current.is_some() && next.window_ends_at != before).then_some(Change { conversation: next, entry: None });
        }
        EventKind::Edit { .. } | EventKind::Unsend { .. } => return None,
        EventKind::Referral(_) => {
            next.last_activity_at = next.last_activity_at.max(at);
            next.open_window(OpeningAction::Ordinary, at);
            Some(Entry::Event(TimelineEvent::of(event)))
        }
        EventKind::ThreadControl { owner } => {
            next.thread_owner.clone_from(owner);
            Some(Entry::Event(TimelineEvent::of(event)))
        }
        EventKind::OptIn(_)
        | EventKind::Enforcement { .. }
        | EventKind::TemplateStatus { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => Some(Entry::Event(TimelineEvent::of(event))),
    };
    Some(Change { conversation: next, entry })
}

/// A first message with an ad's referral opens the long window: nobody wrote in this thread before.
fn opening_action(current: Option<&Conversation>, referral: Option<&Referral>) -> OpeningAction {
    let wrote_before = current.is_some_and(|conversation| conversation.last_inbound_at.is_some());
    if !wrote_before && referral.is_some_and(Referral::is_ad) { OpeningAction::FirstMessageAfterAd } else { OpeningAction::Ordinary }
}

fn customer_message(conversation: &Conversation, event: &InboundEvent, message: &CustomerMessage) -> Message {
    Message {
        kind: if message.text.is_none() && !message.attachments.is_empty() { MessageKind::Attachment } else { MessageKind::Text },
        text: message.text.as_deref().map(bounded),
        attachments: bounded_attachments(&message.attachments),
        payload: message.quick_reply.as_deref().map(bounded),
        reply_to: message.reply_to.clone(),
        referral: message.referral.as_ref().map(bounded_referral),
        platform_ids: vec![message.platform_id.clone()],
        ..blank(conversation, event, Direction::Inbound, customer(conversation))
    }
}

fn tap(conversation: &Conversation, event: &InboundEvent, postback: &Postback) -> Message {
    Message {
        kind: MessageKind::Postback,
        text: postback.title.as_deref().map(bounded),
        payload: postback.payload.as_deref().map(bounded),
        referral: postback.referral.as_ref().map(bounded_referral),
        platform_ids: postback.platform_id.iter().cloned().collect(),
        ..blank(conversation, event, Direction::Inbound, customer(conversation))
    }
}

/// A message of the Page's side that did not leave through us.
fn foreign_message(conversation: &Conversation, event: &InboundEvent, echo: &Echo) -> Message {
    let typed_in_inbox = echo.app.as_ref().is_none_or(|app| PAGE_INBOXES.contains(&app.as_str()));
    let author = Author { kind: if typed_in_inbox { AuthorKind::Agent } else { AuthorKind::Bot }, id: None, name: None };
    Message {
        kind: if echo.text.is_none() && !echo.attachments.is_empty() { MessageKind::Attachment } else { MessageKind::Text },
        text: echo.text.as_deref().map(bounded),
        attachments: bounded_attachments(&echo.attachments),
        reply_to: echo.reply_to.clone(),
        platform_ids: vec![echo.platform_id.clone()],
        app: echo.app.clone(),
        ..blank(conversation, event, Direction::Outbound, author)
    }
}

fn customer(conversation: &Conversation) -> Author {
    Author { kind: AuthorKind::Customer, id: Some(conversation.user.to_string()), name: None }
}

fn blank(conversation: &Conversation, event: &InboundEvent, direction: Direction, author: Author) -> Message {
    Message {
        id: MessageId::derived(event.occurred_at, &event.dedupe_key()),
        conversation: conversation.id.clone(),
        page: conversation.page.clone(),
        user: conversation.user.clone(),
        direction,
        kind: MessageKind::Text,
        author,
        occurred_at: event.occurred_at,
        text: None,
        attachments: Vec::new(),
        payload: None,
        reply_to: None,
        referral: None,
        platform_ids: Vec::new(),
        app: None,
        standby: event.standby,
        reaction: None,
        edits: Vec::new(),
        unsent_at: None,
        sending: None,
        request: None,
        notice: None,
        raw: Some(event.raw.clone()),
        revision: 0,
    }
}

fn bounded(text: &str) -> String {
    bounded_to(text, LONGEST_TEXT)
}

fn bounded_attachments(attachments: &[Attachment]) -> Vec<Attachment> {
    let fits = |details: &serde_json::Value| details.to_string().len() <= LONGEST_DETAILS;
    let bound = |attachment: &Attachment| Attachment {
        kind: bounded_to(&attachment.kind, 100),
        url: attachment.url.as_deref().map(|url| bounded_to(url, LONGEST_DETAILS)),
        title: attachment.title.as_deref().map(|title| bounded_to(title, LONGEST_DETAILS)),
        details: attachment.details.clone().filter(fits),
    };
    attachments.iter().take(MOST_ATTACHMENTS).map(bound).collect()
}

fn bounded_referral(referral: &Referral) -> Referral {
    let bound = |field: &Option<String>| field.as_deref().map(|text| bounded_to(text, LONGEST_DETAILS));
    Referral {
        reference: bound(&referral.reference),
        source: bound(&referral.source),
        kind: bound(&referral.kind),
        ad_id: bound(&referral.ad_id),
        product_id: bound(&referral.product_id),
    }
}

fn bounded_to(text: &str, bytes: usize) -> String {
    crate::text::prefix(text, bytes).to_owned()
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
