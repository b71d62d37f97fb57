use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000).plus(Duration::from_secs(seconds))
}

fn begun(cause: HoldCause) -> Hold {
    Hold::begin(PageId::new("1").unwrap(), cause, "Meta restricts the Page.", at(0))
}

#[test]
fn the_pauses_double_up_to_hours_for_a_restricted_page_and_to_minutes_for_a_dead_token() {
    let minutes = |cause| {
        let mut hold = begun(cause);
        let mut pauses = vec![hold.probe_at.since(at(0)).as_secs() / 60];
        for _ in 0..6 {
            hold = hold.again(cause, "still", at(0));
            pauses.push(hold.probe_at.since(at(0)).as_secs() / 60);
        }
        pauses
    };
    assert_eq!(minutes(HoldCause::Restricted), [30, 60, 120, 240, 240, 240, 240]);
    assert_eq!(minutes(HoldCause::NotApproved), minutes(HoldCause::Restricted));
    assert_eq!(minutes(HoldCause::Token), [1, 2, 4, 8, 15, 15, 15]);
}

#[test]
fn a_hold_ends_at_the_second_of_its_probe_or_when_it_is_lifted() {
    let hold = begun(HoldCause::Token);
    assert!(hold.holds_at(at(59)));
    assert!(!hold.holds_at(at(60)));
    assert!(!Hold { lifted: true, ..hold }.holds_at(at(0)));
}

#[test]
fn a_hold_that_goes_on_for_ever_does_not_overflow() {
    let hold = Hold { refused: u32::MAX, ..begun(HoldCause::Restricted) }.again(HoldCause::Restricted, "still", at(0));
    assert_eq!((hold.refused, hold.probe_at), (u32::MAX, at(4 * 3600)));
}

#[test]
fn a_hold_says_why_and_until_when() {
    let words = begun(HoldCause::Restricted).words();
    assert_eq!(words, "Meta restricts the Page. The Page is tried again at 2026-11-21 10:30 UTC.");
}
