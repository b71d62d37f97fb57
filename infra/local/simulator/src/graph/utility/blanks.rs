//! The blanks of a template, `{{1}}` or `{{name}}`, and what may fill them.

use super::super::errors::{self, Refusal};
use super::super::shape::{Checked, Fields};

/// At most so many parameters in one component; more is a slip of the pen.
const PARAMETERS: usize = 50;

/// The values that a send gives for one component.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(Option<String>, String)>);

impl Values {
    /// Reads the parameters of a component; none when the component is missing.
    pub(crate) fn read(component: Option<&Fields<'_>>) -> Checked<Self> {
        let Some(component) = component else { return Ok(Self::default()) };
        let mut values = Vec::new();
        for parameter in component.objects("parameters", 0, PARAMETERS)? {
            if parameter.word("type", &["text", "image"])? == "image" {
                continue;
            }
            let name = parameter.optional_text("parameter_name", PARAMETERS)?.map(ToOwned::to_owned);
            let text = parameter.text("text", usize::MAX)?;
            if text.chars().any(is_forbidden) {
                return Err(Refusal::of(errors::TEMPLATE_CHARACTERS, "a parameter holds #, $, % or an emoji"));
            }
            values.push((name, text.to_owned()));
        }
        Ok(Self(values))
    }

    /// Fills every blank of a text; every value must have its blank, and every blank its value.
    pub(crate) fn fill(&self, text: &str) -> Checked<String> {
        let blanks = names(text);
        if blanks.len() != self.0.len() {
            let (given, wanted) = (self.0.len(), blanks.len());
            return Err(Refusal::invalid(format!("{given} parameters are given, the template has {wanted}")));
        }
        let mut filled = text.to_owned();
        for (place, blank) in blanks.iter().enumerate() {
            let named = self.0.iter().find(|(name, _)| name.as_deref() == Some(blank));
            let value = named.or_else(|| self.0.get(place).filter(|(name, _)| name.is_none()));
            let (_, value) = value.ok_or_else(|| Refusal::invalid(format!("nothing fills {{{{{blank}}}}}")))?;
            filled = filled.replacen(&format!("{{{{{blank}}}}}"), value, 1);
        }
        Ok(filled)
    }
}

/// Fills the one blank of a button's address or payload; nothing when there is a blank and no value.
pub(crate) fn fill_button(pattern: &str, value: Option<&str>) -> Option<String> {
    match names(pattern).first() {
        None => Some(pattern.to_owned()),
        Some(blank) => value.map(|value| pattern.replacen(&format!("{{{{{blank}}}}}"), value, 1)),
    }
}

/// Lists the names of the blanks in their order.
pub(crate) fn names(text: &str) -> Vec<String> {
    let parts = text.split("{{").skip(1);
    parts.filter_map(|part| part.split_once("}}")).map(|(name, _)| name.trim().to_owned()).collect()
}

/// Says whether a text begins or ends with a blank.
pub(crate) fn at_an_end(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") || text.ends_with("}}")
}

/// Says whether numbered blanks count 1, 2, 3.
pub(crate) fn in_sequence(names: &[String]) -> bool {
    let is_numbered = names.iter().any(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    !is_numbered || names.iter().enumerate().all(|(place, name)| *name == (place + 1).to_string())
}

/// `#`, `$`, `%` and emoji are refused at send time. Which code points count as emoji is not documented (unconfirmed): here, the
/// pictographic blocks.
fn is_forbidden(letter: char) -> bool {
    matches!(letter, '#' | '$' | '%' | '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}')
}
