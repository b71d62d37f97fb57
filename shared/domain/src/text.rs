//! Text as people see it: cut between graphemes, and at a word where there is one.

use unicode_segmentation::UnicodeSegmentation;

/// The longest text of one send, in UTF-16 units: "less than 2000 characters".
///
/// Whether the platform counts code points, UTF-16 units or bytes is unconfirmed; UTF-16 units are never fewer than code points.
/// Source: <https://developers.facebook.com/docs/messenger-platform/reference/send-api>
pub const LONGEST_PART: usize = 1999;

/// Cuts `text` into parts of at most `longest` UTF-16 units: at a line break or a space where one is near, never inside a grapheme
/// unless a single grapheme is longer than a part. White space at a cut is dropped; nothing else is.
#[must_use]
pub fn split(text: &str, longest: usize) -> Vec<String> {
    let longest = longest.max(2);
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let (part, tail) = cut(rest, longest);
        if !part.trim().is_empty() {
            parts.push(part.trim_end().to_owned());
        }
        rest = if tail.is_empty() { tail } else { tail.trim_start() };
    }
    parts
}

/// Splits off the longest head that fits, preferring to end after white space.
fn cut(text: &str, longest: usize) -> (&str, &str) {
    if units(text) <= longest {
        return (text, "");
    }
    let mut fits = 0;
    let mut word = 0;
    let mut used = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        used += units(grapheme);
        if used > longest {
            break;
        }
        fits = start + grapheme.len();
        if grapheme.chars().all(char::is_whitespace) {
            word = fits;
        }
    }
    let followed_by_space = text.get(fits..).is_some_and(|tail| tail.starts_with(char::is_whitespace));
    let at = match (fits, word) {
        (0, _) => first_chars(text, longest),
        (fits, _) if followed_by_space => fits,
        // A word that fills more than half a part is cut; a shorter one moves to the next part whole.
        (fits, word) if word * 2 >= fits => word,
        (fits, _) => fits,
    };
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The bytes of the leading characters that fit, at least one: for a grapheme that is longer than a part.
fn first_chars(text: &str, longest: usize) -> usize {
    let mut used = 0;
    let mut bytes = 0;
    for character in text.chars() {
        used += character.len_utf16();
        if used > longest && bytes > 0 {
            break;
        }
        bytes += character.len_utf8();
    }
    bytes
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns `text` in at most `longest` UTF-16 units: what is longer is cut between graphemes, and ends in `…`.
#[must_use]
pub fn shortened(text: &str, longest: usize) -> String {
    let text = text.trim();
    if units(text) <= longest {
        return text.to_owned();
    }
    let (head, _) = cut(text, longest.saturating_sub(1));
    format!("{}…", head.trim_end())
}

/// Returns the longest head of `text` of at most `bytes` bytes that ends between characters.
#[must_use]
pub fn prefix(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_fits_stays_whole() {
        assert_eq!(split("Your order 20418 is on its way.", LONGEST_PART), ["Your order 20418 is on its way."]);
        assert_eq!(split(&"x".repeat(1999), LONGEST_PART).len(), 1);
        assert_eq!(split(&"x".repeat(2000), LONGEST_PART).len(), 2);
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        assert_eq!(split("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(split("one two three", 7), ["one two", "three"]);
    }

    #[test]
    fn a_family_is_never_torn_apart() {
        let family = "👨‍👩‍👧‍👦";
        let parts = split(&family.repeat(5), 25);
        assert_eq!(parts, [family.repeat(2), family.repeat(2), family.to_owned()]);
    }

    #[test]
    fn an_endless_grapheme_is_cut_rather_than_refused() {
        let zalgo = format!("e{}", "\u{301}".repeat(5000));
        let parts = split(&zalgo, LONGEST_PART);
        assert_eq!(parts.concat(), zalgo);
        assert!(parts.iter().all(|part| units(part) <= LONGEST_PART));
    }

    #[test]
    fn what_is_too_long_is_cut_and_shows_it() {
        assert_eq!(shortened(" Track parcel ", 20), "Track parcel");
        assert_eq!(shortened("Bestellung im Shop ansehen", 20), "Bestellung im Shop…");
        assert_eq!(shortened("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 13), "👨‍👩‍👧‍👦…");
    }

    #[test]
    fn blank_text_has_no_parts() {
        assert!(split(" \n\t ", LONGEST_PART).is_empty());
    }

    proptest! {
        #[test]
        fn every_part_fits_and_nothing_but_white_space_is_lost(text in "\\PC{0,200}|[ a-zé👍🏽\n]{0,300}", longest in 2_usize..60) {
            let parts = split(&text, longest);
            let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(visible(&parts.concat()), visible(&text));
            for part in parts {
                prop_assert!(units(&part) <= longest);
                prop_assert!(!part.trim().is_empty());
            }
        }
    }
}
