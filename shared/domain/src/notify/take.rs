//! Taking an event of a shop's or a carrier's: the order as it is after it, and the notices that follow.

use std::collections::{BTreeSet, VecDeque};

use crate::consent::{Channel, Consents, Entry, Origin, Purpose, Subject};
use crate::id::{ConversationId, DedupeKey, PageId};
use crate::notice::{Notice, NoticeId, NoticeState, Notices, OrderId, WaitsFor};
use crate::orders::{Alias, Order, Orders, Writing, Written};
use crate::ports::{History, StoreError};
use crate::retry::{Retry, Retryable};
use crate::shop::{ShopEvent, ShopEventKind};
use crate::time::Timestamp;

/// How often a write is tried again after losing a race for the order.
const ATTEMPTS: u32 = 10;

/// How much of the end of an id tells two purchases apart.
const TELLING: usize = 8;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The order knows of it.
    Order {
        order: OrderId,
        is_news: bool,
        /// The notices that are to be decided about now.
        undecided: Vec<NoticeId>,
        /// What the order, which is a purchase, still lacks for its receipt.
        receipt_lacks: Vec<&'static str>,
    },
    /// Nobody has named its order yet. It is kept, and taken when somebody does.
    Kept,
}

#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error("the order could not be read or written")]
    Store(#[source] StoreError),
    #[error("the order changed {ATTEMPTS} times while it was written")]
    Busy,
    /// The next look finds it.
    #[error("order {number} was begun by another purchase while this one was looked up")]
    OtherPurchase { number: String },
    #[error("order {number} of this Page is one of {shop}; two shops of a Page must not use the same numbers")]
    OtherShop { number: String, shop: String },
}

impl Retryable for TakeError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Busy | Self::OtherPurchase { .. } => Retry::Backoff,
            Self::OtherShop { .. } => Retry::Never,
        }
    }
}

/// Takes an event of the shop of `page`. Taking it again changes nothing, and names what is still undecided.
pub async fn take<S: Orders + Notices + History + Consents>(
    store: &S,
    page: &PageId,
    event: &ShopEvent,
    now: Timestamp,
) -> Result<Taken, TakeError> {
    let Some(number) = number(store, page, event).await? else {
        store.keep_event(page, event).await.map_err(TakeError::Store)?;
        // Somebody may have named the order in between, and not have seen what was kept.
        return match number_by_alias(store, page, event).await? {
            Some(number) => take_into(store, page, &number, event, now).await,
            None => Ok(Taken::Kept),
        };
    };
    take_into(store, page, &number, event, now).await
}

/// Finds the number of the order that an event is about.
async fn number<S: Orders>(store: &S, page: &PageId, event: &ShopEvent) -> Result<Option<String>, TakeError> {
    let names = event.kind.names();
    let Some(told) = &names.number else { return number_by_alias(store, page, event).await };
    let is_parcel = matches!(event.kind, ShopEventKind::ShipmentUpdated(_));
    match store.order(&OrderId::of(page, told)).await.map_err(TakeError::Store)? {
        Some(order) if order.is_another_purchase(event) => {
            let other = names.external_id.as_deref().map(|id| apart(told, id));
            Ok(number_by_alias(store, page, event).await?.or(other))
        }
        // Carriers write numbers as they like. A parcel that is known is known better by its own.
        None if is_parcel => Ok(number_by_alias(store, page, event).await?.or_else(|| Some(told.clone()))),
        Some(_) | None => Ok(Some(told.clone())),
    }
}

/// Numbers the second purchase under one number: two are two, whatever a shop calls them.
fn apart(number: &str, external_id: &str) -> String {
    let start = external_id.len().saturating_sub(TELLING);
    format!("{number}.{}", external_id.get(external_id.ceil_char_boundary(start)..).unwrap_or(external_id))
}

async fn number_by_alias<S: Orders>(store: &S, page: &PageId, event: &ShopEvent) -> Result<Option<String>, TakeError> {
    for alias in Alias::of(event) {
        if let Some(id) = store.order_by(page, &alias).await.map_err(TakeError::Store)?
            && let Some(order) = store.order(&id).await.map_err(TakeError::Store)?
            && !order.is_another_purchase(event)
            && !(matches!(alias, Alias::TrackingNumber(_)) && order.has_ended(event))
        {
            return Ok(Some(order.number));
        }
    }
    Ok(None)
}

