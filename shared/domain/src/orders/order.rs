//! An order as it stands, and what an event makes of it.

use serde::{Deserialize, Serialize};

use super::parcel::{Parcel, event_names, known_as, normal, notice_of};
use super::receipt::receipt_event;
use crate::id::{ConversationId, DedupeKey, PageId};
use crate::notice::{NoticeId, NoticeKind, OrderId};
use crate::order::{OrderFacts, Refund, ShipmentFacts, only_parcel};
use crate::parcel::ParcelStatus;
use crate::shop::{ShopEvent, ShopEventKind, Source};
use crate::time::Timestamp;

/// The most parcels and refunds that an order carries; more are a mistake of the source.
const MOST_PARCELS: usize = 50;
const MOST_REFUNDS: usize = 50;

/// An order of a Page's shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub page: PageId,
    /// As the customer knows it: `1001`.
    pub number: String,
    /// Who placed it, and else who told of it first: its word counts, others fill gaps.
    pub source: Source,
    pub shop: String,
    /// Whether it is a purchase by now.
    pub placed: bool,
    pub facts: OrderFacts,
    /// The moment of the word of its source that the facts are of: what is older fills gaps only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<Parcel>,
    /// When its source said last that it is a purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// When it was cancelled, if that is its last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_because: Option<String>,
    /// The thread of the customer whose order it is, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The names that it is found by, and those of its customer, as far as they are written down: digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filed_under: Vec<DedupeKey>,
    /// See [`Order::customer_key`]; stays as it was when the order made notices and its customer was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_as: Option<String>,
    /// Its notices, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeId>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

/// A notice that a change makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    pub kind: NoticeKind,
    /// What happened, as [`NoticeId::of`] takes it.
    pub event: String,
    /// The parcel that it is about, by its place.
    pub parcel: Option<usize>,
}

/// What an event made of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub is_news: bool,
    pub notices: Vec<NewNotice>,
}

impl Order {
    /// Starts an order of which `event` is the first word.
    #[must_use]
    pub fn begin(page: PageId, number: &str, event: &ShopEvent) -> Self {
        let number = number.trim().trim_start_matches('#').to_owned();
        Self {
            id: OrderId::of(&page, &number),
            page,
            number,
            source: event.source,
            shop: event.shop.clone(),
            placed: false,
            facts: OrderFacts::default(),
            facts_at: None,
            parcels: Vec::new(),
            confirmed_at: None,
            cancelled_at: None,
            cancelled_because: None,
            conversation: None,
            filed_under: Vec::new(),
            counted_as: None,
            notices: Vec::new(),
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
            revision: 0,
        }
    }

    /// Takes an event. `sent_receipt` is the digest of the last receipt that left, if one did: a correction follows only a receipt.
    pub fn apply(&mut self, event: &ShopEvent, sent_receipt: Option<&str>) -> Change {
        let before = self.clone();
        let mut change = Change::default();
        match &event.kind {
            ShopEventKind::OrderPlaced(facts) => {
                if !self.placed {
                    self.placed = true;
                    self.source = event.source;
                    self.shop.clone_from(&event.shop);
                }
                if self.is_of(event) {
                    self.confirmed_at = self.confirmed_at.max(Some(event.occurred_at));
                }
                if self.is_of(event) && self.cancelled_at.is_some_and(|cancelled| cancelled < event.occurred_at) {
                    // Shops take an order back that they cancelled, when the payment comes after all.
                    self.cancelled_at = None;
                    self.cancelled_because = None;
                }
                self.learn(event, facts);
            }
            ShopEventKind::OrderChanged(facts) => {
                self.learn(event, facts);
            }
            ShopEventKind::OrderCancelled { order, reason, refunds } => {
                self.learn(event, &OrderFacts { names: order.clone(), refunds: refunds.clone(), ..OrderFacts::default() });
                if self.confirmed_at.is_none_or(|confirmed| confirmed <= event.occurred_at) {
                    self.cancelled_at = self.cancelled_at.max(Some(event.occurred_at));
                    self.cancelled_because = self.cancelled_because.take().or_else(|| reason.clone());
                }
            }
            ShopEventKind::ShipmentUpdated(facts) => self.track(event, facts, &mut change),
        }
        self.owe_receipt(sent_receipt, &mut change);
        self.owe_refunds(&before, &mut change);
        change.is_news = *self != before;
        if change.is_news {
            self.changed_at = self.changed_at.max(event.occurred_at);
        }
        change
    }

    /// Tells whether an event is of the source that the order is of.
    fn is_of(&self, event: &ShopEvent) -> bool {
        self.source == event.source && self.shop == event.shop
    }

    /// Tells whether another shop of the same kind uses the order's number: its order is another one.
    #[must_use]
    pub fn is_of_another_shop(&self, event: &ShopEvent) -> bool {
        self.source == event.source && self.shop != event.shop && !self.shop.is_empty() && !event.shop.is_empty()
    }

