//! The names that an order and its customer are found by, digested.

use std::collections::BTreeSet;

use super::Order;
use super::parcel::normal;
use crate::consent::Subject;
use crate::email::EmailHash;
use crate::id::{DedupeKey, PageId};
use crate::order::{Buyer, OrderNames};
use crate::shop::{ShopEvent, ShopEventKind, Source};

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

impl Order {
    /// Returns the names that lead to the customer's thread, digested, the surest first: the order's number, and those by which the shop knows
    /// the customer.
    #[must_use]
    pub fn customer_names(&self) -> Vec<DedupeKey> {
        std::iter::once(customer_name(&self.page, "order", self.id.as_str())).chain(self.personal_names()).collect()
    }

    fn personal_names(&self) -> impl Iterator<Item = DedupeKey> {
        let Buyer { phone, customer_id, reference, .. } = &self.facts.buyer;
        let reference = reference.as_deref().map(|reference| customer_name(&self.page, "reference", reference));
        let customer = customer_id.as_deref().map(|id| customer_name(&self.page, "customer", id));
        let phone = phone.as_deref().and_then(international).map(|phone| customer_name(&self.page, "phone", &phone));
        customer.into_iter().chain(self.email_name()).chain(phone).chain(reference)
    }

    fn email_name(&self) -> Option<DedupeKey> {
        self.facts.buyer.email.as_deref().and_then(EmailHash::of).map(|email| customer_name(&self.page, "email", email.as_str()))
    }

    /// Returns the name by which the customer is counted; nothing while nobody has said who they are. A guest and the same person with an account
    /// have the address in common.
    pub(crate) fn personal_key(&self) -> Option<String> {
        self.email_name().or_else(|| self.personal_names().next()).map(|name| name.as_str().to_owned())
    }

    /// Returns under which name the customer's experiences are counted: the same for all orders of one person, as far as we know, and from
    /// then on for all notices of the order, whatever else becomes known.
    #[must_use]
    pub fn customer_key(&self) -> String {
        let known = self.counted_as.clone().or_else(|| self.personal_key());
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
}

/// Returns the name by which the thread of whoever `subject` is may be found; a thread needs none.
#[must_use]
pub fn name_of(subject: &Subject) -> Option<DedupeKey> {
    match subject {
        Subject::Conversation { .. } => None,
        Subject::Email { page, email } => Some(customer_name(page, "email", email.as_str())),
        Subject::Customer { page, customer } => Some(customer_name(page, "customer", customer)),
    }
}

/// Digests a customer's name of `kind` (`order`, `email`, `phone`, `customer`, `reference`), as it leads to their thread on a Page.
#[must_use]
pub fn customer_name(page: &PageId, kind: &str, value: &str) -> DedupeKey {
    DedupeKey::of_content(&["customer", page.as_str(), kind, value])
}

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