async fn take_into<S: Orders + Notices + History + Consents>(
    store: &S,
    page: &PageId,
    number: &str,
    event: &ShopEvent,
    now: Timestamp,
) -> Result<Taken, TakeError> {
    let id = OrderId::of(page, number);
    let mut is_news = take_one(store, page, number, event, now).await?;
    // What was kept is looked for also under names that are known already: whoever wrote them may have ended before they looked.
    let mut names = VecDeque::from(Alias::of(event));
    let mut looked_under = BTreeSet::new();
    while let Some(name) = names.pop_front() {
        if !looked_under.insert(name.clone()) {
            continue;
        }
        for kept in store.kept_events(page, &name).await.map_err(TakeError::Store)? {
            if store.order(&id).await.map_err(TakeError::Store)?.is_some_and(|order| order.has_ended(&kept)) {
                continue;
            }
            match take_one(store, page, number, &kept, now).await {
                Ok(told) => is_news |= told,
                // One parcel may carry the goods of two orders: the other one takes its own.
                Err(TakeError::OtherPurchase { .. } | TakeError::OtherShop { .. }) => continue,
                Err(err) => return Err(err),
            }
            names.extend(Alias::of(&kept));
        }
    }
    if is_news {
        correct(store, &id, now).await?;
    }
    let order = store.order(&id).await.map_err(TakeError::Store)?;
    let receipt_lacks = order.as_ref().filter(|order| order.placed).map(Order::missing_for_receipt).unwrap_or_default();
    let undecided = match order {
        Some(order) => undecided(store, &order).await?,
        None => Vec::new(),
    };
    Ok(Taken::Order { order: id, is_news, undecided, receipt_lacks })
}

/// Takes one event into its order, reading and writing again when another worker was faster. Tells whether it is news.
async fn take_one<S: Orders + Notices + History + Consents>(
    store: &S,
    page: &PageId,
    number: &str,
    event: &ShopEvent,
    now: Timestamp,
) -> Result<bool, TakeError> {
    let id = OrderId::of(page, number);
    for _ in 0..ATTEMPTS {
        let stored = store.order(&id).await.map_err(TakeError::Store)?;
        let mut order = stored.unwrap_or_else(|| Order::begin(page.clone(), number, event));
        if order.is_of_another_shop(event) {
            return Err(TakeError::OtherShop { number: order.number, shop: order.shop });
        }
        if order.is_another_purchase(event) {
            return Err(TakeError::OtherPurchase { number: order.number });
        }
        let before = order.clone();
        let last = last_receipt(store, &order).await?;
        let mut change = order.apply(event, last.as_ref().and_then(|last| last.shown.as_deref()));
        if before.cancelled_at.is_some() && last.is_some_and(|last| matches!(last.state, NoticeState::Dropped { .. })) {
            change.notices.extend(order.receipt_after_all());
        }
        let new_names: Vec<Alias> = Alias::of(event).into_iter().filter(|alias| !order.filed_under.contains(&alias.key(page))).collect();
        let new_customer_names: Vec<DedupeKey> =
            order.customer_names().into_iter().filter(|name| !order.filed_under.contains(name)).collect();
        order.filed_under.extend(new_names.iter().map(|alias| alias.key(page)).chain(new_customer_names.iter().cloned()));
        if order.conversation.is_none() {
            order.conversation = thread_of(store, &order).await?;
        }
        let notices: Vec<Notice> =
            change.notices.into_iter().map(|new| Notice::begin(page.clone(), id.clone(), new.kind, new.event, new.parcel, now)).collect();
        order.notices.extend(notices.iter().map(|notice| notice.id.clone()));
        if !order.notices.is_empty() && order.counted_as.is_none() {
            order.counted_as = order.personal_key();
        }
        if order == before && order.revision > 0 {
            return Ok(false);
        }
        note_consent(store, &order, event).await.map_err(TakeError::Store)?;
        let writing = Writing { order: &order, notices: &notices, aliases: &new_names, names: &new_customer_names };
        match store.save_order(&writing).await.map_err(TakeError::Store)? {
            Written::Written => return Ok(change.is_news),
            Written::Stale => {}
        }
    }
    Err(TakeError::Busy)
}

