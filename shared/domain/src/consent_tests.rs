use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000 + second * 1000)
}

fn page() -> PageId {
    PageId::new("1").unwrap()
}

fn conversation() -> Subject {
    Subject::Conversation { conversation: ConversationId::of(&page(), &crate::id::UserId::new("2").unwrap()) }
}

fn email() -> Subject {
    Subject::Email { page: page(), email: EmailHash::of("mia@example.com").unwrap() }
}

fn entry(subject: Subject, second: i64, given: bool, origin: Origin) -> Entry {
    let purpose = Purpose::OrderUpdates;
    Entry { subject, at: at(second), purpose, channel: Channel::Messenger, given, words: "words".into(), origin, event: "e".into() }
}

fn said(second: i64, given: bool) -> Entry {
    entry(conversation(), second, given, Origin::CustomerMessage)
}

fn ticked(second: i64, given: bool) -> Entry {
    entry(email(), second, given, Origin::Checkout)
}

fn now(entries: &[Entry]) -> Standing {
    standing(entries, Channel::Messenger)
}

#[test]
fn nobody_was_asked_whose_ledger_is_empty() {
    assert_eq!(now(&[]), Standing::NotAsked);
    assert_eq!(standing(&[said(1, true)], Channel::Email), Standing::NotAsked, "each channel by itself");
}

#[test]
fn the_newest_entry_counts_whatever_the_order_in_which_they_are_read() {
    assert_eq!(now(&[ticked(1, false), ticked(2, true)]), Standing::Given);
    assert_eq!(now(&[ticked(2, true), ticked(1, false)]), Standing::Given);
    assert_eq!(now(&[ticked(1, true), ticked(2, false)]), Standing::Withdrawn);
    assert_eq!(now(&[said(1, true), said(1, false)]), Standing::Withdrawn, "of one moment the withdrawal");
}

#[test]
fn a_checkout_after_a_stop_does_not_bring_notices_back() {
    let stop = said(1, false);
    assert_eq!(now(&[stop.clone(), ticked(2, true), ticked(3, true)]), Standing::Withdrawn);
    assert_eq!(now(&[stop.clone(), entry(email(), 2, true, Origin::Api)]), Standing::Withdrawn);
    for own in [Origin::CustomerMessage, Origin::LinkTap, Origin::OptInEvent] {
        assert_eq!(now(&[stop.clone(), ticked(2, true), entry(conversation(), 3, true, own)]), Standing::Given, "{own:?}");
    }
}

#[test]
fn after_a_start_a_checkout_counts_again() {
    assert_eq!(now(&[said(1, false), said(2, true), ticked(3, false), ticked(4, true)]), Standing::Given);
    assert_eq!(now(&[said(1, true), said(2, false), ticked(0, true)]), Standing::Withdrawn);
}

#[test]
fn a_start_undoes_a_no_under_any_name_and_is_no_yes_of_itself() {
    assert_eq!(now(&[said(1, true)]), Standing::NotAsked);
    assert_eq!(now(&[ticked(1, false), said(2, true)]), Standing::Withdrawn, "an empty box is undone by the next box");
    assert_eq!(now(&[entry(email(), 1, false, Origin::Api), said(2, true)]), Standing::Given);
    assert_eq!(now(&[ticked(1, false), entry(conversation(), 2, true, Origin::LinkTap)]), Standing::Given);
}

#[test]
fn a_box_that_was_left_alone_is_not_a_persons_no() {
    assert_eq!(now(&[ticked(1, false), ticked(2, true)]), Standing::Given);
    assert_eq!(now(&[entry(email(), 1, false, Origin::Api), ticked(2, true)]), Standing::Withdrawn);
}

#[test]
fn what_stays_of_an_erased_no_is_a_no() {
    let rest = refusal(&[said(1, false), ticked(2, true)], Channel::Messenger).unwrap();
    assert_eq!((rest.words.as_str(), rest.event.as_str(), rest.at), ("", "", at(1)));
    assert_eq!(now(&[rest, ticked(9, true)]), Standing::Withdrawn);
    assert_eq!(refusal(&[said(1, false), said(2, true)], Channel::Messenger), None);
    assert_eq!(refusal(&[ticked(1, false)], Channel::Messenger), None, "nobody said no");
}

#[test]
fn the_same_entry_has_the_same_id_and_another_another() {
    assert_eq!(said(1, false).id(), said(1, false).id());
    assert_ne!(said(1, false).id(), said(1, true).id());
    assert_ne!(said(1, false).id(), Entry { words: "other".into(), ..said(1, false) }.id());
    assert!(said(1, true).id() < said(2, false).id(), "ids sort as time does");
    assert_eq!(EntryId::parse(said(1, true).id().as_str()), Some(said(1, true).id()));
}

#[test]
fn subjects_are_told_apart_and_their_digests_name_nobody() {
    let other_page = Subject::Email { page: PageId::new("2").unwrap(), email: EmailHash::of("mia@example.com").unwrap() };
    let customer = Subject::Customer { page: page(), customer: "mia@example.com".into() };
    let digests: std::collections::BTreeSet<String> = [conversation(), email(), other_page, customer].iter().map(Subject::digest).collect();
    assert_eq!(digests.len(), 4);
    assert!(digests.iter().all(|digest| digest.len() == 26));
}

#[test]
fn words_and_event_are_bounded_by_whole_characters() {
    let bounded = Entry { words: "é".repeat(900), event: "é".repeat(900), ..said(1, true) }.bounded();
    assert_eq!((bounded.words.chars().count(), bounded.event.len()), (LONGEST_WORDS, LONGEST_EVENT));
}
