//! An order as it stands: what its sources told until now, its parcels, and the notices that follow from each step.
//!
//! ```text
//! shop::ShopEvent ─▶ Order::apply ─▶ Change: is it news, and which notices does it make ─▶ Orders::save, in one transaction
//! ```

use std::collections::BTreeSet;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::consent::Subject;
use crate::content::Receipt;
use crate::email::EmailHash;
use crate::id::{ConversationId, DedupeKey, MessageId, PageId};
use crate::notice::{Notice, NoticeId, NoticeKind, OrderId};
use crate::order::{Adjustment, Buyer, OrderFacts, OrderNames, Refund, ShipmentFacts, only_parcel};
use crate::parcel::{ParcelStatus, Progress};
use crate::ports::StoreError;
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
    /// Its notices, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeId>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    /// Grows with every write; zero when it is not stored yet.
    #[serde(skip)]
    pub revision: u64,
}

/// A parcel of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The sources' own ids, as `<source>:<id>`: a shop and a carrier tell of the same parcel.
    pub known_as: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    pub progress: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(default)]
    pub is_late: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<String>,
    /// The moment of the latest word about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
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

/// A name under which an order is found when its number is not told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alias {
    /// The source's own id of the order.
    External { source: Source, shop: String, id: String },
    /// The source's own id of a parcel; never used again.
    Tracker { source: Source, id: String },
    /// Carriers use it again after a while: the latest order has it.
    TrackingNumber(String),
}

impl Alias {
    /// Returns what the alias is hashed of.
    #[must_use]
    pub fn key(&self, page: &PageId) -> DedupeKey {
        match self {
            Self::External { source, shop, id } => DedupeKey::of_content(&["order", page.as_str(), source.as_str(), shop, id]),
            Self::Tracker { source, id } => DedupeKey::of_content(&["tracker", page.as_str(), source.as_str(), id]),
            Self::TrackingNumber(number) => DedupeKey::of_content(&["tracking", page.as_str(), &normal(number)]),
        }
    }

    /// Returns the names that an event gives its order, the surest first.
    #[must_use]
    pub fn of(event: &ShopEvent) -> Vec<Self> {
        let external = |names: &OrderNames| {
            let id = names.external_id.clone()?;
            Some(Self::External { source: event.source, shop: event.shop.clone(), id })
        };
        match &event.kind {
            ShopEventKind::OrderPlaced(facts) | ShopEventKind::OrderChanged(facts) => external(&facts.names).into_iter().collect(),
            ShopEventKind::OrderCancelled { order, .. } => external(order).into_iter().collect(),
            ShopEventKind::ShipmentUpdated(facts) => {
                let tracker = Self::Tracker { source: event.source, id: facts.external_id.clone() };
                let number = facts.tracking_number.clone().map(Self::TrackingNumber);
                external(&facts.order).into_iter().chain([tracker]).chain(number).collect()
            }
        }
    }
}

/// A tracking number without what people put into it.
fn normal(tracking_number: &str) -> String {
    tracking_number.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// What became of writing an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Written,
    /// The order has another revision by now; nothing was written.
    Stale,
}

/// What is written of an order in one transaction. Its place beside its conversation follows from it.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    pub order: &'a Order,
    pub notices: &'a [Notice],
    /// New names that the order is found by.
    pub aliases: &'a [Alias],
    /// New names of its customer, see [`Order::customer_names`].
    pub names: &'a [DedupeKey],
}

/// What a Page knows under the name of a customer: a digest of an e-mail address, a telephone number, the shop's own id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acquaintance {
    pub conversation: Option<ConversationId>,
    pub orders: Vec<OrderId>,
}

/// An order beside a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TiedOrder {
    pub order: OrderId,
    /// The customer's messages that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_in: Vec<MessageId>,
}

/// The stored orders.
pub trait Orders: Sync {
    fn order(&self, id: &OrderId) -> impl Future<Output = Result<Option<Order>, StoreError>> + Send;

    fn order_by(&self, page: &PageId, alias: &Alias) -> impl Future<Output = Result<Option<OrderId>, StoreError>> + Send;

