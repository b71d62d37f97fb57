//! The receipt of an order: what it lacks, and what it shows.

use super::Order;
use crate::content::Receipt;
use crate::notice::{Notice, NoticeId, NoticeKind};
use crate::order::Adjustment;
use crate::shop::Source;

/// The most goods that Meta's receipt shows.
const MOST_LINES: usize = 100;

impl Order {
    /// Returns the ids of the receipts that it has made until now, in their order.
    #[must_use]
    pub fn receipts(&self) -> Vec<NoticeId> {
        let ids = (1..=self.notices.len()).map(|number| NoticeId::of(&self.id, &receipt_event(number)));
        ids.take_while(|id| self.notices.contains(id)).collect()
    }

    /// Returns what is to be told before `notice`: the receipts, also where a parcel was told of before its order, then what came before it.
    #[must_use]
    pub fn before(&self, notice: &Notice) -> Vec<NoticeId> {
        let mut earlier = self.receipts();
        if notice.kind == NoticeKind::Receipt {
            return earlier.into_iter().take_while(|id| *id != notice.id).collect();
        }
        let others: Vec<NoticeId> =
            self.notices.iter().take_while(|id| **id != notice.id).filter(|id| !earlier.contains(id)).cloned().collect();
        earlier.extend(others);
        earlier
    }

    /// Names what a receipt still lacks. Meta wants a recipient, a way of payment, a currency and a total.
    #[must_use]
    pub fn missing_for_receipt(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.facts.totals.is_none() {
            missing.push("the total");
        }
        if self.source == Source::Stripe && self.facts.totals.is_some() && !self.facts.is_whole() {
            // A payment is told apart from its checkout, which says what was bought.
            missing.push("the goods");
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

    /// Digests what a receipt would show now, see [`Receipt::digest`]; empty while something is missing.
    #[must_use]
    pub fn receipt_digest(&self) -> String {
        self.receipt(1).map(|receipt| receipt.digest()).unwrap_or_default()
    }
}

pub(super) fn receipt_event(number: usize) -> String {
    if number == 1 { String::from("receipt") } else { format!("receipt-{number}") }
}
