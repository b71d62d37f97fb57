//! Reading JSON that somebody else wrote: raw until asked, one level at a time.
//!
//! A member that is missing, `null`, or of another sort than asked for is absent: the caller knows which ones matter. One level at a time
//! means that no nesting is too deep, and that a number is the digits that were sent: none ever becomes a float.

use std::borrow::Cow;
use std::fmt;

use domain::money::{Currency, Money};
use domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::words;

/// The most digits of a count; no shop sells more at once.
const LONGEST_COUNT: usize = 20;

/// An object whose members are still raw. Where a key stands twice, the last one counts, as in most readers of JSON.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Takes a body apart; nothing when it is no object.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        Self::of(serde_json::from_slice(body).ok()?)
    }

    fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str::<Members<'_>>(raw.get()).ok().map(|members| Self(members.0))
    }

    fn get(&self, key: &str) -> Option<&'a RawValue> {
        let raw = self.0.iter().rev().find(|(known, _)| known == key).map(|(_, raw)| *raw)?;
        (raw.get() != "null").then_some(raw)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns a string as it came, or the digits of a number.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        text(self.get(key)?)
    }

    /// Returns a text for people: without control characters, and of at most `longest` of them.
    pub(crate) fn words(&self, key: &str, longest: usize) -> Option<String> {
        words::clean(&self.text(key)?, longest)
    }

    /// Returns an id: a text, or the digits of a number; zero is none.
    pub(crate) fn id(&self, key: &str) -> Option<String> {
        words::id(&self.text(key)?)
    }

    pub(crate) fn url(&self, key: &str) -> Option<String> {
        words::url(&self.text(key)?)
    }

    pub(crate) fn currency(&self, key: &str) -> Option<Currency> {
        Currency::parse(&self.text(key)?)
    }

    /// Returns an amount that is written as a decimal.
    pub(crate) fn amount(&self, key: &str, currency: Currency) -> Option<Money> {
        Money::from_decimal(&self.text(key)?, currency).ok()
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        self.text(key)?.parse().ok()
    }

    /// Returns how many there are; none is none.
    pub(crate) fn quantity(&self, key: &str) -> Option<u32> {
        self.text(key)?.parse().ok().filter(|quantity| *quantity > 0)
    }

    /// Returns how many there are where there may be a part of one: the digits, without zeros behind them. None is none.
    pub(crate) fn count(&self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
        let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let part = Some(part).filter(|part| is_digits(part))?.trim_end_matches('0');
        let whole = Some(whole).filter(|whole| is_digits(whole))?.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let count = if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") };
        (count != "0" && count.len() <= LONGEST_COUNT).then_some(count)
    }

    /// Returns a moment that is written as RFC 3339, or so but without an offset, in UTC.
    pub(crate) fn moment(&self, key: &str) -> Option<Timestamp> {
        words::moment(&self.text(key)?)
    }

    /// Returns a moment that is written as seconds.
    pub(crate) fn seconds(&self, key: &str) -> Option<Timestamp> {
        self.integer(key).filter(|seconds| *seconds > 0).map(Timestamp::from_platform)
    }

    pub(crate) fn part(&self, key: &str) -> Option<Self> {
        Self::of(self.get(key)?)
    }

    /// Returns the objects of an array.
    pub(crate) fn list(&self, key: &str) -> Vec<Self> {
        self.elements(key).into_iter().filter_map(Self::of).collect()
    }

    /// Returns the objects of an array, or of an object in its place: so PHP writes an array some of whose elements were removed.
    pub(crate) fn list_of_php(&self, key: &str) -> Vec<Self> {
        match self.part(key) {
            Some(Self(members)) => members.into_iter().filter_map(|(_, raw)| Self::of(raw)).collect(),
            None => self.list(key),
        }
    }

    /// Returns the texts of an array.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        self.elements(key).into_iter().filter_map(text).collect()
    }

    fn elements(&self, key: &str) -> Vec<&'a RawValue> {
        self.get(key).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

fn text(raw: &RawValue) -> Option<String> {
    match raw.get().bytes().next() {
        Some(b'"') => serde_json::from_str(raw.get()).ok(),
        Some(b'-' | b'0'..=b'9') => Some(raw.get().to_owned()),
        Some(_) | None => None,
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push((read_key(key.get()), value));
        }
        Ok(Members(members))
    }
}

/// Decodes a key. One that no string can hold keeps its escapes: it is none of those that we look for.
fn read_key(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    if inner.contains('\\') { serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned) } else { Cow::Borrowed(inner) }
}
