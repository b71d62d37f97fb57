//! The words by which a person ends notices, and asks for them again.

use crate::inbound::OptIn;

/// What a person says of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Stop,
    Start,
}

/// Each word with what it means, folded as [`folded`] folds: without accents, in lower case.
///
/// From the list that carriers know everywhere (CTIA, "Messaging Principles and Best Practices": STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT;
/// START, UNSTOP), the words that shops' newsletters use in the other languages, and in Hebrew those of the law against unasked mail. What may
/// be about an order is none of them: CANCEL and its peers (storno, abbestellen, cancelar, annuler, отмена, batal, ακύρωση), END, QUIT, YES.
const WORDS: [(&str, Word); 84] = [
    // en, and understood everywhere
    ("stop", Word::Stop),
    ("stop all", Word::Stop),
    ("stopall", Word::Stop),
    ("stop notifications", Word::Stop),
    ("stop messages", Word::Stop),
    ("unsubscribe", Word::Stop),
    ("optout", Word::Stop),
    ("opt out", Word::Stop),
    ("opt-out", Word::Stop),
    ("start", Word::Start),
    ("unstop", Word::Start),
    ("subscribe", Word::Start),
    ("optin", Word::Start),
    ("opt in", Word::Start),
    ("opt-in", Word::Start),
    ("resume notifications", Word::Start),
    ("start notifications", Word::Start),
    // de
    ("stopp", Word::Stop),
    ("abmelden", Word::Stop),
    ("abmeldung", Word::Stop),
    ("austragen", Word::Stop),
    ("keine benachrichtigungen", Word::Stop),
    ("keine nachrichten mehr", Word::Stop),
    ("anmelden", Word::Start),
    ("abonnieren", Word::Start),
    // fr
    ("arret", Word::Stop),
    ("arreter", Word::Stop),
    ("arretez", Word::Stop),
    ("desabonner", Word::Stop),
    ("me desabonner", Word::Stop),
    ("se desabonner", Word::Stop),
    ("desinscrire", Word::Stop),
    ("me desinscrire", Word::Stop),
    ("desinscription", Word::Stop),
    ("desabonnement", Word::Stop),
    ("reprendre", Word::Start),
    ("m'abonner", Word::Start),
    ("s'abonner", Word::Start),
    // es
    ("baja", Word::Stop),
    ("darme de baja", Word::Stop),
    ("dar de baja", Word::Stop),
    ("desuscribir", Word::Stop),
    ("desuscribirme", Word::Stop),
    ("alta", Word::Start),
    ("suscribir", Word::Start),
    ("suscribirme", Word::Start),
    ("reanudar", Word::Start),
    // es and pt
    ("parar", Word::Stop),
    ("pare", Word::Stop),
    ("iniciar", Word::Start),
    // pt
    ("sair", Word::Stop),
    ("descadastrar", Word::Stop),
    ("descadastro", Word::Stop),
    ("cancelar inscricao", Word::Stop),
    ("inscrever", Word::Start),
    ("retomar", Word::Start),
    // he
    ("הסר", Word::Stop),
    ("הסרה", Word::Stop),
    ("הסירו אותי", Word::Stop),
    ("הפסק", Word::Stop),
    ("הפסיקו", Word::Stop),
    ("עצור", Word::Stop),
    ("התחל", Word::Start),
    ("הצטרף", Word::Start),
    // ru
    ("стоп", Word::Stop),
    ("отписаться", Word::Stop),
    ("отписка", Word::Stop),
    ("отпишись", Word::Stop),
    ("отпишите меня", Word::Stop),
    ("старт", Word::Start),
    ("подписаться", Word::Start),
    ("возобновить", Word::Start),
    // id
    ("berhenti", Word::Stop),
    ("berhenti berlangganan", Word::Stop),
    ("setop", Word::Stop),
    ("mulai", Word::Start),
    ("berlangganan", Word::Start),
    // el
    ("στοπ", Word::Stop),
    ("διακοπη", Word::Stop),
    ("απεγγραφη", Word::Stop),
    ("διαγραφη", Word::Stop),
    ("σταματηστε", Word::Stop),
    ("εναρξη", Word::Start),
    ("εγγραφη", Word::Start),
];

/// The longest message that is looked at, in bytes: the longest word, with room for white space and signs around it.
const LONGEST: usize = 200;

/// Reads a message that is nothing but such a word: "stop sending me the wrong size" is a customer who wants an answer.
#[must_use]
pub fn word(text: &str) -> Option<Word> {
    if text.len() > LONGEST {
        return None;
    }
    let folded = folded(text);
    WORDS.iter().find(|(word, _)| *word == folded).map(|(_, meaning)| *meaning)
}

/// Reads what a person set in Messenger's own menu of a subscription.
#[must_use]
pub fn of_opt_in(opt_in: &OptIn) -> Option<Word> {
    match opt_in.status.as_deref() {
        Some("STOP NOTIFICATIONS") => Some(Word::Stop),
        Some("RESUME NOTIFICATIONS") => Some(Word::Start),
        Some(_) | None => None,
    }
}

/// Folds a text: lower case, no accents, one space between words, no signs around them.
fn folded(text: &str) -> String {
    let plain: String = text.chars().flat_map(char::to_lowercase).filter(|letter| !is_mark(*letter)).map(without_accent).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned()
}

/// Accents that stand as characters of their own, points of Hebrew vowels, and marks of direction, which some keyboards add.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The letters with accents of the languages above, and the apostrophe of phones.
const fn without_accent(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        '\u{2019}' => '\'',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_however_it_is_written_and_stands_once() {
        for (index, (text, meaning)) in WORDS.iter().enumerate() {
            assert_eq!(folded(text), *text, "it stands as it is compared");
            assert!(WORDS.iter().skip(index + 1).all(|(other, _)| other != text), "{text} stands twice");
            for written in [text.to_uppercase(), format!("  {text}.\n"), format!("\u{200f}\"{text}\"!!"), format!("{text} 🙏")] {
                assert_eq!(word(&written), Some(*meaning), "{written}");
            }
        }
    }

    #[test]
    fn accents_and_capitals_make_no_other_word() {
        for stop in [
            "Arrêt",
            "ARRÊT",
            "arre\u{0302}t",
            "Désabonner",
            "ME  DÉSABONNER",
            "Διακοπή",
            "ΔΙΑΚΟΠΉ",
            "ΣΤΟΠ",
            "Стоп!",
            "הסר.",
            "Cancelar inscrição",
        ] {
            assert_eq!(word(stop), Some(Word::Stop), "{stop}");
        }
        for start in ["S\u{2019}abonner", "Έναρξη", "СТАРТ", "Mulai"] {
            assert_eq!(word(start), Some(Word::Start), "{start}");
        }
    }

    #[test]
    fn a_sentence_and_what_may_be_about_an_order_is_for_a_person() {
        for text in [
            "stop sending me the wrong size",
            "Please stop",
            "non-stop",
            "bus stop?",
            "cancel",
            "Cancelar",
            "storno",
            "end",
            "yes",
            "no",
            "help",
            "",
            " ",
            "?!",
            "👍",
            "start my order",
            &"stop ".repeat(1000),
        ] {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn messengers_own_switch_is_read() {
        let set =
            |status: Option<&str>| of_opt_in(&OptIn { kind: None, reference: None, payload: None, status: status.map(str::to_owned) });
        assert_eq!(set(Some("STOP NOTIFICATIONS")), Some(Word::Stop));
        assert_eq!(set(Some("RESUME NOTIFICATIONS")), Some(Word::Start));
        assert_eq!((set(Some("PAUSED")), set(None)), (None, None));
    }
}
