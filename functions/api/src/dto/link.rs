//! Links as JSON.

use std::time::Duration;

use domain::consent::{LONGEST_WORDS, WordsId};
use domain::email::EmailHash;
use domain::id::PageId;
use domain::link::LinkTarget;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Failure;

/// How many days a link is good when nothing is said, and at most.
const DAYS: u32 = 30;
const MOST_DAYS: u32 = 180;

/// An hour: links expire with a full one, so that the same request is the same link for so long.
const HOUR_MS: i64 = 3_600_000;

/// Whom and what a link is about: at least one of `order_number`, `email` and `customer_id`. An order alone ties that order and no other: its
/// link may be passed on. With `email` or `customer_id`, whoever taps it has all orders of that customer, those to come as well.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequestDto {
    /// May be left out while there is one Page only.
    pub(crate) page_id: Option<String>,
    /// The number that the customer knows.
    #[schema(example = "1001")]
    order_number: Option<String>,
    /// The customer's address. The link carries a digest of it, sealed.
    email: Option<String>,
    /// The shop's own id of the customer, as its backend tells it with an order; of a customer of whom webhooks tell, with their shop before
    /// it: `shopify/lamp.myshopify.com/207119551`.
    customer_id: Option<String>,
    /// 1 to 180; 30 when absent.
    expires_in_days: Option<u32>,
    /// What stands beside the link and says that who taps it agrees to news of their orders. Without it a tap is no consent.
    pub(crate) consent_words: Option<String>,
}

/// A link that opens Messenger and ties the conversation to its target.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkDto {
    #[schema(example = "https://m.me/108234567890123?ref=sb1-…")]
    pub(crate) url: String,
    /// What Meta hands back when the link is tapped.
    pub(crate) reference: String,
    pub(crate) expires_at: String,
}

impl LinkRequestDto {
    pub(crate) fn expires_at(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        let days = self.expires_in_days.unwrap_or(DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Failure::invalid("#/expires_in_days", format!("must be from 1 to {MOST_DAYS}")));
        }
        let end = now.plus(Duration::from_hours(24 * u64::from(days)));
        Ok(Timestamp::from_millis(end.as_millis() / HOUR_MS * HOUR_MS))
    }

    pub(crate) fn target(&self, page: PageId) -> Result<LinkTarget, Failure> {
        let email = match self.email.as_deref() {
            None => None,
            Some(email) => Some(EmailHash::of(email).ok_or_else(|| Failure::invalid("#/email", "is not an e-mail address"))?),
        };
        let order = self.order_number.as_deref().map(|number| number.trim().trim_start_matches('#').to_owned());
        let customer_id = self.customer_id.as_deref().map(|id| id.trim().to_owned());
        Ok(LinkTarget { page, order, email, customer_id, consent: self.words()?.map(WordsId::of) })
    }

    /// Reads the words that the customer agrees to.
    pub(crate) fn words(&self) -> Result<Option<&str>, Failure> {
        match self.consent_words.as_deref().map(str::trim) {
            None => Ok(None),
            Some(words) if (1..=LONGEST_WORDS).contains(&words.chars().count()) => Ok(Some(words)),
            Some(_) => Err(Failure::invalid("#/consent_words", format!("must have 1 to {LONGEST_WORDS} characters"))),
        }
    }
}
