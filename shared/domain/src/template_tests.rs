use super::catalogue::{FALLBACK, languages};
use super::*;
use crate::money::Currency;

fn page_template(kind: NoticeKind, language: &str, status: TemplateStatus) -> PageTemplate {
    PageTemplate {
        page: PageId::new("1").unwrap(),
        name: format!("shopbell_{}_v1", kind.as_str()),
        language: language.into(),
        status,
        reason: None,
        has_button: Some(true),
        at: Timestamp::from_millis(0),
    }
}

fn values() -> Values {
    let money = |amount| Some(Money::new(amount, Currency::parse("EUR").unwrap()));
    Values {
        order_number: "20418".into(),
        customer_name: Some("Mia".into()),
        shop_name: Some("Lamp Shop".into()),
        total: money(9134),
        carrier: Some("DHL".into()),
        tracking_number: Some("00340434161094015902".into()),
        expected_on: Some("2026-11-24".into()),
        amount: money(1200),
    }
}

#[test]
fn the_languages_are_those_of_the_files_and_each_says_every_notice() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/templates");
    let mut files: Vec<String> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut names: Vec<String> = languages().iter().map(|language| format!("{}.json", language.language)).collect();
    assert_eq!(languages()[0].language, FALLBACK);
    names.sort();
    assert_eq!(files, names);
    for language in languages() {
        assert_eq!(language.templates.keys().copied().collect::<Vec<_>>(), NoticeKind::ALL, "{}", language.language);
    }
}

#[test]
fn every_text_passes_metas_review() {
    for language in languages() {
        for (kind, wording) in &language.templates {
            let (which, blanks) = (format!("{} {}", language.language, wording.name), wording.blanks());
            assert_eq!(wording.name, format!("shopbell_{}_v1", kind.as_str()));
            let words = wording.body.split_whitespace().count() - blanks.len();
            assert!(words >= 3 * blanks.len(), "{which}: {words} words for {} blanks", blanks.len());
            assert!(!wording.body.starts_with("{{") && !wording.body.trim_end_matches(['.', '!', ' ']).ends_with("}}"), "{which}");
            assert!(wording.button.encode_utf16().count() <= 20, "{which}");
            assert_eq!(
                wording.example.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
                blanks.iter().copied().collect()
            );
            assert!(wording.example.values().all(|value| cleaned(value) == *value), "{which}");
        }
    }
}

#[test]
fn every_language_has_the_same_blanks_and_a_word_for_each_that_may_be_missing() {
    for language in languages() {
        for (kind, wording) in &language.templates {
            let sorted = |wording: &Wording| wording.blanks().into_iter().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(sorted(wording), sorted(&languages()[0].templates[kind]), "{} {kind:?}", language.language);
            for blank in wording.blanks() {
                let neutral = language.neutral.get(blank).map(String::as_str);
                assert!(blank == "order_number" || neutral.is_some_and(|word| cleaned(word) == word && !word.is_empty()), "{blank}");
            }
        }
    }
}

#[test]
fn a_template_is_filled_in_the_order_of_its_blanks() {
    for language in languages() {
        for kind in NoticeKind::ALL {
            let filled = fill(&page_template(kind, &language.language, TemplateStatus::Approved), &values()).unwrap();
            let names: Vec<&str> = filled.parameters.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, language.templates[&kind].blanks());
            assert!(text_of(kind, Some(&language.language), &values()).contains("20418"));
        }
    }
    let filled = fill(&page_template(NoticeKind::Shipped, "de", TemplateStatus::Approved), &values()).unwrap();
    assert_eq!(filled.url_suffix.as_deref(), Some("00340434161094015902"));
    let bare = PageTemplate { has_button: None, ..page_template(NoticeKind::Shipped, "de", TemplateStatus::Approved) };
    assert_eq!(fill(&bare, &values()).unwrap().url_suffix, None);
}

