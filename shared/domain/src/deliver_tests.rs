use super::*;
use crate::hold::HoldCause;
use crate::id::{PageId, UserId};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

#[test]
fn every_failure_says_when_the_job_may_come_again() {
    let pause = Duration::from_secs(7);
    let throttled = || StoreError::Unavailable { reason: "throttled".into() };
    let refused = || StoreError::Refused { reason: "too large".into() };
    let not_sent = || SendError::NotSent { reason: "down".into(), most_attempts: MOST_ATTEMPTS };
    for (error, retry) in [
        (DeliverError::Claim(throttled()), Retry::Backoff),
        (DeliverError::Claim(refused()), Retry::Never),
        (DeliverError::HeldElsewhere { until: NOW, pause }, Retry::After(pause)),
        (DeliverError::NotSent { source: not_sent(), pause }, Retry::After(pause)),
        (DeliverError::WindowOpened, Retry::After(AT_ONCE)),
        (DeliverError::Unrecorded(throttled()), Retry::After(LEASE)),
        (DeliverError::Unrecorded(refused()), Retry::After(LEASE)),
        (DeliverError::Busy, Retry::After(LEASE)),
    ] {
        assert_eq!(error.retry(), retry, "{error:?}");
    }
}

#[test]
fn every_answer_of_the_platform_has_its_class() {
    let pause = Duration::from_mins(1);
    let reason = || String::from("so");
    for (error, retry) in [
        (SendError::NotSent { reason: reason(), most_attempts: MOST_ATTEMPTS }, Retry::Backoff),
        (SendError::AskedToWait { reason: reason(), pause }, Retry::After(pause)),
        (SendError::Waits { on: WaitingFor::Window, reason: reason() }, Retry::Never),
        (SendError::PageHeld { cause: HoldCause::Token, reason: reason() }, Retry::Never),
        (SendError::Refused { reason: reason() }, Retry::Never),
        (SendError::OutOfReach { reason: reason() }, Retry::Never),
        (SendError::Unknown { reason: reason() }, Retry::Never),
    ] {
        assert_eq!(error.retry(), retry, "{error:?}");
    }
}

#[test]
fn the_sweep_looks_at_what_no_event_moves_on() {
    let minutes = |minutes: u64| Some(NOW.plus(Duration::from_mins(minutes)));
    let waiting = |on| Outcome::Waiting { on, reason: "so".into() };
    let unconfirmed = |since| Outcome::Unconfirmed { since, reason: "so".into(), for_a_person: false };
    for (outcome, due_at) in [
        (Outcome::Queued { reason: None }, minutes(2)),
        (Outcome::Sending { lease_until: NOW.plus(LEASE) }, minutes(3)),
        (unconfirmed(NOW), minutes(2)),
        (unconfirmed(NOW.minus(HOLD_FOR_UNCONFIRMED)), None),
        (unconfirmed(NOW.minus(HOLD_FOR_UNCONFIRMED).plus(Duration::from_millis(1))), Some(NOW.plus(Duration::from_millis(1)))),
        (waiting(WaitingFor::Page), minutes(0)),
        (waiting(WaitingFor::Thread), minutes(60)),
        (waiting(WaitingFor::Window), None),
        (Outcome::Unconfirmed { since: NOW, reason: "so".into(), for_a_person: true }, None),
        (Outcome::Sent { at: NOW }, None),
        (Outcome::Failed { reason: "so".into(), end: End::Refused }, None),
    ] {
        assert_eq!(outcome.due_at(NOW), due_at, "{outcome:?}");
    }
}

#[test]
fn only_what_was_sent_or_failed_has_ended() {
    for (outcome, ended) in [
        (Outcome::Queued { reason: None }, false),
        (Outcome::Sending { lease_until: NOW }, false),
        (Outcome::Unconfirmed { since: NOW, reason: "so".into(), for_a_person: false }, false),
        (Outcome::Waiting { on: WaitingFor::Page, reason: "so".into() }, false),
        (Outcome::Sent { at: NOW }, true),
        (Outcome::Failed { reason: "so".into(), end: End::Refused }, true),
    ] {
        assert_eq!(outcome.has_ended(), ended, "{outcome:?}");
    }
}

#[test]
fn all_attempts_together_take_from_23_to_47_minutes() {
    let shortest: Duration = (1..MOST_ATTEMPTS).map(|attempt| backoff(attempt, 0)).sum();
    assert!(shortest > Duration::from_mins(23), "{shortest:?}");
    assert!(shortest * 2 < Duration::from_mins(48), "{shortest:?}");
}

proptest! {
    #[test]
    fn messages_that_failed_together_come_back_apart(one: u128, other: u128) {
        let [one, other] = [one, other].map(|random| MessageId::new(NOW, random));
        prop_assert!(one == other || dice(&one) != dice(&other));
    }

    #[test]
    fn the_sweep_never_looks_before_the_lease_has_ended(seconds in 0_u64..600) {
        let lease_until = NOW.plus(Duration::from_secs(seconds));
        let due_at = Outcome::Sending { lease_until }.due_at(NOW).unwrap();
        prop_assert!(due_at > lease_until);
    }

    #[test]
    fn a_conversation_is_its_identity(page in "[0-9]{1,20}", user in "[0-9]{1,20}") {
        let id = ConversationId::of(&PageId::new(page).unwrap(), &UserId::new(user).unwrap());
        prop_assert_eq!(ConversationId::parse(id.as_str()), Some(id));
    }
}
