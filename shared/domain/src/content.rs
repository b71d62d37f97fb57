//! What a message shows beside plain text, and the form that each way out of the shop gives to the same news.

use serde::{Deserialize, Serialize};

use crate::id::DedupeKey;
use crate::order::{Address, Adjustment, OrderLine, Totals};
use crate::time::Timestamp;

/// The same news in the forms in which it may leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forms {
    /// Inside the messaging window.
    pub inside: Content,
    /// Outside it, where an approved utility template says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<UtilityMessage>,
}

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        text: String,
    },
    /// A text with one to three buttons that open pages. The text is at most 640 UTF-16 units.
    Buttons {
        text: String,
        buttons: Vec<LinkButton>,
    },
    Receipt(Box<Receipt>),
}

/// A button that opens a page of the shop's or the carrier's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkButton {
    /// At most 20 UTF-16 units.
    pub title: String,
    pub url: String,
}

/// Meta's receipt template, in our types.
///
/// Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/receipt>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub recipient_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_name: Option<String>,
    /// Unique at Meta: a corrected receipt has another one, `20418-2`.
    pub order_number: String,
    pub payment_method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_url: Option<String>,
    pub placed_at: Timestamp,
    /// At most 100.
    pub lines: Vec<OrderLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    pub totals: Totals,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
}

impl Receipt {
    /// Digests what is worth a correction when it is otherwise: the goods and the sums.
    #[must_use]
    pub fn digest(&self) -> String {
        let shown = (&self.totals, &self.lines, &self.adjustments);
        // Plain types of ours: writing them does not fail.
        DedupeKey::of_content(&[&serde_json::to_string(&shown).unwrap_or_default()]).as_str().to_owned()
    }
}

/// A utility template with its blanks filled in: what may leave at any time once Meta approved it.
///
/// Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtilityMessage {
    /// The template's name on the Page.
    pub template: String,
    /// The language in which it was approved.
    pub language: String,
    /// The named blanks of the body, filled, in the order of the template. Cleaned of what Meta refuses.
    pub parameters: Vec<(String, String)>,
    /// What completes the address of the template's button, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_suffix: Option<String>,
}