    /// Writes what an event made of an order, whose `revision` is the one that was read, in one transaction. Its new notices are due at once.
    fn save_order(&self, writing: &Writing<'_>) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Keeps an event whose order is not known yet, under the names that it gives it.
    fn keep_event(&self, page: &PageId, event: &ShopEvent) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists what was kept under a name, oldest first.
    fn kept_events(&self, page: &PageId, alias: &Alias) -> impl Future<Output = Result<Vec<ShopEvent>, StoreError>> + Send;

    /// Reads what is known under a customer's name, see [`Order::customer_names`].
    fn acquaintance(&self, name: &DedupeKey) -> impl Future<Output = Result<Acquaintance, StoreError>> + Send;

    /// Notes whose thread a customer's name leads to.
    fn acquaint(&self, name: &DedupeKey, conversation: &ConversationId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists the orders beside a conversation, oldest first.
    fn tied_orders(&self, conversation: &ConversationId) -> impl Future<Output = Result<Vec<TiedOrder>, StoreError>> + Send;

    /// Removes an order with its notices and the names that lead to it, for the erasure of a person and nothing else.
    fn remove_order(&self, order: &Order) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes an order away from a conversation whose it is not.
    fn untie(&self, conversation: &ConversationId, order: &OrderId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes that a message of the customer's names an order.
    fn name_order(
        &self,
        conversation: &ConversationId,
        order: &OrderId,
        message: &MessageId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
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
            cancelled_at: None,
            cancelled_because: None,
            conversation: None,
            filed_under: Vec::new(),
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
                self.cancelled_at = self.cancelled_at.or(Some(event.occurred_at));
                self.cancelled_because = self.cancelled_because.take().or_else(|| reason.clone());
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
        let count = self.receipts();
        let corrected = sent.is_some_and(|digest| digest != self.receipt_digest());
        if count == 0 || corrected {
            change.notices.push(NewNotice { kind: NoticeKind::Receipt, event: receipt_event(count + 1), parcel: None });
        }
    }

    fn owe_refunds(&self, before: &Self, change: &mut Change) {
        let is_new = |refund: &&Refund| !before.facts.refunds.iter().any(|known| known.id == refund.id);
        for refund in self.facts.refunds.iter().filter(is_new) {
            let event = format!("refunded:{}", refund.id);
            change.notices.push(NewNotice { kind: NoticeKind::Refunded, event, parcel: None });
        }
    }

    /// Returns how many receipts it has made until now.
    #[must_use]
    pub fn receipts(&self) -> usize {
        (1..=self.notices.len()).take_while(|number| self.notices.contains(&NoticeId::of(&self.id, &receipt_event(*number)))).count()
    }

    /// Returns the id of the last receipt that it made.
    #[must_use]
    pub fn last_receipt(&self) -> Option<NoticeId> {
        let count = self.receipts();
        (count > 0).then(|| NoticeId::of(&self.id, &receipt_event(count)))
    }

    /// Names what a receipt still lacks. Meta wants a recipient, a way of payment, a currency and a total.
    #[must_use]
    pub fn missing_for_receipt(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.facts.totals.is_none() {
            missing.push("the total");
        }
        if self.recipient_name().is_none() {
            missing.push("the recipient's name");
        }
        missing
    }

    fn recipient_name(&self) -> Option<&str> {
        self.facts.buyer.name.as_deref().filter(|name| !name.trim().is_empty())
    }

    /// Makes the `number`-th receipt, 1 for the first; nothing while something is missing.
    #[must_use]
    pub fn receipt(&self, number: usize) -> Option<Receipt> {
        let totals = self.facts.totals?;
        let same = |amount: crate::money::Money| amount.currency == totals.total.currency;
        Some(Receipt {
            recipient_name: self.recipient_name()?.to_owned(),
            merchant_name: self.facts.merchant.clone(),
            order_number: if number <= 1 { self.number.clone() } else { format!("{}-{number}", self.number) },
            payment_method: self.facts.payment_method.clone().unwrap_or_else(|| String::from("–")),
            order_url: self.facts.url.clone(),
            placed_at: self.facts.placed_at.unwrap_or(self.created_at),
            lines: self.facts.lines.iter().filter(|line| same(line.price)).take(MOST_LINES).cloned().collect(),
            address: self.facts.address.clone(),
            totals,
            adjustments: self.facts.adjustments.iter().filter(|adjustment: &&Adjustment| same(adjustment.amount)).cloned().collect(),
        })
    }

    /// Digests what a receipt shows that is worth a correction: the goods and the sums.
    #[must_use]
    pub fn receipt_digest(&self) -> String {
        let shown = (&self.facts.totals, &self.facts.lines, &self.facts.adjustments);
        // Plain types of ours: writing them does not fail.
        DedupeKey::of_content(&[&serde_json::to_string(&shown).unwrap_or_default()]).as_str().to_owned()
    }

    /// Returns the names that lead to the customer's thread, digested, the surest first: the order's number, and those by which the shop knows
    /// the customer.
    #[must_use]
    pub fn customer_names(&self) -> Vec<DedupeKey> {
        std::iter::once(customer_name(&self.page, "order", self.id.as_str())).chain(self.personal_names()).collect()
    }

    fn personal_names(&self) -> impl Iterator<Item = DedupeKey> {
        let Buyer { email, phone, customer_id, reference, .. } = &self.facts.buyer;
        let reference = reference.as_deref().map(|reference| customer_name(&self.page, "reference", reference));
        let customer = customer_id.as_deref().map(|id| customer_name(&self.page, "customer", id));
        let email = email.as_deref().and_then(EmailHash::of).map(|email| customer_name(&self.page, "email", email.as_str()));
        let phone = phone.as_deref().and_then(international).map(|phone| customer_name(&self.page, "phone", &phone));
        customer.into_iter().chain(email).chain(phone).chain(reference)
    }

    /// Returns under which name the customer's experiences are counted: the same for all orders of one person, as far as we know.
    #[must_use]
    pub fn customer_key(&self) -> String {
        let known = self.personal_names().next().map(|name| name.as_str().to_owned());
        known.or_else(|| self.conversation.as_ref().map(ToString::to_string)).unwrap_or_else(|| self.id.to_string())
    }

    /// Returns whose consent counts for the order, beside that of its conversation.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let page = &self.page;
        let Buyer { email, customer_id, .. } = &self.facts.buyer;
        let email = email.as_deref().and_then(EmailHash::of).map(|email| Subject::Email { page: page.clone(), email });
        let customer = customer_id.clone().map(|customer| Subject::Customer { page: page.clone(), customer });
        email.into_iter().chain(customer).collect()
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

/// The most goods that Meta's receipt shows.
const MOST_LINES: usize = 100;

/// The fewest digits of a telephone number with its country's, and the fewest that differ: people fill fields with zeros.
const LEAST_PHONE: usize = 8;
const LEAST_DIFFERENT: usize = 3;

/// Returns the digits of a telephone number in its international form; nothing of one without its country, which others may have, too.
fn international(phone: &str) -> Option<String> {
    let phone = phone.trim();
    let rest = phone.strip_prefix('+').or_else(|| phone.strip_prefix("00"))?;
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let different: BTreeSet<char> = digits.chars().collect();
    (digits.len() >= LEAST_PHONE && different.len() >= LEAST_DIFFERENT).then_some(digits)
}

/// Digests a customer's name of `kind` (`order`, `email`, `phone`, `customer`, `reference`), as it leads to their thread on a Page.
#[must_use]
pub fn customer_name(page: &PageId, kind: &str, value: &str) -> DedupeKey {
    DedupeKey::of_content(&["customer", page.as_str(), kind, value])
}

fn receipt_event(number: usize) -> String {
    if number == 1 { String::from("receipt") } else { format!("receipt-{number}") }
}

/// The most times that the same thing happens to one parcel.
const MOST_TIMES: usize = 9;

/// Returns the names of a piece of news of a parcel: the first time, the second, and so on.
fn event_names(kind: NoticeKind, status: ParcelStatus, subject: &str) -> Vec<String> {
    let what = match kind {
        // A failed attempt and damage are two pieces of news.
        NoticeKind::Problem => status.as_str(),
        NoticeKind::Receipt
        | NoticeKind::Shipped
        | NoticeKind::OutForDelivery
        | NoticeKind::Delivered
        | NoticeKind::ReadyForPickup
        | NoticeKind::Delayed
        | NoticeKind::Refunded => kind.as_str(),
    };
    let again = (2..=MOST_TIMES).map(|time| format!("{what}:{subject}:{time}"));
    std::iter::once(format!("{what}:{subject}")).chain(again).collect()
}

/// Returns which notice the status of a parcel makes; some make none.
#[must_use]
pub const fn notice_of(status: ParcelStatus) -> Option<NoticeKind> {
    match status {
        ParcelStatus::InTransit => Some(NoticeKind::Shipped),
        ParcelStatus::OutForDelivery => Some(NoticeKind::OutForDelivery),
        ParcelStatus::ReadyForPickup => Some(NoticeKind::ReadyForPickup),
        ParcelStatus::Delivered => Some(NoticeKind::Delivered),
        ParcelStatus::AttemptFailed | ParcelStatus::Exception => Some(NoticeKind::Problem),
        ParcelStatus::Unknown | ParcelStatus::LabelCreated | ParcelStatus::Returned | ParcelStatus::Cancelled => None,
    }
}

/// Returns the notice that an event makes of its order, or made when it was told first; nothing when it makes none.
#[must_use]
pub fn notice_about(order: &Order, event: &ShopEvent) -> Option<NoticeId> {
    match &event.kind {
        ShopEventKind::OrderPlaced(_) => order.last_receipt(),
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

/// How a source names a parcel.
fn known_as(source: Source, told: &ShipmentFacts) -> String {
    format!("{}:{}", source.as_str(), told.external_id)
}

fn merge<T: Clone>(leads: bool, known: &mut Option<T>, told: Option<&T>) {
    if (leads || known.is_none()) && told.is_some() {
        *known = told.cloned();
    }
}

fn merge_all<T: Clone>(leads: bool, known: &mut Vec<T>, told: &[T]) {
    if (leads || known.is_empty()) && !told.is_empty() {
        *known = told.to_vec();
    }
}

impl Parcel {
    const fn begin(at: Timestamp) -> Self {
        Self {
            known_as: Vec::new(),
            tracking_number: None,
            tracking_url: None,
            carrier: None,
            progress: Progress::begin(at),
            detail: None,
            is_late: false,
            expected_on: None,
            told_at: Some(at),
        }
    }

    /// What is said of the place and the day counts when the event is news or the latest word: else it tells of the past.
    fn learn(&mut self, told: &ShipmentFacts, at: Timestamp, is_news: bool) {
        let counts = is_news || self.told_at.is_none_or(|latest| latest <= at);
        self.told_at = self.told_at.max(Some(at));
        merge(false, &mut self.tracking_number, told.tracking_number.as_ref());
        merge(false, &mut self.tracking_url, told.tracking_url.as_ref());
        merge(false, &mut self.carrier, told.carrier.as_ref());
        merge(counts, &mut self.detail, told.detail.as_ref());
        merge(counts, &mut self.expected_on, told.expected_on.as_ref());
        self.is_late |= told.is_late;
    }

    /// Returns what names the parcel in its notices' ids: its first name, which stays.
    #[must_use]
    pub fn subject(&self) -> String {
        self.known_as.first().cloned().unwrap_or_default()
    }

    /// Says what is wrong, for a person who sees to it.
    #[must_use]
    pub fn trouble_in_words(&self) -> String {
        let status = self.progress.status();
        let what = if status == ParcelStatus::AttemptFailed { "could not be handed over" } else { "is in trouble" };
        let carrier = self.carrier.as_deref().unwrap_or("the carrier");
        let number = self.tracking_number.as_deref().map_or_else(String::new, |number| format!(" {number}"));
        let detail = self.detail.as_deref().map_or_else(String::new, |detail| format!(": {}", detail.replace('_', " ")));
        format!("The parcel{number} of {carrier} {what}{detail}.")
    }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
