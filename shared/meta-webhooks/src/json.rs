//! Reading JSON that somebody else wrote: raw until asked, lenient in spelling, and never deeper than one level at a time.
//!
//! Meta writes the same field as a number here and as a string there, and derived structs refuse that, refuse a key that stands twice, and
//! quote the value that they refuse. So wire shapes are read by hand from [`Object`]s, whose members stay raw. Reading one level at a time
//! also means that no nesting is too deep: `serde_json` skips over a raw value without recursion.

use std::borrow::Cow;
use std::fmt;

use domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A place where something else was expected. Says where and what sort of thing stood there, never what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misread {
    path: String,
    expected: &'static str,
    found: &'static str,
}

impl Misread {
    pub(crate) fn new(path: &str, expected: &'static str, found: &'static str) -> Self {
        Self { path: path.to_owned(), expected, found }
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, expected, found } = self;
        let colon = if path.is_empty() { "" } else { ": " };
        write!(f, "{path}{colon}expected {expected}, found {found}")
    }
}

/// A raw value and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    path: String,
    raw: &'a RawValue,
}

impl<'a> Node<'a> {
    /// Takes the value at the top, which has the name `path`.
    pub(crate) fn root(path: &str, raw: &'a RawValue) -> Self {
        Self { path: path.to_owned(), raw }
    }

    pub(crate) fn is_null(&self) -> bool {
        sort(self.raw) == "null"
    }

    pub(crate) const fn raw(&self) -> &'a RawValue {
        self.raw
    }

    pub(crate) fn object(&self) -> Result<Object<'a>, Misread> {
        let members = members(self.raw).ok_or_else(|| self.misread("an object"))?;
        Ok(Object { path: self.path.clone(), members })
    }

    /// Reads a string, or a number as its digits: ids come as either, and may be larger than any integer type.
    pub(crate) fn text(&self) -> Result<String, Misread> {
        text(self.raw).ok_or_else(|| self.misread("a text"))
    }

    /// Reads an id with `make`, one of the constructors in `domain::id`.
    pub(crate) fn id<T>(&self, make: impl FnOnce(String) -> Option<T>) -> Result<T, Misread> {
        text(self.raw).and_then(make).ok_or_else(|| self.misread("an id"))
    }

    /// Reads a count that stands as a number or as a string.
    pub(crate) fn count(&self) -> Result<u32, Misread> {
        text(self.raw).and_then(|digits| digits.parse().ok()).ok_or_else(|| self.misread("a count"))
    }

    pub(crate) fn moment(&self) -> Result<Timestamp, Misread> {
        moment(self.raw).ok_or_else(|| self.misread("a timestamp"))
    }

    /// Reads the elements of an array. A value that is not an array counts as an array of itself.
    pub(crate) fn list(&self) -> Vec<Self> {
        let elements = elements(self.raw).unwrap_or_else(|| vec![self.raw]);
        let at = |(index, raw)| Self { path: format!("{}[{index}]", self.path), raw };
        elements.into_iter().enumerate().map(at).collect()
    }

    pub(crate) fn value(&self) -> Value {
        value(self.raw)
    }

    fn misread(&self, expected: &'static str) -> Misread {
        Misread { path: self.path.clone(), expected, found: sort(self.raw) }
    }
}

/// An object whose members are still raw. Where a key stands twice, the last one counts, as in most readers of JSON.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a> {
    path: String,
    members: Vec<Member<'a>>,
}

