use super::*;
use crate::id::{PageId, UserId};

fn checked_at(checked: Option<Timestamp>) -> Conversation {
    let begun = Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), Timestamp::from_millis(0));
    Conversation { name_checked_at: checked, ..begun }
}

#[test]
fn a_name_is_stale_the_millisecond_after_a_week() {
    let checked = Timestamp::from_millis(1_795_255_200_000);
    assert!(is_stale(&checked_at(None), checked));
    assert!(!is_stale(&checked_at(Some(checked)), checked.plus(FRESH_FOR)));
    assert!(is_stale(&checked_at(Some(checked)), checked.plus(FRESH_FOR).plus(Duration::from_millis(1))));
    assert!(!is_stale(&checked_at(Some(checked)), checked.minus(FRESH_FOR)), "a clock that went back asks nobody");
}

#[test]
fn a_look_up_fails_as_what_it_asked_failed() {
    let pause = Duration::from_mins(3);
    for (error, retry) in [
        (LookUpError::Store(StoreError::Unavailable { reason: "throttled".into() }), Retry::Backoff),
        (LookUpError::Store(StoreError::Refused { reason: "too large".into() }), Retry::Never),
        (LookUpError::Profile(ProfileError::Unavailable { reason: "down".into() }), Retry::Backoff),
        (LookUpError::Profile(ProfileError::AskedToWait { reason: "slowly".into(), pause }), Retry::After(pause)),
        (LookUpError::Profile(ProfileError::Refused { reason: "no token".into() }), Retry::Never),
        (LookUpError::Busy, Retry::Backoff),
    ] {
        assert_eq!(error.retry(), retry, "{error:?}");
    }
}
