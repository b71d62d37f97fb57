//! Reading a request key by key, with the place of the first mistake.

use serde_json::{Map, Number, Value};

use super::errors::Refusal;

/// The result of reading a part of a request.
pub(crate) type Checked<T> = Result<T, Refusal>;

/// An object of a request, and where it stands in it.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: String,
}

/// Counts the characters of a text, as Meta's limits mean them. Unconfirmed: code points, and not UTF-16 units or bytes.
pub(crate) fn characters(text: &str) -> usize {
    text.chars().count()
}

impl<'a> Fields<'a> {
    pub(crate) fn top(map: &'a Map<String, Value>) -> Self {
        Self { map, at: String::new() }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The raw value; `null` counts as absent.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Refuses this key, with a reason.
    pub(crate) fn wrong(&self, key: &str, why: &str) -> Refusal {
        Refusal::invalid(format!("{}{key} {why}", self.at))
    }

    /// A text that must be there, not blank, of at most `most` characters.
    pub(crate) fn text(&self, key: &str, most: usize) -> Checked<&'a str> {
        self.optional_text(key, most)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// A text that may be missing; not blank, of at most `most` characters.
    pub(crate) fn optional_text(&self, key: &str, most: usize) -> Checked<Option<&'a str>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(key, "is not text"))?;
        if text.trim().is_empty() {
            return Err(self.wrong(key, "is blank"));
        }
        if characters(text) > most {
            return Err(self.wrong(key, &format!("is longer than {most} characters")));
        }
        Ok(Some(text))
    }

    /// An id, which clients write as text or as a number.
    pub(crate) fn id(&self, key: &str) -> Checked<Option<String>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match (value.as_str(), value.as_u64()) {
            (Some(text), _) if !text.is_empty() => Ok(Some(text.to_owned())),
            (_, Some(number)) => Ok(Some(number.to_string())),
            _ => Err(self.wrong(key, "is no id")),
        }
    }

    /// One word of a list that must be there.
    pub(crate) fn word(&self, key: &str, words: &[&str]) -> Checked<&'a str> {
        let word = self.text(key, usize::MAX)?;
        if words.contains(&word) { Ok(word) } else { Err(self.wrong(key, &format!("is none of {}", words.join(", ")))) }
    }

    /// A number that must be there.
    pub(crate) fn number(&self, key: &str) -> Checked<&'a Number> {
        match self.value(key) {
            Some(Value::Number(number)) => Ok(number),
            Some(_) => Err(self.wrong(key, "is not a number")),
            None => Err(self.wrong(key, "is missing")),
        }
    }

    /// A web address that must be there.
    pub(crate) fn url(&self, key: &str) -> Checked<&'a str> {
        let url = self.text(key, usize::MAX)?;
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        if is_web { Ok(url) } else { Err(self.wrong(key, "is no web address")) }
    }

    /// An object that must be there.
    pub(crate) fn object(&self, key: &str) -> Checked<Fields<'a>> {
        self.optional_object(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    /// An object that may be missing.
    pub(crate) fn optional_object(&self, key: &str) -> Checked<Option<Fields<'a>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let map = value.as_object().ok_or_else(|| self.wrong(key, "is no object"))?;
        Ok(Some(Fields { map, at: format!("{}{key}.", self.at) }))
    }

    /// A list of objects; none when the key is missing and `least` is 0.
    pub(crate) fn objects(&self, key: &str, least: usize, most: usize) -> Checked<Vec<Fields<'a>>> {
        let list = match self.value(key) {
            None => &[][..],
            Some(value) => value.as_array().ok_or_else(|| self.wrong(key, "is no list"))?.as_slice(),
        };
        if !(least..=most).contains(&list.len()) {
            return Err(self.wrong(key, &format!("has {} entries, allowed are {least} to {most}", list.len())));
        }
        let object = |(place, value): (usize, &'a Value)| {
            let map = value.as_object().ok_or_else(|| self.wrong(key, "holds something that is no object"))?;
            Ok(Fields { map, at: format!("{}{key}[{place}].", self.at) })
        };
        list.iter().enumerate().map(object).collect()
    }

    /// The object as it came.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.map.clone())
    }
}