/// Owes a correction of the last receipt that left, where the order says something else by now. Whoever changes an order and whoever sends its
/// receipt may do so at once: each asks for this after their own write, so that one of them sees both.
pub(super) async fn correct<S: Orders + Notices>(store: &S, id: &OrderId, now: Timestamp) -> Result<Option<NoticeId>, TakeError> {
    for _ in 0..ATTEMPTS {
        let Some(mut order) = store.order(id).await.map_err(TakeError::Store)? else { return Ok(None) };
        let Some(shown) = last_receipt(store, &order).await?.and_then(|last| last.shown) else { return Ok(None) };
        let Some(owed) = order.correction(&shown) else { return Ok(None) };
        let notice = Notice::begin(order.page.clone(), id.clone(), owed.kind, owed.event, owed.parcel, now);
        order.notices.push(notice.id.clone());
        let writing = Writing { order: &order, notices: std::slice::from_ref(&notice), aliases: &[], names: &[] };
        if store.save_order(&writing).await.map_err(TakeError::Store)? == Written::Written {
            return Ok(Some(notice.id));
        }
    }
    Err(TakeError::Busy)
}

/// Puts into the ledger what the customer agreed to at the checkout.
async fn note_consent<S: Consents>(store: &S, order: &Order, event: &ShopEvent) -> Result<(), StoreError> {
    let (ShopEventKind::OrderPlaced(facts) | ShopEventKind::OrderChanged(facts)) = &event.kind else { return Ok(()) };
    let Some(passed) = &facts.buyer.consent else { return Ok(()) };
    let thread = order.conversation.clone().map(|conversation| Subject::Conversation { conversation });
    // Under the name that the shop will use again; of somebody without one, under their thread.
    let Some(subject) = order.subjects().into_iter().next().or(thread) else { return Ok(()) };
    let known = store.entries(&subject).await?;
    for (channel, given) in [(Channel::Messenger, passed.messenger), (Channel::Email, passed.email)] {
        let Some(given) = given else { continue };
        let is_it = |entry: &Entry| entry.channel == channel && entry.given == given && entry.event == order.number;
        if known.iter().any(|entry| entry.origin == Origin::Checkout && is_it(entry)) {
            continue;
        }
        let entry = Entry {
            subject: subject.clone(),
            at: event.occurred_at,
            purpose: Purpose::OrderUpdates,
            channel,
            given,
            words: passed.words.clone().unwrap_or_default(),
            origin: Origin::Checkout,
            event: order.number.clone(),
        };
        store.append(&entry.bounded()).await?;
    }
    Ok(())
}

/// Reads the last receipt that an order has made.
async fn last_receipt<S: Notices>(store: &S, order: &Order) -> Result<Option<Notice>, TakeError> {
    match order.receipts().pop() {
        Some(last) => store.notice(&last).await.map_err(TakeError::Store),
        None => Ok(None),
    }
}

/// Finds the thread of an order's customer: by the id that the checkout passed along, or by a name that is known.
pub(super) async fn thread_of<S: Orders + History>(store: &S, order: &Order) -> Result<Option<ConversationId>, TakeError> {
    if let Some(user) = &order.facts.buyer.user {
        let id = ConversationId::of(&order.page, user);
        if store.conversation(&id).await.map_err(TakeError::Store)?.is_some() {
            return Ok(Some(id));
        }
    }
    for name in order.customer_names() {
        if let Some(id) = store.acquaintance(&name).await.map_err(TakeError::Store)?.conversation {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Returns the notices that nobody has decided about yet, oldest first, and those that waited for the customer to become known, who is.
async fn undecided<S: Notices>(store: &S, order: &Order) -> Result<Vec<NoticeId>, TakeError> {
    let mut undecided = Vec::new();
    for id in &order.notices {
        let notice = store.notice(id).await.map_err(TakeError::Store)?;
        let is_open = |notice: Notice| match notice.state {
            NoticeState::Undecided => true,
            NoticeState::Waiting { on: WaitsFor::Link, .. } => order.conversation.is_some(),
            NoticeState::Waiting { on: WaitsFor::Window, .. }
            | NoticeState::Message { .. }
            | NoticeState::Mailing { .. }
            | NoticeState::Mailed { .. }
            | NoticeState::HeldOut
            | NoticeState::Dropped { .. }
            | NoticeState::Failed { .. } => false,
        };
        if notice.is_some_and(is_open) {
            undecided.push(id.clone());
        }
    }
    Ok(undecided)
}