impl<'a> Object<'a> {
    /// Returns the member, unless it is missing or `null`.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        let raw = self.find(key).filter(|raw| raw.get() != "null")?;
        Some(Node { path: self.path_of(key), raw })
    }

    pub(crate) fn require(&self, key: &str, expected: &'static str) -> Result<Node<'a>, Misread> {
        self.get(key).ok_or_else(|| self.lacks(key, expected))
    }

    /// Makes the error that `expected` was not found at `key`, whatever stands there.
    pub(crate) fn lacks(&self, key: &str, expected: &'static str) -> Misread {
        Misread { path: self.path_of(key), expected, found: self.find(key).map_or("nothing", sort) }
    }

    /// Tells whether the key is there, even with `null`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Returns a text that matters; nothing when it is missing, `null` or empty.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, Misread> {
        Ok(self.get(key).map(|node| node.text()).transpose()?.filter(|text| !text.is_empty()))
    }

    /// Returns a text that we can do without: nothing when it is anything else.
    pub(crate) fn hint(&self, key: &str) -> Option<String> {
        self.text(key).unwrap_or_default()
    }

    /// Returns a member that is an object and that we can do without.
    pub(crate) fn part(&self, key: &str) -> Option<Object<'a>> {
        self.get(key)?.object().ok()
    }

    pub(crate) fn required_text(&self, key: &str) -> Result<String, Misread> {
        self.require(key, "a text")?.text()
    }

    pub(crate) fn id<T>(&self, key: &str, make: impl FnOnce(String) -> Option<T>) -> Result<T, Misread> {
        self.require(key, "an id")?.id(make)
    }

    /// Returns a moment, or nothing when it is missing or no moment at all.
    pub(crate) fn moment(&self, key: &str) -> Option<Timestamp> {
        self.get(key)?.moment().ok()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.find(key).is_some_and(|raw| matches!(raw.get(), "true" | "1" | "\"true\"" | "\"1\""))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.key.as_ref())
    }

    /// Returns the members that are not in `known`, as they came, without those that are `null`.
    pub(crate) fn rest(&self, known: &[&str]) -> Map<String, Value> {
        let unknown = self.members.iter().filter(|member| !known.contains(&member.key.as_ref()) && sort(member.value) != "null");
        unknown.map(|member| (member.key.clone().into_owned(), value(member.value))).collect()
    }

    fn find(&self, key: &str) -> Option<&'a RawValue> {
        self.members.iter().rev().find(|member| member.key == key).map(|member| member.value)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// One `"key": value` of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    /// The key with its quotes and escapes, as it came.
    pub(crate) raw_key: &'a str,
    pub(crate) value: &'a RawValue,
}

/// Takes an object apart; nothing when the value is not an object.
pub(crate) fn members(raw: &RawValue) -> Option<Vec<Member<'_>>> {
    struct Members<'a>(Vec<Member<'a>>);

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
                members.push(Member { key: read_key(key.get()), raw_key: key.get(), value });
            }
            Ok(Members(members))
        }
    }

    serde_json::from_str::<Members<'_>>(raw.get()).ok().map(|members| members.0)
}

/// Decodes a key. One that no string can hold keeps its escapes: it is none of those that we look for.
fn read_key(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    if inner.contains('\\') { serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned) } else { Cow::Borrowed(inner) }
}

/// Takes an array apart; nothing when the value is not an array.
pub(crate) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

pub(crate) fn text(raw: &RawValue) -> Option<String> {
    match sort(raw) {
        "a string" => serde_json::from_str(raw.get()).ok(),
        "a number" => Some(raw.get().to_owned()),
        _ => None,
    }
}

/// Reads what comes, whatever it is. What no `Value` can hold (too deep, a number too large) is kept as its text.
fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::String(raw.get().to_owned()))
}

/// Reads seconds or milliseconds, as a number, a string or a float. Zero and less is no moment: an unset field.
pub(crate) fn moment(raw: &RawValue) -> Option<Timestamp> {
    let digits = text(raw)?;
    let whole = digits.parse::<i64>().ok().or_else(|| {
        let float = digits.parse::<f64>().ok().filter(|float| float.is_finite())?;
        format!("{:.0}", float.trunc()).parse().ok()
    });
    whole.filter(|value| *value > 0).map(Timestamp::from_platform)
}

/// Names the sort of value without saying anything of what it holds.
pub(crate) fn sort(raw: &RawValue) -> &'static str {
    match raw.get().bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') | None => "null",
        Some(_) => "a number",
    }
}