    /// Tells whether the parcel with an event's tracking number has ended for the source that tells of it under another id: carriers use
    /// numbers again.
    #[must_use]
    pub fn has_ended(&self, event: &ShopEvent) -> bool {
        let ShopEventKind::ShipmentUpdated(told) = &event.kind else { return false };
        let Some(number) = told.tracking_number.as_deref().map(normal) else { return false };
        let (name, prefix) = (known_as(event.source, told), format!("{}:", event.source.as_str()));
        let is_over = |parcel: &Parcel| {
            let knows_another = parcel.known_as.iter().any(|known| known.starts_with(&prefix) && *known != name);
            let is_numbered_so = parcel.tracking_number.as_deref().map(normal).as_ref() == Some(&number);
            is_numbered_so && knows_another && parcel.progress.reached.is_final()
        };
        self.parcels.iter().any(is_over)
    }

    /// Tells whether an event of the order's own source is about another purchase, to which its shop gave the same number. A payment that
    /// nothing came of is none: the next one is for the same order.
    #[must_use]
    pub fn is_another_purchase(&self, event: &ShopEvent) -> bool {
        let (known, told) = (&self.facts.names.external_id, &event.kind.names().external_id);
        self.placed && self.is_of(event) && known.is_some() && told.is_some() && known != told
    }

    /// Merges facts: those of the source that placed the order replace what is known, unless they are older; those of others fill gaps.
    fn learn(&mut self, event: &ShopEvent, told: &OrderFacts) {
        let leads = self.is_of(event) && self.facts_at.is_none_or(|known| known <= event.occurred_at);
        if leads && told.totals.is_some() {
            self.facts_at = Some(event.occurred_at);
        }
        let known = &mut self.facts;
        merge(leads, &mut known.names.number, told.names.number.as_ref());
        merge(leads, &mut known.names.external_id, told.names.external_id.as_ref());
        merge(false, &mut known.placed_at, told.placed_at.as_ref());
        merge(leads, &mut known.totals, told.totals.as_ref());
        merge(leads, &mut known.payment_method, told.payment_method.as_ref());
        merge(leads, &mut known.merchant, told.merchant.as_ref());
        merge(leads, &mut known.url, told.url.as_ref());
        merge(leads, &mut known.address, told.address.as_ref());
        merge_all(leads, &mut known.lines, &told.lines);
        if leads && told.is_whole() {
            // An order that is told whole and without a discount has none any more.
            known.adjustments.clone_from(&told.adjustments);
        } else {
            merge_all(leads, &mut known.adjustments, &told.adjustments);
        }
        let customer_id = told.buyer.customer_id.as_deref().map(|id| event.customer_id(id));
        let buyer = &mut known.buyer;
        merge(leads, &mut buyer.name, told.buyer.name.as_ref());
        merge(leads, &mut buyer.email, told.buyer.email.as_ref());
        merge(leads, &mut buyer.phone, told.buyer.phone.as_ref());
        merge(leads, &mut buyer.customer_id, customer_id.as_ref());
        merge(leads, &mut buyer.locale, told.buyer.locale.as_ref());
        merge(leads, &mut buyer.user, told.buyer.user.as_ref());
        merge(leads, &mut buyer.reference, told.buyer.reference.as_ref());
        merge(leads, &mut buyer.consent, told.buyer.consent.as_ref());
        for refund in &told.refunds {
            self.refund(refund);
        }
    }

    fn refund(&mut self, told: &Refund) {
        let refunds = &mut self.facts.refunds;
        if let Some(known) = refunds.iter_mut().find(|known| known.id == told.id) {
            known.amount = known.amount.or(told.amount);
        } else if refunds.len() < MOST_REFUNDS {
            refunds.push(told.clone());
        }
    }

    /// Takes what is told of a parcel.
    fn track(&mut self, event: &ShopEvent, told: &ShipmentFacts, change: &mut Change) {
        let name = known_as(event.source, told);
        let place = match self.place_of(event.source, told) {
            Some(place) => place,
            None if self.parcels.len() >= MOST_PARCELS => return,
            None => {
                self.parcels.push(Parcel::begin(event.occurred_at));
                self.parcels.len() - 1
            }
        };
        let Some(parcel) = self.parcels.get_mut(place) else { return };
        if !parcel.known_as.contains(&name) {
            parcel.known_as.push(name);
        }
        let is_news = parcel.progress.tell(told.status, event.occurred_at);
        let became_late = told.is_late && !parcel.is_late && !parcel.progress.reached.is_final();
        parcel.learn(told, event.occurred_at, is_news || became_late);
        let subject = parcel.subject();
        let owed = is_news.then(|| notice_of(told.status)).flatten();
        let late = (became_late && owed.is_none()).then_some(NoticeKind::Delayed);
        if let Some(kind) = owed.or(late) {
            let names = event_names(kind, told.status, &subject);
            // The same trouble may come again: then it is another piece of news.
            let event = names.into_iter().find(|name| !self.notices.contains(&NoticeId::of(&self.id, name)));
            change.notices.extend(event.map(|event| NewNotice { kind, event, parcel: Some(place) }));
        }
    }

