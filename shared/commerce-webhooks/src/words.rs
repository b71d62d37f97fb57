//! Texts from outside, made fit to be kept: bounded, without control characters, and nothing where they are not what they should be.

use domain::order::Address;
use domain::time::Timestamp;

/// The most characters of a name or a title.
pub(crate) const NAME: usize = 200;

/// The most characters of any other text.
pub(crate) const TEXT: usize = 1000;

/// The most bytes of an id.
const LONGEST_ID: usize = 255;

/// The most bytes of an address on the web; browsers and Messenger's buttons take about as many.
const LONGEST_URL: usize = 2000;

/// The most bytes of an e-mail address.
/// Source: <https://www.rfc-editor.org/errata/eid1690>
const LONGEST_EMAIL: usize = 254;

/// Takes the control characters and the white space around it off a text, and cuts it; nothing when nothing is left.
pub(crate) fn clean(text: &str, longest: usize) -> Option<String> {
    let spaced = text.chars().map(|character| if character.is_whitespace() { ' ' } else { character });
    let visible: String = spaced.filter(|character| !character.is_control()).collect();
    let cut: String = visible.trim().chars().take(longest).collect();
    Some(cut.trim_end().to_owned()).filter(|text| !text.is_empty())
}

/// Joins what is there of a name.
pub(crate) fn joined(parts: [Option<String>; 2]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    clean(&parts.join(" "), NAME)
}

/// Returns an id; zero and blank are none.
pub(crate) fn id(text: &str) -> Option<String> {
    let text = text.trim();
    let is_id = !text.is_empty() && text != "0" && text.len() <= LONGEST_ID && !text.contains(char::is_control);
    is_id.then(|| text.to_owned())
}

/// Returns the number of an order as its customer knows it, without the `#` before it.
pub(crate) fn number(text: &str) -> Option<String> {
    clean(text, NAME).and_then(|text| id(text.trim_start_matches('#')))
}

/// Returns the number of an order that people wrote: `1001` of `Order #1001`, `order No. 1001` and `# 1001`. Where it is not plain which part
/// of it is the number, the whole is.
pub(crate) fn written_number(text: &str) -> Option<String> {
    let whole = number(text)?;
    let is_apart = |rest: &&str| rest.starts_with(|next: char| next == '#' || next.is_whitespace());
    let named = without(&whole, "order").filter(is_apart).unwrap_or(&whole).trim_start();
    let bare = without(named, "no.").unwrap_or(named).trim_start().trim_start_matches('#').trim_start();
    let is_number = bare.contains(|character: char| character.is_ascii_digit()) && !bare.contains(char::is_whitespace);
    if is_number { id(bare) } else { Some(whole) }
}

/// Returns what comes after a word, in whichever case; nothing where the text begins otherwise.
fn without<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

/// Returns an address that a customer may be sent to: `https`, with a host, and not too long.
pub(crate) fn url(text: &str) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let has_host = rest.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'[');
    let is_plain = !text.contains(|character: char| character.is_whitespace() || character.is_control());
    let is_ours = scheme.eq_ignore_ascii_case("https") && has_host && is_plain && text.len() <= LONGEST_URL;
    is_ours.then(|| format!("https://{rest}"))
}

/// Returns the host of an address on the web, in lower case.
pub(crate) fn host(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    id(&host.to_ascii_lowercase())
}

pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (user, host) = text.split_once('@')?;
    let is_plain = !text.contains(|character: char| character.is_whitespace() || character.is_control());
    let is_whole = !user.is_empty() && !host.is_empty() && !host.contains('@') && text.len() <= LONGEST_EMAIL;
    (is_plain && is_whole).then(|| text.to_owned())
}

/// Returns a language as BCP 47 writes it, more or less: `de`, `pt-BR`, `en_US`.
pub(crate) fn locale(text: &str) -> Option<String> {
    let is_locale = (2..=35).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_locale && text != "auto").then(|| text.to_owned())
}

pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::from_rfc3339(text).or_else(|| Timestamp::from_rfc3339(&format!("{text}Z")))
}

/// Returns the day of a date or a moment: `2026-11-24` of `2026-11-24T18:00:00-05:00`, which is the day where the parcel arrives.
pub(crate) fn day(text: &str) -> Option<String> {
    let day: String = text.trim().chars().take(10).collect();
    moment(&format!("{day}T00:00:00Z")).map(|_| day)
}

/// Makes a name of the word by which a machine knows something: `shopify_payments` is Shopify Payments.
pub(crate) fn spelled_out(text: &str) -> Option<String> {
    let words = text.split(['_', ' ']).filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    clean(&words.collect::<Vec<_>>().join(" "), NAME)
}

/// An address whose parts are still to be judged.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) street_1: Option<String>,
    pub(crate) street_2: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) country: Option<String>,
}

impl Parts {
    /// Makes an address where street, city and country are known. Many countries have no states, some have no postal codes: those are empty.
    pub(crate) fn address(self) -> Option<Address> {
        let country = self.country.filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
        Some(Address {
            street_1: self.street_1?,
            street_2: self.street_2,
            city: self.city?,
            postal_code: self.postal_code.unwrap_or_default(),
            state: self.state.unwrap_or_default(),
            country: country.to_ascii_uppercase(),
        })
    }
}
