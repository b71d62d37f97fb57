use proptest::prelude::*;

use super::*;
use crate::id::{PageId, UserId};
use crate::window::OpeningAction;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// When the customer wrote.
const WROTE: i64 = 1_795_255_200_000;

fn after(seconds: u64) -> Timestamp {
    Timestamp::from_millis(WROTE).plus(Duration::from_secs(seconds))
}

fn untouched() -> Conversation {
    Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), after(0))
}

/// A conversation in which the customer wrote once.
fn opened_by(action: OpeningAction) -> Conversation {
    let mut conversation = untouched();
    conversation.customer_wrote(after(0));
    conversation.open_window(action, after(0));
    conversation
}

/// The table: opening action, who wrote, how many seconds later, and what is decided.
#[test]
fn every_case() {
    use AuthorKind::{Agent, Bot, System};
    use OpeningAction::{FirstMessageAfterAd as Ad, Ordinary};
    let a_day = Refusal::OnlyPersons { closed_at: after(DAY), until: after(7 * DAY) };
    let a_week = Refusal::Closed { closed_at: after(DAY) };
    let cases = [
        (Ordinary, Agent, 0, Ok(Way::Response)),
        (Ordinary, Bot, 0, Ok(Way::Response)),
        (Ordinary, System, 0, Ok(Way::Response)),
        // The second before a day has passed, and that second.
        (Ordinary, Agent, DAY - 1, Ok(Way::Response)),
        (Ordinary, Bot, DAY - 1, Ok(Way::Response)),
        (Ordinary, Agent, DAY, Ok(Way::HumanAgent)),
        (Ordinary, Bot, DAY, Err(a_day)),
        (Ordinary, System, DAY, Err(a_day)),
        // The second before seven days have passed, and that second.
        (Ordinary, Agent, 7 * DAY - 1, Ok(Way::HumanAgent)),
        (Ordinary, Bot, 7 * DAY - 1, Err(a_day)),
        (Ordinary, Agent, 7 * DAY, Err(a_week)),
        (Ordinary, Bot, 7 * DAY, Err(a_week)),
        // After an ad the window itself lasts seven days; nothing is left for a person after it.
        (Ad, Bot, DAY, Ok(Way::Response)),
        (Ad, Agent, DAY, Ok(Way::Response)),
        (Ad, Bot, 7 * DAY - 1, Ok(Way::Response)),
        (Ad, Agent, 7 * DAY, Err(Refusal::Closed { closed_at: after(7 * DAY) })),
        (Ad, Bot, 7 * DAY, Err(Refusal::Closed { closed_at: after(7 * DAY) })),
    ];
    for (action, author, seconds, decided) in cases {
        assert_eq!(decide(&opened_by(action), author, after(seconds)), decided, "{action:?} {author:?} after {seconds} s");
    }
}

#[test]
fn nobody_writes_first() {
    for author in [AuthorKind::Agent, AuthorKind::Bot, AuthorKind::System] {
        assert_eq!(decide(&untouched(), author, after(0)), Err(Refusal::NeverWrote));
    }
}

#[test]
fn what_a_utility_template_says_knows_no_window_and_uses_it_while_it_is_open() {
    let subject = Subject { author: AuthorKind::System, has_utility: true };
    assert_eq!(decide(&untouched(), subject, after(0)), Ok(Way::Utility), "the customer never wrote");
    for (seconds, way) in [(0, Way::Response), (DAY - 1, Way::Response), (DAY, Way::Utility), (400 * DAY, Way::Utility)] {
        assert_eq!(decide(&opened_by(OpeningAction::Ordinary), subject, after(seconds)), Ok(way), "after {seconds} s");
    }
}

#[test]
fn a_reaction_opens_the_window_and_gives_a_person_no_seven_days() {
    let mut conversation = untouched();
    conversation.open_window(OpeningAction::Ordinary, after(0));
    assert_eq!(decide(&conversation, AuthorKind::Bot, after(DAY - 1)), Ok(Way::Response));
    assert_eq!(decide(&conversation, AuthorKind::Agent, after(DAY)), Err(Refusal::Closed { closed_at: after(DAY) }));
}

#[test]
fn the_platforms_verdict_counts_and_leaves_the_person_their_days() {
    let mut conversation = opened_by(OpeningAction::FirstMessageAfterAd);
    conversation.window_ends_at = Some(after(2 * DAY));
    assert_eq!(decide(&conversation, AuthorKind::Agent, after(2 * DAY)), Ok(Way::HumanAgent));
    assert!(matches!(decide(&conversation, AuthorKind::Bot, after(2 * DAY)), Err(Refusal::OnlyPersons { .. })));
}

#[test]
fn a_refusal_says_what_happened_and_what_remains() {
    let refusal = decide(&opened_by(OpeningAction::Ordinary), AuthorKind::Bot, after(2 * DAY)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "The messaging window closed at 2026-11-22 10:00 UTC, and what a bot or a system writes may only leave inside it."
    );
    let words: Vec<String> = refusal.remedies().iter().map(Remedy::words).collect();
    assert_eq!(words, ["It may leave once the customer writes.", "An agent may write to them until 2026-11-28 10:00 UTC."]);
}

proptest! {
    /// Whatever happened: a program never leaves outside the window, and nobody does seven days after the last message.
    #[test]
    fn automation_never_leaves_late_and_nothing_leaves_after_a_week(
        wrote in 0..20 * DAY,
        touched in 0..20 * DAY,
        now in 0..40 * DAY,
        by_agent: bool,
    ) {
        let mut conversation = untouched();
        conversation.customer_wrote(after(wrote));
        conversation.open_window(OpeningAction::Ordinary, after(wrote));
        conversation.open_window(OpeningAction::Ordinary, after(touched));
        let author = if by_agent { AuthorKind::Agent } else { AuthorKind::Bot };
        let open = now < wrote.max(touched) + DAY;
        match decide(&conversation, author, after(now)) {
            Ok(Way::Response) => prop_assert!(open),
            Ok(Way::HumanAgent) => prop_assert!(!open && by_agent && now < wrote + 7 * DAY),
            Ok(Way::Utility) => prop_assert!(false, "it has no template"),
            Err(_) => prop_assert!(!open && (!by_agent || now >= wrote + 7 * DAY)),
        }
    }
}
