//! What the shop's own programs hear of what was taken.

use domain::announce::{Announcement, AnnouncementKind};
use domain::id::ConversationId;
use domain::inbound::{EventKind, InboundEvent, Party};
use domain::ports::{History, StoreError};
use domain::time::Timestamp;
use dynamodb_store::Table;
use lambda_support::listeners::WhoListens;
use lambda_support::logging::chain;
use sqs_jobs::events::EventsQueue;

/// The queue of announcements, and who is there to hear them.
#[derive(Debug)]
pub(crate) struct Listeners {
    events: EventsQueue,
    who: WhoListens,
}

impl Listeners {
    pub(crate) fn new(events: EventsQueue) -> Self {
        Self { events, who: WhoListens::default() }
    }

    /// Announces what customers wrote, and which cases that opened; tells of each event whether nothing is left to be announced.
    pub(crate) async fn tell(&self, table: &Table, events: &[&InboundEvent], now: Timestamp) -> Vec<bool> {
        let mut told = vec![true; events.len()];
        let mut announcements = Vec::new();
        for (place, event) in events.iter().enumerate() {
            if let Some(received) = Announcement::message_received(event)
                && self.who.any(table, AnnouncementKind::MessageReceived, now).await
            {
                announcements.push((place, received));
            }
            if may_open(&event.kind) && self.who.any(table, AnnouncementKind::ConversationOpened, now).await {
                match opened(table, event).await {
                    Ok(opened) => announcements.extend(opened.map(|opened| (place, opened))),
                    Err(err) => not_told(&mut told, place, &chain(&err).to_string()),
                }
            }
        }
        if announcements.is_empty() {
            return told;
        }
        let (places, announcements): (Vec<usize>, Vec<Announcement>) = announcements.into_iter().unzip();
        for (place, put) in places.into_iter().zip(self.events.put_all(&announcements).await) {
            if let Err(err) = put {
                not_told(&mut told, place, &chain(&err).to_string());
            }
        }
        told
    }
}

fn not_told(told: &mut [bool], place: usize, error: &str) {
    tracing::warn!(error, "event not announced; its delivery is given back");
    if let Some(told) = told.get_mut(place) {
        *told = false;
    }
}

/// Tells whether a customer may come into the thread by an event of this kind.
const fn may_open(kind: &EventKind) -> bool {
    match kind {
        EventKind::Message(_) | EventKind::Postback(_) | EventKind::Referral(_) | EventKind::OptIn(_) => true,
        EventKind::Echo(_)
        | EventKind::Delivered { .. }
        | EventKind::Read { .. }
        | EventKind::Reaction { .. }
        | EventKind::Edit { .. }
        | EventKind::Unsend { .. }
        | EventKind::ThreadControl { .. }
        | EventKind::Enforcement { .. }
        | EventKind::TemplateStatus { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => false,
    }
}

/// Returns the case that an event opened: the one that began at its moment.
async fn opened(history: &impl History, event: &InboundEvent) -> Result<Option<Announcement>, StoreError> {
    let Party::Person(user) = &event.party else { return Ok(None) };
    let conversation = history.conversation(&ConversationId::of(&event.page, user)).await?;
    let opened_by_it = conversation.filter(|conversation| conversation.case.opened_at == event.occurred_at);
    Ok(opened_by_it.as_ref().map(Announcement::conversation_opened))
}
