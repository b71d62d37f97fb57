//! When a post that failed is tried again.

use std::time::Duration;

/// The pauses after the first attempt, the second, and so on: 28 hours in all, as Standard Webhooks advises.
const PLAN: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// How often a delivery is tried, before somebody asks for it again.
pub const MOST_TRIES: u32 = 8;

/// The longest pause that an endpoint may ask for; a queue hides a job for twelve hours at most.
const LONGEST_ASKED: Duration = Duration::from_hours(10);

/// Returns the pause after `tries` failed attempts, a tenth shorter or longer by `dice`; nothing after the last. When the endpoint `asked`
/// for a longer one, it gets it, up to ten hours.
#[must_use]
pub fn pause(tries: u32, asked: Option<Duration>, dice: u64) -> Option<Duration> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    let planned = jittered(*PLAN.get(index)?, dice);
    Some(asked.map_or(planned, |asked| planned.max(asked.min(LONGEST_ASKED))))
}

/// Takes a tenth off, and adds up to a fifth.
fn jittered(pause: Duration, dice: u64) -> Duration {
    let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(ms - ms / 10 + dice % (ms / 5 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_plan_reaches_over_28_hours_and_ends() {
        let minutes = PLAN.iter().sum::<Duration>().as_secs() / 60;
        assert!((27 * 60 + 30..28 * 60 + 30).contains(&minutes), "{minutes}");
        assert!(pause(MOST_TRIES - 1, None, 0).is_some());
        assert_eq!(pause(MOST_TRIES, None, 0), None);
        assert_eq!(pause(0, None, 0), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_more_but_not_for_less_and_not_for_ever() {
        assert!(pause(2, Some(Duration::from_secs(1)), 0) > Some(Duration::from_mins(4)));
        assert_eq!(pause(1, Some(Duration::from_mins(7)), 0), Some(Duration::from_mins(7)));
        assert_eq!(pause(1, Some(Duration::from_hours(1000)), 0), Some(Duration::from_hours(10)));
        assert_eq!(pause(MOST_TRIES, Some(Duration::from_secs(1)), 0), None, "the last attempt is the last");
    }

    proptest! {
        #[test]
        fn a_pause_is_within_a_tenth_of_the_plan_and_below_twelve_hours(tries in 1_u32..MOST_TRIES, dice: u64) {
            let planned = PLAN[tries as usize - 1].as_millis();
            let pause = pause(tries, None, dice).unwrap();
            prop_assert!(pause.as_millis() * 10 >= planned * 9 && pause.as_millis() * 10 <= planned * 11 + 10);
            prop_assert!(pause < Duration::from_hours(12));
        }
    }
}
