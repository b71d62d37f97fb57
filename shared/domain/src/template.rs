//! The words of notices: the catalogue of utility templates, what a Page has of it, and how the blanks are filled.
//!
//! What is sent inside the window comes from the same catalogue, so that inside and outside read alike.
//! Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>

pub mod catalogue;

use std::future::Future;

use serde::{Deserialize, Serialize};

use self::catalogue::{LeadsTo, Piece, Wording};
use crate::content::UtilityMessage;
use crate::id::PageId;
use crate::inbound::{EventKind, InboundEvent};
use crate::money::Money;
use crate::notice::NoticeKind;
use crate::ports::StoreError;
use crate::text;
use crate::time::Timestamp;

/// The longest value of a blank, in UTF-16 units: a name or a number, never a story.
const LONGEST_VALUE: usize = 60;

/// The longest completion of an address, in bytes.
const LONGEST_SUFFIX: usize = 200;

/// The most bytes of a name and of a language; with the Page's they make a key.
const LONGEST_NAME: usize = 512;
const LONGEST_LANGUAGE: usize = 32;

/// Where Meta's review of a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    /// Approved once, and not to be sent for now: paused, flagged, disabled.
    Paused,
    Deleted,
    /// A word of Meta's that we do not know.
    Unknown,
}

impl TemplateStatus {
    /// Reads Meta's word. Which words there are for Pages is not documented; these are `WhatsApp`'s (unconfirmed).
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "APPROVED" | "REINSTATED" => Self::Approved,
            "PENDING" | "IN_APPEAL" | "IN_REVIEW" => Self::Pending,
            "REJECTED" => Self::Rejected,
            "PAUSED" | "FLAGGED" | "DISABLED" | "LIMIT_EXCEEDED" => Self::Paused,
            "DELETED" | "PENDING_DELETION" => Self::Deleted,
            _ => Self::Unknown,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        }
    }
}

/// A utility template on a Page, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageTemplate {
    pub page: PageId,
    pub name: String,
    pub language: String,
    pub status: TemplateStatus,
    /// Meta's word for why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether a button of it has an address to be completed; absent when only its status was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_button: Option<bool>,
    /// When the status was told.
    pub at: Timestamp,
}

impl PageTemplate {
    /// Tells whether name and language are such as a template can have.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let within = |value: &str, most| !value.is_empty() && value.len() <= most;
        within(&self.name, LONGEST_NAME)
            && within(&self.language, LONGEST_LANGUAGE)
            && self.page.as_str().len() < LONGEST_NAME - LONGEST_LANGUAGE
    }
}

/// What is known of the templates of Pages.
pub trait Templates: Sync {
    /// Lists what is known of a Page's templates, by name and language.
    fn templates(&self, page: &PageId) -> impl Future<Output = Result<Vec<PageTemplate>, StoreError>> + Send;

    /// Writes what was told of a template, unless something later is known. Tells whether it was written. What it does not tell of the
    /// button stays as it was.
    fn put_template(&self, template: &PageTemplate) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Notes the status that an event tells; other events tell none.
pub async fn note(templates: &impl Templates, event: &InboundEvent) -> Result<(), StoreError> {
    let EventKind::TemplateStatus { name: Some(name), language: Some(language), status, reason } = &event.kind else { return Ok(()) };
    let template = PageTemplate {
        page: event.page.clone(),
        name: name.clone(),
        language: language.clone(),
        status: TemplateStatus::parse(status),
        reason: reason.as_deref().map(|reason| text::shortened(reason, LONGEST_NAME)),
        has_button: None,
        at: event.occurred_at,
    };
    if template.is_bounded() {
        templates.put_template(&template).await?;
    }
    Ok(())
}

/// Why a Page has no template to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTemplate {
    #[error("The Page has no utility template for this notice: `make templates` creates it.")]
    Missing,
    #[error("Meta has not approved the utility template {name} ({language}) yet.")]
    Pending { name: String, language: String },
    #[error("Meta rejected the utility template {name} ({language}): {reason}.")]
    Rejected { name: String, language: String, reason: String },
    #[error("The utility template {name} ({language}) is not to be sent now: Meta says {status}.")]
    NotNow { name: String, language: String, status: &'static str },
}

/// Picks the template of a notice: in the customer's language, in its base language, else in English. When none is approved, it says why of
/// the one that would suit best.
pub fn choose<'a>(templates: &'a [PageTemplate], kind: NoticeKind, locale: Option<&str>) -> Result<&'a PageTemplate, NoTemplate> {
    let name = catalogue::language(None).and_then(|english| english.templates.get(&kind)).map(|wording| wording.name.as_str());
    let own = locale.map(|locale| locale.trim().replace('-', "_"));
    let wanted = [own, locale.map(catalogue::base), Some(catalogue::FALLBACK.to_owned())];
    let suiting: Vec<&PageTemplate> = wanted
        .iter()
        .flatten()
        .filter_map(|language| {
            templates.iter().find(|it| Some(it.name.as_str()) == name && it.language.replace('-', "_").eq_ignore_ascii_case(language))
        })
        .collect();
    let approved = suiting.iter().find(|template| template.status == TemplateStatus::Approved);
    approved.copied().ok_or_else(|| suiting.first().map_or(NoTemplate::Missing, |template| why_not(template)))
}

fn why_not(template: &PageTemplate) -> NoTemplate {
    let (name, language) = (template.name.clone(), template.language.clone());
    match template.status {
        TemplateStatus::Pending => NoTemplate::Pending { name, language },
        TemplateStatus::Rejected => {
            let reason = template.reason.clone().unwrap_or_else(|| String::from("no reason given"));
            NoTemplate::Rejected { name, language, reason }
        }
        TemplateStatus::Deleted => NoTemplate::Missing,
        TemplateStatus::Approved | TemplateStatus::Paused | TemplateStatus::Unknown => {
            NoTemplate::NotNow { name, language, status: template.status.as_str() }
        }
    }
}

