//! The words of notices in every language, as `infra/templates/<language>.json` has them. They are compiled in: nothing is read at run time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::notice::NoticeKind;

/// The language that stands in for every other one.
pub const FALLBACK: &str = "en";

const FILES: [&str; 9] = [
    include_str!("../../../../infra/templates/en.json"),
    include_str!("../../../../infra/templates/de.json"),
    include_str!("../../../../infra/templates/fr.json"),
    include_str!("../../../../infra/templates/es.json"),
    include_str!("../../../../infra/templates/pt.json"),
    include_str!("../../../../infra/templates/he.json"),
    include_str!("../../../../infra/templates/ru.json"),
    include_str!("../../../../infra/templates/id.json"),
    include_str!("../../../../infra/templates/el.json"),
];

/// A file that cannot be read is passed over; a test reads them all.
static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| FILES.into_iter().filter_map(|file| serde_json::from_str(file).ok()).collect());

/// The templates of one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    pub language: String,
    /// What is said where a value is missing, by the name of its blank.
    pub neutral: BTreeMap<String, String>,
    pub templates: BTreeMap<NoticeKind, Wording>,
}

/// One template in one language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// The name on a Page, the same in every language.
    pub name: String,
    /// The text, with its blanks as `{{name}}`.
    pub body: String,
    /// The button's title.
    pub button: String,
    pub leads_to: LeadsTo,
    /// A value for each blank, for Meta's review.
    pub example: BTreeMap<String, String>,
}

/// What the page shows that a template's button opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadsTo {
    Order,
    Parcel,
}

/// A piece of a text with blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Fixed(&'a str),
    Blank(&'a str),
}

/// Lists the languages, English first.
#[must_use]
pub fn languages() -> &'static [Language] {
    &LANGUAGES
}

/// Finds the language of a locale (`pt-BR`, `de_DE`, `el`): its own, its base, or English.
#[must_use]
pub fn language(locale: Option<&str>) -> Option<&'static Language> {
    let find = |wanted: &str| LANGUAGES.iter().find(|language| language.language == wanted);
    let base = locale.map(base);
    base.as_deref().and_then(find).or_else(|| find(FALLBACK))
}

/// Finds the kind of notice whose template has this name.
#[must_use]
pub fn kind_of(name: &str) -> Option<NoticeKind> {
    let english = language(None)?;
    english.templates.iter().find(|(_, wording)| wording.name == name).map(|(kind, _)| *kind)
}

/// Returns the language of a locale, without its region. Two languages have an older code, too.
pub(crate) fn base(locale: &str) -> String {
    let base = locale.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    match base.as_str() {
        "iw" => String::from("he"),
        "in" => String::from("id"),
        _ => base,
    }
}

impl Wording {
    /// Takes the body apart at its blanks.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut rest = self.body.as_str();
        while let Some((fixed, (blank, tail))) = rest.split_once("{{").and_then(|(fixed, tail)| Some((fixed, tail.split_once("}}")?))) {
            pieces.extend([Piece::Fixed(fixed), Piece::Blank(blank)]);
            rest = tail;
        }
        pieces.push(Piece::Fixed(rest));
        pieces
    }

    /// Lists the names of the blanks, in their order.
    #[must_use]
    pub fn blanks(&self) -> Vec<&str> {
        let blank = |piece| match piece {
            Piece::Blank(name) => Some(name),
            Piece::Fixed(_) => None,
        };
        self.pieces().into_iter().filter_map(blank).collect()
    }
}
