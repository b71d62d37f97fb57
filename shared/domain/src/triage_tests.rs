use super::*;
use crate::id::{PageId, UserId};
use crate::time::Timestamp;

fn conversation() -> Conversation {
    let begun = Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), Timestamp::from_millis(1000));
    Conversation { unread_count: 3, unanswered_since: Some(Timestamp::from_millis(1000)), assignee: Some("agt_1".into()), ..begun }
}

#[test]
fn what_a_decision_does_not_name_stays() {
    let mut next = conversation();
    apply(&mut next, &Decision::default());
    assert_eq!(next, conversation());
}

#[test]
fn a_status_moves_and_the_case_keeps_its_number_and_its_opening() {
    let mut next = conversation();
    apply(&mut next, &Decision { status: Some(Status::Resolved), ..Decision::default() });
    assert_eq!(next.case, Case { status: Status::Resolved, ..conversation().case });
    assert_eq!((next.unread_count, next.assignee.as_deref()), (0, Some("agt_1")));
    assert_eq!(next.unanswered_since, None, "nobody waits for an answer any more");
    apply(&mut next, &Decision { status: Some(Status::Open), ..Decision::default() });
    assert_eq!(next.case, conversation().case);
}

#[test]
fn an_assignment_replaces_another_and_everybody_replaces_it() {
    let mut next = conversation();
    apply(&mut next, &Decision { assignment: Some(Assignment::To("agt_2".into())), ..Decision::default() });
    assert_eq!((next.assignee.as_deref(), next.unread_count), (Some("agt_2"), 3));
    apply(&mut next, &Decision { assignment: Some(Assignment::Everybody), ..Decision::default() });
    assert_eq!(next.assignee, None);
}