    /// Finds the parcel that is told of. The same parcel has the same tracking number, whoever tells of it; one of which a shop's backend
    /// tells neither number nor id is the only one.
    fn place_of(&self, source: Source, told: &ShipmentFacts) -> Option<usize> {
        let name = known_as(source, told);
        let number = told.tracking_number.as_deref().map(normal);
        let is_it = |parcel: &Parcel| {
            let numbered = parcel.tracking_number.as_deref().map(normal);
            (numbered.is_some() && numbered == number) || (parcel.known_as.contains(&name) && (numbered.is_none() || number.is_none()))
        };
        let only = |parcels: &[Parcel]| match parcels {
            [parcel] if source == Source::Api => {
                let nameless = format!("{}:{}", source.as_str(), only_parcel(&self.number));
                (name == nameless || (parcel.tracking_number.is_none() && parcel.known_as.contains(&nameless))).then_some(0)
            }
            _ => None,
        };
        self.parcels.iter().position(is_it).or_else(|| only(&self.parcels))
    }

    /// A receipt follows once the order is a purchase and complete; another one when what the last one showed has changed.
    fn owe_receipt(&self, sent: Option<&str>, change: &mut Change) {
        if !self.placed || self.cancelled_at.is_some() || !self.missing_for_receipt().is_empty() {
            return;
        }
        let count = self.receipts().len();
        let corrected = sent.is_some_and(|digest| digest != self.receipt_digest());
        if count == 0 || corrected {
            change.notices.push(NewNotice { kind: NoticeKind::Receipt, event: receipt_event(count + 1), parcel: None });
        }
    }

    /// Returns the correction of its last receipt, of which `shown` is the digest, where it is owed one.
    pub(crate) fn correction(&self, shown: &str) -> Option<NewNotice> {
        let mut change = Change::default();
        self.owe_receipt(Some(shown), &mut change);
        change.notices.pop()
    }

    /// Returns another receipt for an order that stands again after it was cancelled, when the last one was dropped for that.
    pub(crate) fn receipt_after_all(&self) -> Option<NewNotice> {
        let stands = self.placed && self.cancelled_at.is_none() && self.missing_for_receipt().is_empty();
        let event = receipt_event(self.receipts().len() + 1);
        stands.then_some(NewNotice { kind: NoticeKind::Receipt, event, parcel: None })
    }

    fn owe_refunds(&self, before: &Self, change: &mut Change) {
        let is_new = |refund: &&Refund| !before.facts.refunds.iter().any(|known| known.id == refund.id);
        for refund in self.facts.refunds.iter().filter(is_new) {
            let event = format!("refunded:{}", refund.id);
            change.notices.push(NewNotice { kind: NoticeKind::Refunded, event, parcel: None });
        }
    }

    /// Says whether a notice is still worth telling; nothing when it is, else why not.
    #[must_use]
    pub fn not_worth(&self, kind: NoticeKind, parcel: Option<usize>) -> Option<&'static str> {
        let progress = parcel.and_then(|place| self.parcels.get(place)).map(|parcel| &parcel.progress);
        let reached = progress.map_or(ParcelStatus::Unknown, |progress| progress.reached);
        let is_over = reached.is_final();
        match kind {
            NoticeKind::Receipt => self.cancelled_at.map(|_| "the order was cancelled"),
            NoticeKind::Refunded | NoticeKind::Delivered => None,
            NoticeKind::Shipped => (is_over || reached >= ParcelStatus::OutForDelivery).then_some("the parcel is further by now"),
            NoticeKind::OutForDelivery | NoticeKind::ReadyForPickup | NoticeKind::Problem => {
                is_over.then_some("the parcel has arrived, or comes back, by now")
            }
            NoticeKind::Delayed => (is_over || reached >= ParcelStatus::OutForDelivery).then_some("the parcel comes or has come by now"),
        }
    }
}

/// Returns the notice that an event makes of its order, or made when it was told first; nothing when it makes none.
#[must_use]
pub fn notice_about(order: &Order, event: &ShopEvent) -> Option<NoticeId> {
    match &event.kind {
        ShopEventKind::OrderPlaced(_) => order.receipts().pop(),
        ShopEventKind::OrderChanged(_) | ShopEventKind::OrderCancelled { .. } => None,
        ShopEventKind::ShipmentUpdated(told) => {
            let parcel = order.parcels.get(order.place_of(event.source, told)?)?;
            let late = told.is_late.then_some(NoticeKind::Delayed);
            let kinds = late.into_iter().chain(notice_of(told.status));
            let mut names = kinds.flat_map(|kind| event_names(kind, told.status, &parcel.subject()).into_iter().rev());
            names.find_map(|name| Some(NoticeId::of(&order.id, &name)).filter(|id| order.notices.contains(id)))
        }
    }
}

pub(super) fn merge<T: Clone>(leads: bool, known: &mut Option<T>, told: Option<&T>) {
    if (leads || known.is_none()) && told.is_some() {
        *known = told.cloned();
    }
}

fn merge_all<T: Clone>(leads: bool, known: &mut Vec<T>, told: &[T]) {
    if (leads || known.is_empty()) && !told.is_empty() {
        *known = told.to_vec();
    }
}
