//! What a checkout passes along for us: whose thread it is, and whether they want to be written to.

use domain::id::UserId;
use domain::order::{Buyer, PassedConsent};

use crate::words;

/// The most bytes of a reference of one of our links.
const LONGEST_REFERENCE: usize = 500;

/// What one of our links' references begins with.
const OUR_REFERENCE: &str = "sb1-";

/// Adds to a buyer what stands under our keys. What they say already stays.
pub(crate) fn along(buyer: &mut Buyer, value: impl Fn(&str) -> Option<String>) {
    let ours = |key| value(key).filter(|text| is_reference(text.trim())).and_then(|text| reference(&text));
    let reference = || ["shopbell_ref", "ref"].into_iter().find_map(ours);
    let user = || ["messenger_psid", "messenger_user_id", "psid"].into_iter().find_map(|key| value(key).and_then(|text| user(&text)));
    buyer.reference = buyer.reference.take().or_else(reference);
    buyer.user = buyer.user.take().or_else(user);
    buyer.consent = buyer.consent.take().or_else(|| consent(&value));
}

/// Tells whether a text is a reference of one of our links rather than a number of the shop's.
pub(crate) fn is_reference(text: &str) -> bool {
    text.starts_with(OUR_REFERENCE)
}

/// A reference, in the alphabet of `m.me` links. Whether it is ours and whole is for others to judge.
/// Source: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/discovery/m-me-links>
pub(crate) fn reference(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
    (is_plain && !text.is_empty() && text.len() <= LONGEST_REFERENCE).then(|| text.to_owned())
}

fn user(text: &str) -> Option<UserId> {
    let text = text.trim();
    let is_id = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| UserId::new(text)).flatten()
}

/// An answer to the question beside the box; nothing when nobody gave one.
fn consent(value: impl Fn(&str) -> Option<String>) -> Option<PassedConsent> {
    let answer = |key| match value(key)?.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    };
    let (messenger, email) = (answer("shopbell_consent"), answer("shopbell_consent_email"));
    let words = value("shopbell_consent_words").and_then(|text| words::clean(&text, words::TEXT));
    (messenger.is_some() || email.is_some()).then_some(PassedConsent { messenger, email, words })
}