#[test]
fn what_meta_refuses_is_cleaned_out_and_what_is_then_empty_has_neutral_words() {
    let hostile = Values {
        order_number: "#A/1 ".into(),
        customer_name: Some("Mia\r\n  🎉 100% #1 {{x}}".into()),
        carrier: Some("🚚✈️ ".into()),
        tracking_number: Some("x".repeat(500)),
        ..Values::default()
    };
    let filled = fill(&page_template(NoticeKind::Shipped, "en", TemplateStatus::Approved), &hostile).unwrap();
    let texts: Vec<&str> = filled.parameters.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts[..3], ["Mia 100 1 x", "A/1", "the carrier"]);
    assert!(texts[3].encode_utf16().count() <= LONGEST_VALUE);
    let order = Values { tracking_number: None, ..hostile };
    let filled = fill(&page_template(NoticeKind::Shipped, "en", TemplateStatus::Approved), &order).unwrap();
    assert_eq!(filled.url_suffix.as_deref(), Some("A%2F1"));
}

#[test]
fn a_template_without_an_order_or_of_somebody_else_is_not_filled() {
    let template = page_template(NoticeKind::Shipped, "en", TemplateStatus::Approved);
    assert_eq!(fill(&template, &Values { order_number: " #🎉".into(), ..values() }), Err(FillError::NoOrderNumber));
    let theirs = PageTemplate { name: "theirs".into(), ..template };
    assert_eq!(fill(&theirs, &values()), Err(FillError::NotOurs("theirs".into())));
}

#[test]
fn the_text_inside_keeps_what_only_templates_refuse() {
    let values = Values { customer_name: Some("Mia\n 🎉".into()), ..values() };
    let text = text_of(NoticeKind::Receipt, Some("en-GB"), &values);
    assert!(text.starts_with("Hello Mia 🎉, thank you") && text.contains("order #20418") && text.contains("91.34 EUR"), "{text}");
    assert_eq!(button_of(NoticeKind::Shipped, Some("fr_CA")), Some(("Suivre le colis", LeadsTo::Parcel)));
}

#[test]
fn the_customers_language_comes_first_then_its_base_then_english() {
    use TemplateStatus::{Approved, Pending, Rejected};
    let template = |language, status| page_template(NoticeKind::Shipped, language, status);
    let chosen = |templates: &[PageTemplate], locale| choose(templates, NoticeKind::Shipped, locale).map(|it| it.language.clone());
    let all = [template("en", Approved), template("pt", Approved), template("pt_BR", Approved), template("he", Approved)];
    for (locale, language) in
        [(Some("pt-BR"), "pt_BR"), (Some("pt-PT"), "pt"), (Some("pt"), "pt"), (Some("iw"), "he"), (Some("sv"), "en"), (None, "en")]
    {
        assert_eq!(chosen(&all, locale).as_deref(), Ok(language), "{locale:?}");
    }
    assert_eq!(chosen(&[template("de", Pending), template("en", Approved)], Some("de")).as_deref(), Ok("en"));
    assert!(matches!(chosen(&[template("de", Pending), template("en", Rejected)], Some("de")), Err(NoTemplate::Pending { .. })));
    let rejected = PageTemplate { reason: Some("TAG_SHOULD_BE_MARKETING".into()), ..template("en", Rejected) };
    let error = chosen(&[rejected], Some("de")).unwrap_err();
    assert!(error.to_string().contains("TAG_SHOULD_BE_MARKETING"), "{error}");
    assert_eq!(chosen(&[template("de", Approved)], Some("fr")), Err(NoTemplate::Missing));
    assert_eq!(choose(&all, NoticeKind::Receipt, None), Err(NoTemplate::Missing));
}

#[test]
fn metas_words_have_their_meaning() {
    for (word, status) in [
        ("APPROVED", TemplateStatus::Approved),
        ("approved", TemplateStatus::Approved),
        ("PENDING", TemplateStatus::Pending),
        ("REJECTED", TemplateStatus::Rejected),
        ("DISABLED", TemplateStatus::Paused),
        ("PENDING_DELETION", TemplateStatus::Deleted),
        ("NEVER_HEARD", TemplateStatus::Unknown),
    ] {
        assert_eq!(TemplateStatus::parse(word), status);
    }
}
