//! Half characters. JSON may escape one half of a surrogate pair alone (`\ud83d`); it names no character, and Rust's strings cannot hold it.

use std::borrow::Cow;

const REPLACEMENT: &str = "\\ufffd";
/// `\uXXXX`.
const ESCAPE_LEN: usize = 6;

/// Replaces each lone surrogate escape of a JSON text by `\ufffd`, so that a message with half an emoji is stored and not parked.
pub(crate) fn repair(json: &str) -> Cow<'_, str> {
    let mut repaired = String::new();
    let (mut copied, mut at) = (0, 0);
    // Outside strings JSON has no backslash, so each one that is found starts an escape.
    while let Some(offset) = json.get(at..).and_then(|rest| rest.find('\\')) {
        at += offset;
        let (taken, lone) = measure(json.get(at..).unwrap_or_default());
        if lone {
            repaired.push_str(json.get(copied..at).unwrap_or_default());
            repaired.push_str(REPLACEMENT);
            copied = at + taken;
        }
        at += taken;
    }
    if repaired.is_empty() {
        return Cow::Borrowed(json);
    }
    repaired.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(repaired)
}

/// Returns the length of the escape, or of the pair of escapes, that `text` starts with, and whether it is a lone surrogate.
fn measure(text: &str) -> (usize, bool) {
    match code_unit(text) {
        Some(0xd800..=0xdbff) => match text.get(ESCAPE_LEN..).and_then(code_unit) {
            Some(0xdc00..=0xdfff) => (2 * ESCAPE_LEN, false),
            _ => (ESCAPE_LEN, true),
        },
        Some(0xdc00..=0xdfff) => (ESCAPE_LEN, true),
        Some(_) => (ESCAPE_LEN, false),
        // `\n`, `\"` and their like: all of them are two bytes.
        None => (2, false),
    }
}

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_halves_are_replaced_and_pairs_are_kept() {
        for (came, read) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00 a""#, r#""\ufffd a""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d\n""#, r#""\\\ufffd\n""#),
            (r#""\u00e4\/ä😀""#, r#""\u00e4\/ä😀""#),
        ] {
            assert_eq!(repair(came), read, "{came}");
            assert!(serde_json::from_str::<String>(&repair(came)).is_ok(), "{came}");
        }
    }

    #[test]
    fn text_without_halves_is_not_copied() {
        assert!(matches!(repair(r#"{"text":"\u00e4 \ud83d\ude00"}"#), Cow::Borrowed(_)));
    }
}
