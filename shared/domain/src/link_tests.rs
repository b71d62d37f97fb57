use std::time::Duration;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);
/// Meta's limit.
const META_ALLOWS: usize = 2083;

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn page() -> PageId {
    PageId::new("108234567890123").unwrap()
}

fn target() -> LinkTarget {
    LinkTarget {
        page: page(),
        order: Some("20418".into()),
        email: EmailHash::of("mia@example.com"),
        customer_id: Some("gid://shopify/Customer/6940095564".into()),
        consent: Some(WordsId::of("Send me my order's news in Messenger.")),
    }
}

fn expiry() -> Timestamp {
    NOW.plus(Duration::from_hours(24 * 30))
}

fn made(target: &LinkTarget) -> Reference {
    make(&secret("one"), target, expiry()).unwrap()
}

fn read_by(secrets: &[&str], reference: &str, now: Timestamp) -> Result<LinkTarget, LinkError> {
    let secrets: Vec<Secret> = secrets.iter().map(|text| secret(text)).collect();
    read(&secrets, reference, &page(), now)
}

#[test]
fn a_target_is_read_as_it_was_written() {
    let only = |order: Option<&str>, email: Option<&str>, customer: Option<&str>| LinkTarget {
        page: page(),
        order: order.map(str::to_owned),
        email: email.and_then(EmailHash::of),
        customer_id: customer.map(str::to_owned),
        consent: None,
    };
    for target in [
        target(),
        only(Some("1001"), None, None),
        only(None, Some("a@b.c"), None),
        only(None, None, Some("7")),
        only(Some("№ 7"), None, None),
    ] {
        assert_eq!(read_by(&["one"], made(&target).as_str(), NOW), Ok(target));
    }
}

#[test]
fn the_same_target_is_the_same_reference_and_nothing_of_it_is_readable() {
    let reference = made(&target());
    assert_eq!(made(&target()), reference);
    let bytes = URL_SAFE_NO_PAD.decode(reference.as_str().strip_prefix("sb1-").unwrap()).unwrap();
    let hash = EmailHash::of("mia@example.com").unwrap().to_bytes();
    let shows = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(!shows(b"20418") && !shows(b"shopify") && !shows(&hash[..4]));
}

#[test]
fn a_reference_ends_with_its_last_second() {
    let reference = made(&target());
    let last = expiry().minus(Duration::from_millis(1));
    assert!(read_by(&["one"], reference.as_str(), last).is_ok());
    assert_eq!(read_by(&["one"], reference.as_str(), expiry()), Err(LinkError::Expired));
}

#[test]
fn a_rotated_secret_still_opens_and_a_removed_one_no_more() {
    let reference = made(&target());
    assert!(read_by(&["two", "one"], reference.as_str(), NOW).is_ok());
    assert_eq!(read_by(&["two"], reference.as_str(), NOW), Err(LinkError::Tampered));
    assert_eq!(read_by(&[], reference.as_str(), NOW), Err(LinkError::Tampered));
}

#[test]
fn a_reference_is_good_on_its_own_page_only() {
    let other = PageId::new("2").unwrap();
    assert_eq!(read(&[secret("one")], made(&target()).as_str(), &other, NOW), Err(LinkError::OtherPage));
}

#[test]
fn what_is_not_ours_is_told_at_a_glance() {
    for foreign in ["", "summer", "sb1", "sb2-AAAA", "SB1-AAAA", "sb1-AA AA", "sb1-é", &format!("sb1-{}", "A".repeat(2000))] {
        assert!(!looks_like(foreign), "{foreign}");
        assert_eq!(read_by(&["one"], foreign, NOW), Err(LinkError::Malformed), "{foreign}");
    }
    assert!(looks_like(made(&target()).as_str()));
    for broken in ["sb1-", "sb1-AAAA", "sb1-===="] {
        assert_eq!(read_by(&["one"], broken, NOW), Err(LinkError::Malformed), "{broken}");
    }
}

#[test]
fn what_names_nobody_or_too_much_is_refused() {
    let nothing = LinkTarget { order: None, email: None, customer_id: None, ..target() };
    assert_eq!(make(&secret("one"), &nothing, NOW), Err(TargetError::Nothing));
    for bad in ["", "  ", &"1".repeat(LONGEST_NAME + 1)] {
        assert_eq!(make(&secret("one"), &LinkTarget { order: Some(bad.into()), ..target() }, NOW), Err(TargetError::Order));
        assert_eq!(make(&secret("one"), &LinkTarget { customer_id: Some(bad.into()), ..target() }, NOW), Err(TargetError::Customer));
    }
}

#[test]
fn the_address_carries_page_and_reference() {
    let reference = made(&target());
    assert_eq!(reference.url(&page()), format!("https://m.me/108234567890123?ref={reference}"));
    assert!(reference.url(&PageId::new("a/b?c").unwrap()).starts_with("https://m.me/a%2Fb%3Fc?ref=sb1-"));
}

proptest! {
    #[test]
    fn a_flipped_character_is_refused(place: proptest::sample::Index, to in "[A-Za-z0-9_=-]") {
        let reference = made(&target()).as_str().to_owned();
        let at = place.index(reference.len());
        let mut flipped = reference.clone();
        flipped.replace_range(at..=at, &to);
        prop_assume!(flipped != reference);
        prop_assert!(matches!(read_by(&["one"], &flipped, NOW), Err(LinkError::Malformed | LinkError::Tampered)));
    }

    #[test]
    fn length_and_alphabet_hold(order in "\\PC{1,16}", customer in "\\PC{1,16}", has_email: bool, has_words: bool) {
        let full = target();
        let target = LinkTarget {
            order: Some(format!("#{order}")).filter(|order| order.len() <= LONGEST_NAME),
            customer_id: Some(format!("c{customer}")).filter(|id| id.len() <= LONGEST_NAME),
            email: full.email.filter(|_| has_email),
            consent: full.consent.filter(|_| has_words),
            page: full.page,
        };
        prop_assume!(target.order.is_some() || target.customer_id.is_some() || target.email.is_some());
        let reference = made(&target);
        prop_assert!(reference.as_str().len() <= LONGEST_REFERENCE && LONGEST_REFERENCE <= META_ALLOWS);
        prop_assert!(reference.as_str().bytes().all(is_of_the_alphabet));
        prop_assert_eq!(read_by(&["one"], reference.as_str(), NOW), Ok(target));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(sb1-)?\\PC{0,80}") {
        prop_assert!(read_by(&["one"], &text, NOW).is_err());
    }
}

#[test]
fn the_longest_of_all_is_within_its_limit() {
    let longest = LinkTarget { order: Some("1".repeat(LONGEST_NAME)), customer_id: Some("c".repeat(LONGEST_NAME)), ..target() };
    let length = made(&longest).as_str().len();
    assert!(length <= LONGEST_REFERENCE, "{length}");
    let usual = LinkTarget { customer_id: None, ..target() };
    assert!(made(&usual).as_str().len() < 120);
}
