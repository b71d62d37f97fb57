//! Fields that a caller fills: each is read, or named with what is wrong with it.

use domain::id::UserId;
use domain::time::Timestamp;

use crate::problem::Failure;

/// The longest number or id, name, and other text, in characters.
pub(super) const LONGEST_ID: usize = 128;
pub(super) const LONGEST_NAME: usize = 200;
pub(super) const LONGEST_TEXT: usize = 500;
const LONGEST_URL: usize = 2_000;

/// The longest page-scoped id, of which Meta's have 16 or 17 digits by now, and the longest language tag, for which RFC 5646, 4.4.1, asks
/// this much room.
const LONGEST_USER_ID: usize = 32;
const LONGEST_LOCALE: usize = 35;

/// Reads a text that must be there, without characters that nobody sees.
pub(super) fn text(field: &str, value: String, longest: usize) -> Result<String, Failure> {
    optional(field, Some(value), longest)?.ok_or_else(|| Failure::invalid(field, "must not be blank"))
}

pub(super) fn optional(field: &str, value: Option<String>, longest: usize) -> Result<Option<String>, Failure> {
    let Some(value) = value else { return Ok(None) };
    let value: String = value.trim().chars().filter(|character| !character.is_control()).collect();
    if value.chars().count() > longest {
        return Err(Failure::invalid(field, format!("must not be longer than {longest} characters")));
    }
    Ok((!value.is_empty()).then_some(value))
}

/// Reads a page-scoped id, which Meta makes of digits.
pub(super) fn user_id(field: &str, value: Option<String>) -> Result<Option<UserId>, Failure> {
    let Some(id) = optional(field, value, LONGEST_USER_ID)? else { return Ok(None) };
    let is_id = id.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(UserId::new(id)) } else { Err(Failure::invalid(field, "must be a page-scoped id, which has digits only")) }
}

pub(super) fn locale(field: &str, value: Option<String>) -> Result<Option<String>, Failure> {
    let Some(tag) = optional(field, value, LONGEST_LOCALE)? else { return Ok(None) };
    let is_tag = tag.len() >= 2 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_tag { Ok(Some(tag)) } else { Err(Failure::invalid(field, "must be a language tag as de or pt-BR")) }
}

pub(super) fn https(field: &str, value: Option<String>) -> Result<Option<String>, Failure> {
    let value = optional(field, value, LONGEST_URL)?;
    let is_https = |url: &str| url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    match value {
        Some(url) if !is_https(&url) => Err(Failure::invalid(field, "must be an https address")),
        other => Ok(other),
    }
}

pub(super) fn moment(field: &str, value: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let Some(value) = value else { return Ok(None) };
    Timestamp::from_rfc3339(value).map(Some).ok_or_else(|| Failure::invalid(field, "must be a moment as 2026-11-21T10:00:00Z"))
}

pub(super) fn day(field: &str, value: Option<String>) -> Result<Option<String>, Failure> {
    let Some(value) = optional(field, value, LONGEST_ID)? else { return Ok(None) };
    let midnight = format!("{value}T00:00:00Z");
    let is_day = value.len() == 10 && Timestamp::from_rfc3339(&midnight).is_some();
    if is_day { Ok(Some(value)) } else { Err(Failure::invalid(field, "must be a day as 2026-11-24")) }
}
