//! By which way a notice leaves now: one pure function over all that decides it, [`way_out`].
//!
//! | | the window is open | it is not |
//! | --- | --- | --- |
//! | told inside it | the receipt template, or a text with buttons | – |
//! | the customer asked for notices, and Meta approved a template | – | the utility template |
//! | else, with an address and consent to mail | – | e-mail |
//! | else | – | waits for the window |
//!
//! A customer whose thread is not known waits for a link. One who said STOP hears nothing, by any way; one who left the box at the checkout
//! empty hears nothing in Messenger.
//! Sources: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>,
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/utility-messages>

use serde::{Deserialize, Serialize};

use crate::notice::NoticeKind;
use crate::time::Timestamp;

/// What a notice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    /// Meta's receipt template, inside the window.
    ReceiptTemplate,
    /// A text with buttons, inside the window.
    TextWithButtons,
    /// An approved utility template, outside it.
    UtilityTemplate,
    Email,
    WaitForLink,
    WaitForWindow,
    /// The customer is in the hold-out.
    HoldOut,
    /// It is not told any more.
    Drop,
    /// Every way was refused.
    GiveUp,
}

/// What was decided about a notice, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub at: Timestamp,
    pub way: WayOut,
    /// In plain words.
    pub reason: String,
}

/// Everything that decides the way of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    pub kind: NoticeKind,
    /// Why it is not worth telling, when it is not.
    pub not_worth: Option<String>,
    pub window: Window,
    pub consent: Consent,
    pub template: Template,
    pub address: Address,
    pub is_held_out: bool,
    /// The ways that were refused before.
    pub refused: Vec<WayOut>,
}

/// The customer's messaging window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Nobody knows whose thread it belongs into.
    UnknownCustomer,
    Open,
    Closed,
    /// The customer is known and never wrote.
    NeverOpened,
}

/// What the customer said of notices in the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    Given,
    NotAsked,
    /// They left the box at the checkout empty.
    Declined,
    /// They said STOP, or its like.
    Stopped,
}

/// The utility template for a notice, in the customer's language or in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    Approved,
    /// Meta has not decided yet.
    Pending,
    /// Meta rejected, paused or disabled it.
    Rejected,
    Missing,
}

/// The customer's e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// The address and the consent are there, and a mail server is set.
    Usable,
    NoConsent,
    NoAddress,
    /// This deployment sends no e-mail.
    NoMailServer,
}

/// Decides the way and says why.
#[must_use]
pub fn way_out(situation: &Situation) -> (WayOut, String) {
    if situation.is_held_out {
        return (WayOut::HoldOut, "The customer is in the rollout's hold-out.".into());
    }
    if situation.consent == Consent::Stopped {
        return (WayOut::Drop, "The customer asked for no notices.".into());
    }
    if let Some(why) = &situation.not_worth {
        return (WayOut::Drop, format!("It is not worth telling any more: {why}."));
    }
    let refused = |way| situation.refused.contains(&way);
    if situation.consent == Consent::Declined {
        return match situation.address {
            Address::Usable if !refused(WayOut::Email) => {
                (WayOut::Email, "The customer wants no notices in Messenger, and agreed to e-mail.".into())
            }
            Address::Usable | Address::NoConsent | Address::NoAddress | Address::NoMailServer => {
                (WayOut::Drop, format!("The customer wants no notices in Messenger. {}", address_in_words(situation)))
            }
        };
    }
    let inside = if situation.kind == NoticeKind::Receipt && !refused(WayOut::ReceiptTemplate) {
        WayOut::ReceiptTemplate
    } else {
        WayOut::TextWithButtons
    };
    if situation.window == Window::UnknownCustomer {
        return (
            WayOut::WaitForLink,
            "Nobody knows the customer's thread yet: it goes out when they tap a link, or are recognised.".into(),
        );
    }
    if situation.window == Window::Open && !refused(inside) {
        return (inside, "The messaging window is open.".into());
    }
    let closed = outside_in_words(situation);
    match (situation.consent, situation.template) {
        (Consent::Given, Template::Approved) if situation.window != Window::Open && !refused(WayOut::UtilityTemplate) => {
            return (WayOut::UtilityTemplate, format!("{closed} The customer asked for notices, and Meta approved the template."));
        }
        (Consent::Given | Consent::NotAsked | Consent::Declined | Consent::Stopped, _) => {}
    }
    let why_no_template = template_in_words(situation);
    if situation.address == Address::Usable && !refused(WayOut::Email) {
        return (WayOut::Email, format!("{closed} {why_no_template} The customer agreed to e-mail."));
    }
    let why_no_mail = address_in_words(situation);
    if situation.window == Window::Open {
        return (WayOut::GiveUp, format!("{closed} {why_no_mail}"));
    }
    (WayOut::WaitForWindow, format!("{closed} {why_no_template} {why_no_mail} It goes out when the customer writes."))
}

const fn outside_in_words(situation: &Situation) -> &'static str {
    match situation.window {
        Window::Closed => "The messaging window is closed.",
        Window::NeverOpened => "The customer has not written to this Page yet.",
        Window::Open => "Meta refused it inside the messaging window.",
        Window::UnknownCustomer => "Nobody knows the customer's thread yet.",
    }
}

fn template_in_words(situation: &Situation) -> &'static str {
    match (situation.template, situation.consent) {
        _ if situation.window == Window::Open => "A utility template would be refused as well.",
        _ if situation.refused.contains(&WayOut::UtilityTemplate) => "Meta refused the utility template.",
        (Template::Approved, Consent::NotAsked | Consent::Declined | Consent::Stopped) => {
            "The customer has not asked for notices outside it."
        }
        (Template::Approved, Consent::Given) => "The utility template was not used.",
        (Template::Pending, _) => "Meta has not approved the utility template yet.",
        (Template::Rejected, _) => "Meta does not let the utility template go.",
        (Template::Missing, _) => "The Page has no utility template for it; `make templates` creates them.",
    }
}

fn address_in_words(situation: &Situation) -> &'static str {
    match situation.address {
        Address::Usable => "E-mail was refused.",
        Address::NoConsent => "The customer has not agreed to e-mail.",
        Address::NoAddress => "No e-mail address is known.",
        Address::NoMailServer => "No mail server is set.",
    }
}

#[cfg(test)]
#[path = "way_out_tests.rs"]
mod tests;