/// What the blanks of a notice are filled with. What is missing is said in neutral words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Without a leading `#`: the templates have it.
    pub order_number: String,
    pub customer_name: Option<String>,
    pub shop_name: Option<String>,
    /// The sum of the order.
    pub total: Option<Money>,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    /// A day, as the customer reads it.
    pub expected_on: Option<String>,
    /// The money that went back.
    pub amount: Option<Money>,
}

impl Values {
    fn of(&self, blank: &str) -> Option<String> {
        match blank {
            "order_number" => Some(self.order_number.trim().trim_start_matches('#').to_owned()),
            "customer_name" => self.customer_name.clone(),
            "shop_name" => self.shop_name.clone(),
            "total" => self.total.map(|total| total.to_string()),
            "carrier" => self.carrier.clone(),
            "tracking_number" => self.tracking_number.clone(),
            "expected_on" => self.expected_on.clone(),
            "amount" => self.amount.map(|amount| amount.to_string()),
            _ => None,
        }
    }
}

/// A template cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    #[error("the template {0} is none of the catalogue")]
    NotOurs(String),
    #[error("the order has no number")]
    NoOrderNumber,
    #[error("the template's blank {0:?} has neither a value nor neutral words")]
    UnknownBlank(String),
}

/// Fills the blanks of a Page's template, with nothing in them that Meta refuses.
pub fn fill(template: &PageTemplate, values: &Values) -> Result<UtilityMessage, FillError> {
    let not_ours = || FillError::NotOurs(template.name.clone());
    let kind = catalogue::kind_of(&template.name).ok_or_else(not_ours)?;
    let language = catalogue::language(Some(&template.language)).ok_or_else(not_ours)?;
    let wording = language.templates.get(&kind).ok_or_else(not_ours)?;
    if cleaned(&values.of("order_number").unwrap_or_default()).is_empty() {
        return Err(FillError::NoOrderNumber);
    }
    let parameter = |blank: &str| {
        let value = values.of(blank).map(|value| cleaned(&value)).filter(|value| !value.is_empty());
        let value = value.or_else(|| language.neutral.get(blank).cloned());
        value.map(|value| (blank.to_owned(), value)).ok_or_else(|| FillError::UnknownBlank(blank.to_owned()))
    };
    Ok(UtilityMessage {
        template: template.name.clone(),
        language: template.language.clone(),
        parameters: wording.blanks().into_iter().map(parameter).collect::<Result<_, _>>()?,
        url_suffix: (template.has_button == Some(true)).then(|| suffix(wording.leads_to, values)),
    })
}

/// Returns what completes a button's address: the parcel's number where it leads to the parcel and one is known, else the order's. That Meta
/// takes `%` there is unconfirmed, and only odd numbers need it.
fn suffix(leads_to: LeadsTo, values: &Values) -> String {
    let order = values.of("order_number").unwrap_or_default();
    let parcel = values.tracking_number.as_deref().map(str::trim).filter(|number| !number.is_empty());
    let number = match leads_to {
        LeadsTo::Order => order.as_str(),
        LeadsTo::Parcel => parcel.unwrap_or(&order),
    };
    text::prefix(number, LONGEST_SUFFIX).bytes().map(escaped).collect()
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// Writes the text of a notice, for inside the window and for the inbox.
#[must_use]
pub fn text_of(kind: NoticeKind, locale: Option<&str>, values: &Values) -> String {
    let Some((language, wording)) = catalogue::language(locale).and_then(|it| Some((it, it.templates.get(&kind)?))) else {
        return String::new();
    };
    let value = |blank: &str| {
        let value = values.of(blank).map(|value| tidied(&value)).filter(|value| !value.is_empty());
        value.or_else(|| language.neutral.get(blank).cloned()).unwrap_or_default()
    };
    let said = |piece| match piece {
        Piece::Fixed(text) => text.to_owned(),
        Piece::Blank(blank) => value(blank),
    };
    wording.pieces().into_iter().map(said).collect()
}

/// Returns the title of a notice's button, and what the page behind it shows.
#[must_use]
pub fn button_of(kind: NoticeKind, locale: Option<&str>) -> Option<(&'static str, LeadsTo)> {
    wording(kind, locale).map(|wording| (wording.button.as_str(), wording.leads_to))
}

/// Finds the words of a notice in the language of a locale.
#[must_use]
pub fn wording(kind: NoticeKind, locale: Option<&str>) -> Option<&'static Wording> {
    catalogue::language(locale)?.templates.get(&kind)
}

/// One line without doubled spaces, of bounded length.
fn tidied(value: &str) -> String {
    let words: Vec<&str> =
        value.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()).collect();
    text::shortened(&words.join(" "), LONGEST_VALUE)
}

/// The same without what Meta refuses in a parameter: error 100/1893043.
fn cleaned(value: &str) -> String {
    let kept: String = value.chars().filter(|letter| !is_refused(*letter)).collect();
    tidied(&kept)
}

/// `#`, `$`, `%` and emoji. Which code points count as emoji is not documented (unconfirmed), so that every block goes that has some.
fn is_refused(letter: char) -> bool {
    matches!(
        letter,
        '#' | '$' | '%' | '{' | '}' | '©' | '®' | '\u{200D}' | '\u{203C}' | '\u{2049}' | '\u{20E3}' | '\u{2122}' | '\u{2139}'
            | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{24C2}' | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
            | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{1F000}'..='\u{1FAFF}' | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
