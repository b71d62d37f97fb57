//! Consents as JSON.

use std::time::Duration;

use domain::consent::{Channel, Entry, LONGEST_WORDS, Origin, Purpose, Standing, Subject, standing};
use domain::email::EmailHash;
use domain::id::{ConversationId, PageId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::moment;
use crate::problem::Failure;

/// The most bytes of the shop's id of a customer, and of the number of an order.
const LONGEST_NAME: usize = 64;

/// How far ahead of ours the clock of a caller may be.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// What a customer agreed to or refused, as a checkout passes it along; of exactly one of `conversation_id`, `email` and `customer_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentRequestDto {
    /// May be left out while there is one Page only, and with `conversation_id`.
    page_id: Option<String>,
    conversation_id: Option<String>,
    /// The customer's address, of which a digest is kept.
    email: Option<String>,
    /// The shop's own id of the customer.
    customer_id: Option<String>,
    /// By which channel the news may come: `messenger` or `email`; `messenger` when absent.
    channel: Option<String>,
    given: bool,
    /// What the customer saw when they agreed; must be there when consent is given.
    words: Option<String>,
    /// `checkout`: a box, ticked or not; `api`: the customer said so otherwise. `checkout` when absent.
    origin: Option<String>,
    /// In which event: the number of the order, for instance.
    event: Option<String>,
    /// When; now when absent. The same consent of the same moment is noted once.
    at: Option<String>,
}

/// An entry of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentDto {
    #[schema(example = "cns_01KAJ1X5T7N2B0C8H6J4ZKQ8V9")]
    id: String,
    at: String,
    /// `order_updates`.
    purpose: &'static str,
    /// `messenger` or `email`.
    channel: &'static str,
    /// Whether it was given; else it was refused or withdrawn.
    given: bool,
    words: String,
    /// `checkout`, `api`, `link_tap`, `customer_message`, `opt_in_event` or `erasure`.
    origin: &'static str,
    event: String,
}

/// A page of a ledger, oldest first, with what is true now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerDto {
    standing: StandingDto,
    data: Vec<ConsentDto>,
    /// Where the next page starts; `null` at the end.
    next_cursor: Option<String>,
}

/// What is true of each channel now: `given`, `not_asked` or `withdrawn`.
#[derive(Debug, Serialize, ToSchema)]
struct StandingDto {
    messenger: &'static str,
    email: &'static str,
}

impl From<Entry> for ConsentDto {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id().to_string(),
            at: entry.at.to_rfc3339(),
            purpose: entry.purpose.as_str(),
            channel: entry.channel.as_str(),
            given: entry.given,
            words: entry.words,
            origin: entry.origin.as_str(),
            event: entry.event,
        }
    }
}

impl LedgerDto {
    pub(crate) fn of(entries: &[Entry], data: Vec<ConsentDto>, next_cursor: Option<String>) -> Self {
        let of_channel = |channel| Standing::as_str(standing(entries, channel));
        Self { standing: StandingDto { messenger: of_channel(Channel::Messenger), email: of_channel(Channel::Email) }, data, next_cursor }
    }
}

/// Whose consent a caller means, before the Page is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Conversation(&'a str),
    Email(&'a str),
    Customer(&'a str),
}

impl<'a> Named<'a> {
    /// Takes the one that is given.
    pub(crate) fn one_of(conversation: Option<&'a str>, email: Option<&'a str>, customer: Option<&'a str>) -> Option<Self> {
        match (conversation, email, customer) {
            (Some(conversation), None, None) => Some(Self::Conversation(conversation)),
            (None, Some(email), None) => Some(Self::Email(email)),
            (None, None, Some(customer)) => Some(Self::Customer(customer)),
            (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => None,
        }
    }

    /// Reads an address or a customer of a Page. `prefix` is what stands before the names of fields: `#/` in a body.
    pub(crate) fn on(self, page: PageId, prefix: &str) -> Result<Subject, Failure> {
        match self {
            Self::Conversation(id) => {
                Ok(Subject::Conversation { conversation: ConversationId::parse(id).ok_or(Failure::NotFound("conversation"))? })
            }
            Self::Email(address) => {
                let invalid = || Failure::invalid(format!("{prefix}email"), "is not an e-mail address");
                Ok(Subject::Email { page, email: EmailHash::of(address).ok_or_else(invalid)? })
            }
            Self::Customer(id) if (1..=LONGEST_NAME).contains(&id.trim().len()) => {
                Ok(Subject::Customer { page, customer: id.trim().to_owned() })
            }
            Self::Customer(_) => Err(Failure::invalid(format!("{prefix}customer_id"), format!("must have 1 to {LONGEST_NAME} bytes"))),
        }
    }
}

impl ConsentRequestDto {
    pub(crate) fn page_id(&self) -> Option<&str> {
        self.page_id.as_deref()
    }

    pub(crate) fn named(&self) -> Result<Named<'_>, Failure> {
        Named::one_of(self.conversation_id.as_deref(), self.email.as_deref(), self.customer_id.as_deref())
            .ok_or_else(|| Failure::invalid("#", "must have one of conversation_id, email and customer_id"))
    }

    pub(crate) fn entry(&self, subject: Subject, now: Timestamp) -> Result<Entry, Failure> {
        Ok(Entry {
            subject,
            at: self.at(now)?,
            purpose: Purpose::OrderUpdates,
            channel: self.channel()?,
            given: self.given,
            words: self.words()?,
            origin: self.origin()?,
            event: self.event()?,
        })
    }

    fn at(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        let Some(at) = moment("#/at", self.at.as_deref())? else { return Ok(now) };
        if at > now.plus(CLOCK_SKEW) { Err(Failure::invalid("#/at", "must not be in the future")) } else { Ok(at) }
    }

    fn channel(&self) -> Result<Channel, Failure> {
        let Some(text) = self.channel.as_deref() else { return Ok(Channel::Messenger) };
        Channel::parse(text).ok_or_else(|| Failure::invalid("#/channel", "must be 'messenger' or 'email'"))
    }

    fn origin(&self) -> Result<Origin, Failure> {
        match self.origin.as_deref() {
            None | Some("checkout") => Ok(Origin::Checkout),
            Some("api") => Ok(Origin::Api),
            Some(_) => Err(Failure::invalid("#/origin", "must be 'checkout' or 'api'")),
        }
    }

    fn words(&self) -> Result<String, Failure> {
        let words = self.words.as_deref().unwrap_or_default().trim();
        let least = usize::from(self.given);
        if (least..=LONGEST_WORDS).contains(&words.chars().count()) {
            Ok(words.to_owned())
        } else {
            Err(Failure::invalid("#/words", format!("must be what the customer saw, in at most {LONGEST_WORDS} characters")))
        }
    }

    fn event(&self) -> Result<String, Failure> {
        let event = self.event.as_deref().unwrap_or_default().trim();
        if event.len() > LONGEST_NAME {
            return Err(Failure::invalid("#/event", format!("must have at most {LONGEST_NAME} bytes")));
        }
        Ok(event.to_owned())
    }
}
