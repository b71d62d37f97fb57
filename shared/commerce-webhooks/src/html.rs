//! Texts that a shop wrote as HTML, made plain: `Tom & Jerry’s Mug` of `Tom &amp; Jerry&#8217;s <b>Mug</b>`.

/// Takes the tags out of a text, then reads the references to characters, once: what stands for `<` is no tag.
pub(crate) fn plain(text: &str) -> String {
    html_escape::decode_html_entities(&untagged(text)).into_owned()
}

/// Leaves tags out, and a line's end a space. A `<` that no name follows, or no `>`, is one.
fn untagged(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let is_tag = after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!'));
        if let Some((tag, after)) = after.split_once('>').filter(|_| is_tag) {
            let is_break = tag.get(..2).is_some_and(|name| name.eq_ignore_ascii_case("br"));
            plain.push_str(if is_break { " " } else { "" });
            rest = after;
        } else {
            plain.push('<');
            rest = after;
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_left_out_and_references_read_once() {
        for (text, read) in [
            ("Tom &amp; Jerry&#8217;s <b>Mug</b>", "Tom & Jerry’s Mug"),
            ("Lamp&nbsp;&#x2013; <span class=\"x\">brass</span><br/>E27", "Lamp\u{a0}– brass E27"),
            ("&lt;b&gt; &amp;amp; &#038;", "<b> &amp; &"),
            ("&quot;A&quot; &apos;B&apos; &lsquo;C&rsquo; D&ndash;E&mdash;F&hellip;", "\"A\" 'B' ‘C’ D–E—F…"),
            ("K&uuml;chenlampe 60&times;40", "Küchenlampe 60×40"),
            ("Cable < 2 m > 1 m", "Cable < 2 m > 1 m"),
            ("I <3 lamps", "I <3 lamps"),
            ("Lamp <b", "Lamp <b"),
            ("Lamp<!-- sale --> </p>2", "Lamp 2"),
            ("R&D; Q&A & B; &unknown; &#xD800; &#0x1; &#+65; &#; &", "R&D; Q&A & B; &unknown; &#xD800; &#0x1; &#+65; &#; &"),
        ] {
            assert_eq!(plain(text), read);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_none_grows(text: String) {
            prop_assert!(plain(&text).len() <= text.len());
        }
    }
}
