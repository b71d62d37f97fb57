use proptest::prelude::*;

use super::*;

fn at(hours: u64) -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000).plus(Duration::from_hours(hours))
}

fn percent(text: &str) -> Share {
    Share::parse_percent(text).unwrap()
}

fn rollout(share: &str) -> Rollout {
    Rollout::begin(PageId::new("1").unwrap(), Kind::Receipt, percent(share), at(0))
}

fn notified_of_ten_thousand(rollout: &Rollout) -> usize {
    (0..10_000).filter(|number| arm(rollout, &format!("customer {number}")) == Arm::Notified).count()
}

#[test]
fn the_share_of_ten_thousand_is_within_one_percent() {
    assert_eq!(notified_of_ten_thousand(&rollout("0")), 0);
    assert_eq!(notified_of_ten_thousand(&rollout("100")), 10_000);
    for salt in ["one", "two", "three"] {
        let notified = notified_of_ten_thousand(&Rollout { salt: salt.into(), ..rollout("30") });
        assert!((2_900..=3_100).contains(&notified), "{notified} with {salt}");
    }
}

#[test]
fn another_salt_chooses_others() {
    let [one, two] = ["one", "two"].map(|salt| Rollout { salt: salt.into(), ..rollout("50") });
    let differ = (0..1000).filter(|number| arm(&one, &number.to_string()) != arm(&two, &number.to_string())).count();
    assert!((400..600).contains(&differ), "{differ}");
}

#[test]
fn a_stopped_rollout_holds_everybody_out() {
    let stopped = Rollout { state: State::Stopped { reason: StopReason::ByHand, at: at(1) }, ..rollout("100") };
    assert_eq!(notified_of_ten_thousand(&stopped), 0);
}

#[test]
fn percentages_are_read_exactly_and_written_as_they_were() {
    for (text, points) in [("0", 0), ("5", 500), ("2.5", 250), ("99.99", 9_999), ("0.01", 1), ("100", 10_000)] {
        assert_eq!(percent(text).basis_points(), points, "{text}");
        assert_eq!(percent(text).to_string(), text);
    }
    assert_eq!(percent("100.00"), Share::EVERYBODY);
    assert_eq!(percent("5.0"), percent("5"));
    for wrong in ["", ".", ".5", "-1", "+5", "100.01", "101", "5.005", "1e2", "5 ", "٥", "99999999999", "655.36"] {
        assert_eq!(Share::parse_percent(wrong), None, "{wrong}");
    }
}

fn counted(sent: u64, blocked: u64, failed: u64) -> Counters {
    Counters { sent, blocked, failed, ..Counters::default() }
}

#[test]
fn a_rollout_stops_above_its_limits_and_not_at_them() {
    let rollout = rollout("5");
    assert_eq!(verdict(&rollout, &counted(100, 2, 0)), None);
    assert_eq!(verdict(&rollout, &counted(100, 3, 0)), Some(StopReason::Blocked { blocked: 3, of: 100 }));
    assert_eq!(verdict(&rollout, &counted(80, 0, 20)), None);
    assert_eq!(verdict(&rollout, &counted(79, 0, 21)), Some(StopReason::Failed { failed: 21, of: 100 }));
}

#[test]
fn too_few_tries_say_nothing() {
    let rollout = rollout("5");
    assert_eq!(verdict(&rollout, &counted(0, 0, 49)), None);
    assert_eq!(verdict(&rollout, &counted(0, 0, 50)), Some(StopReason::Failed { failed: 50, of: 50 }));
}

#[test]
fn what_was_counted_before_it_was_resumed_does_not_stop_it_again() {
    let resumed = Rollout { resumed_from: counted(79, 3, 21), ..rollout("5") };
    assert_eq!(verdict(&resumed, &counted(120, 3, 22)), None);
    assert_eq!(verdict(&resumed, &counted(120, 9, 31)), Some(StopReason::Blocked { blocked: 6, of: 51 }));
}

fn member() -> Member {
    let order = crate::notice::OrderId::of(&PageId::new("1").unwrap(), "1001");
    Member {
        rollout: rollout("5").id,
        arm: Arm::Notified,
        notice: NoticeId::of(&order, "receipt"),
        conversation: None,
        chosen_at: at(0),
        noted: BTreeMap::new(),
    }
}

#[test]
fn an_answer_counts_for_seven_days_from_the_notice_and_for_who_was_held_out_from_the_choice() {
    let sent = Member { noted: BTreeMap::from([(What::Sent, at(24))]), ..member() };
    for what in [What::Answered, What::CaseOpened, What::Blocked] {
        assert!(member().counts(what, at(7 * 24)) && sent.counts(what, at(8 * 24)), "{what:?}");
        let later = Duration::from_millis(1);
        assert!(!member().counts(what, at(7 * 24).plus(later)) && !sent.counts(what, at(8 * 24).plus(later)), "{what:?}");
        assert!(!sent.counts(what, at(23)), "before the notice");
    }
    assert!(member().counts(What::Read, at(1000)), "it arrives when it arrives");
}

#[test]
fn each_thing_counts_once() {
    let read = Member { noted: BTreeMap::from([(What::Read, at(1))]), ..member() };
    assert!(!read.counts(What::Read, at(2)));
    assert!(read.counts(What::Answered, at(2)));
}

#[test]
fn there_is_one_rollout_for_each_page_and_kind() {
    let [one, two] = ["1", "2"].map(|page| PageId::new(page).unwrap());
    assert_eq!(RolloutId::of(&one, Kind::Receipt), RolloutId::of(&one, Kind::of(NoticeKind::Refunded)));
    assert_ne!(RolloutId::of(&one, Kind::Receipt), RolloutId::of(&one, Kind::of(NoticeKind::Delayed)));
    assert_ne!(RolloutId::of(&one, Kind::Receipt), RolloutId::of(&two, Kind::Receipt));
    let id = RolloutId::of(&one, Kind::Receipt);
    assert_eq!(RolloutId::parse(id.as_str()), Some(id));
}

proptest! {
    #[test]
    fn a_growing_share_moves_nobody_out(customer in "\\PC{0,40}", salt in "\\PC{1,20}", small in 0_u16..=10_000, more in 0_u16..=10_000) {
        let (low, high) = (small.min(more), small.max(more));
        let [low, high] = [low, high].map(|points| Rollout {
            share: Share::from_basis_points(points).unwrap(), salt: salt.clone(), ..rollout("0")
        });
        prop_assert!(arm(&low, &customer) == Arm::HoldOut || arm(&high, &customer) == Arm::Notified);
        prop_assert_eq!(arm(&low, &customer), arm(&low, &customer));
    }

    #[test]
    fn every_share_is_read_as_it_is_written(points in 0_u16..=10_000) {
        let share = Share::from_basis_points(points).unwrap();
        prop_assert_eq!(Share::parse_percent(&share.to_string()), Some(share));
    }
}
