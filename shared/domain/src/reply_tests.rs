use super::*;
use crate::id::MessageId;
use crate::id::{PageId, UserId};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

fn open(last_outbound_at: Option<Timestamp>) -> OpenConversation {
    let begun = Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), NOW);
    OpenConversation { conversation: Conversation { last_outbound_at, ..begun }, pending: Vec::new() }
}

#[test]
fn a_reply_is_accepted_now_or_just_after_the_last_message_of_ours() {
    let millisecond = Duration::from_millis(1);
    for (last, expected) in [
        (None, NOW),
        (Some(NOW.minus(Duration::from_hours(1))), NOW),
        (Some(NOW.minus(millisecond)), NOW),
        (Some(NOW), NOW.plus(millisecond)),
        (Some(NOW.plus(CLOCK_SKEW).minus(millisecond)), NOW.plus(CLOCK_SKEW)),
        // A moment that far ahead is nonsense, and nothing is to be ordered after it.
        (Some(NOW.plus(CLOCK_SKEW)), NOW),
    ] {
        assert_eq!(accepted_at(&open(last), NOW), expected, "{last:?}");
    }
}

#[test]
fn the_longest_reply_is_counted_in_utf16_units() {
    assert_eq!(parts(&"x".repeat(LONGEST_REPLY)).unwrap().len(), 10);
    assert!(matches!(parts(&"x".repeat(LONGEST_REPLY + 1)), Err(ReplyError::TextTooLong)));
    assert!(parts(&"😀".repeat(LONGEST_REPLY / 2)).is_ok());
    assert!(matches!(parts(&"😀".repeat(LONGEST_REPLY / 2 + 1)), Err(ReplyError::TextTooLong)));
    assert!(matches!(parts(" \n"), Err(ReplyError::BlankText)));
}

proptest! {
    #[test]
    fn one_reply_after_another_sorts_after_it(steps in proptest::collection::vec((0_u64..3, any::<u128>()), 2..30)) {
        let mut open = open(None);
        let mut now = NOW;
        let mut ids = Vec::new();
        for (milliseconds, random) in steps {
            now = now.plus(Duration::from_millis(milliseconds));
            let at = accepted_at(&open, now);
            ids.push(MessageId::new(at, random));
            open.conversation.page_wrote(true, at);
        }
        prop_assert!(ids.is_sorted());
    }
}
