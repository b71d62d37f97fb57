//! The receipt of an order: what it lacks, and what it shows.

use super::Order;
use crate::content::Receipt;
use crate::id::DedupeKey;
use crate::notice::NoticeId;
use crate::order::Adjustment;

/// The most goods that Meta's receipt shows.
const MOST_LINES: usize = 100;

impl Order {
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
}

pub(super) fn receipt_event(number: usize) -> String {
    if number == 1 { String::from("receipt") } else { format!("receipt-{number}") }
}
