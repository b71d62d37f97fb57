//! Notices for a share of the customers, and what is counted of both arms.

use domain::notice::{NoticeId, NoticeKind, OrderId};
use domain::rollout::{
    Arm, Candidate, Chosen, Counters, Kind, Member, Placed, Report, Rollout, RolloutId, Setting, Share, State, StopReason, What, note,
    place, resume, set, stop_if_needed,
};
use futures::future::join_all;

use super::steps::Tried;
use super::{Outcome, Store};
use crate::ids::{MIA, PAGE, at, conversation_of, page};

/// A week, in seconds.
const WEEK: u64 = 7 * 24 * 3600;

fn id() -> RolloutId {
    RolloutId::of(&page(PAGE), Kind::Receipt)
}

fn notice(number: u64) -> NoticeId {
    NoticeId::of(&OrderId::of(&page(PAGE), &number.to_string()), "receipt")
}

async fn set_to(store: &impl Store, percent: &str) -> Tried<Rollout> {
    let share = Share::parse_percent(percent).ok_or("it is a percentage")?;
    Ok(set(store, &page(PAGE), Kind::Receipt, &Setting { share: Some(share), ..Setting::default() }, at(0)).await?)
}

async fn placed(store: &impl Store, number: u64) -> Tried<Placed> {
    let (page, notice, customer, conversation) = (page(PAGE), notice(number), number.to_string(), conversation_of(MIA));
    let kind = NoticeKind::Receipt;
    let candidate =
        Candidate { page: &page, kind, notice: &notice, customer_key: &customer, conversation: Some(&conversation), agreed: true };
    Ok(place(store, &candidate, at(1)).await?)
}

pub async fn a_rollout_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    assert_eq!((store.rollout(&id()).await?, store.rollouts().await?), (None, Vec::new()));
    let first = Rollout::begin(page(PAGE), Kind::Receipt, Share::EVERYBODY, at(0));
    assert!(store.put_rollout(&first).await?);
    assert!(!store.put_rollout(&first).await?, "there is one already");
    let state = State::Stopped { reason: StopReason::Blocked { blocked: 3, of: 100 }, at: at(5) };
    let next = Rollout { revision: 1, state, resumed_from: Counters { sent: 9, ..Counters::default() }, ..first };
    assert!(store.put_rollout(&next).await?);
    assert!(!store.put_rollout(&next).await?, "it changed since it was read");
    let stored = Rollout { revision: 2, ..next };
    assert_eq!((store.rollout(&id()).await?, store.rollouts().await?), (Some(stored.clone()), vec![stored]));
    Ok(())
}

pub async fn one_of_several_changes_of_a_rollout_at_once_is_written(store: &impl Store) -> Outcome {
    let first = Rollout::begin(page(PAGE), Kind::Receipt, Share::EVERYBODY, at(0));
    let written = join_all((0..8).map(|_| store.put_rollout(&first))).await;
    let written: Vec<bool> = written.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(written.iter().filter(|written| **written).count(), 1);
    Ok(())
}

pub async fn a_notice_is_chosen_and_counted_once(store: &impl Store) -> Outcome {
    let rollout = set_to(store, "100").await?;
    let member = Member {
        rollout: rollout.id,
        arm: Arm::Notified,
        notice: notice(1),
        conversation: Some(conversation_of(MIA)),
        chosen_at: at(1),
        noted: std::collections::BTreeMap::new(),
    };
    assert_eq!(store.member(&id(), &notice(1)).await?, None);
    assert_eq!(store.choose(&member).await?, Chosen::First);
    let other = Member { arm: Arm::HoldOut, ..member.clone() };
    assert_eq!(store.choose(&other).await?, Chosen::Before(Box::new(member.clone())));
    assert_eq!(store.member(&id(), &notice(1)).await?, Some(member));
    let chosen = Counters { chosen: 1, ..Counters::default() };
    assert_eq!(store.report(&id()).await?, Report { notified: chosen, hold_out: Counters::default() });
    Ok(())
}

pub async fn what_happens_to_a_notice_is_counted_once(store: &impl Store) -> Outcome {
    set_to(store, "100").await?;
    placed(store, 1).await?;
    assert!(!note(store, &id(), &notice(2), What::Sent, at(2)).await?, "a notice of no rollout");
    for (again, expected) in [(false, true), (true, false)] {
        for what in What::ALL {
            assert_eq!(note(store, &id(), &notice(1), what, at(2)).await?, expected, "{what:?} again: {again}");
        }
    }
    let all = Counters { chosen: 1, sent: 1, delivered: 1, read: 1, answered: 1, blocked: 1, failed: 1, case_opened: 1 };
    assert_eq!(store.report(&id()).await?, Report { notified: all, hold_out: Counters::default() });
    let member = store.member(&id(), &notice(1)).await?.ok_or("it is a member")?;
    assert_eq!(member.noted.len(), What::ALL.len());
    assert!(!store.mark(&member, What::Read, at(3)).await?, "also when the rule does not look");
    Ok(())
}

pub async fn many_notices_at_once_are_all_counted(store: &impl Store) -> Outcome {
    set_to(store, "30").await?;
    let arms = join_all((0..40).map(|number| async move { placed(store, number).await.map(|placed| placed.arm) })).await;
    let arms: Vec<Arm> = arms.into_iter().collect::<Result<_, _>>()?;
    let notified = arms.iter().filter(|arm| **arm == Arm::Notified).count() as u64;
    join_all((0..40).map(|number| async move { note(store, &id(), &notice(number), What::Answered, at(2)).await }))
        .await
        .into_iter()
        .collect::<Result<Vec<bool>, _>>()?;
    let report = store.report(&id()).await?;
    assert_eq!((report.notified.chosen, report.hold_out.chosen), (notified, 40 - notified));
    assert_eq!((report.notified.answered, report.hold_out.answered), (notified, 40 - notified));
    Ok(())
}

pub async fn an_answer_after_seven_days_is_not_counted(store: &impl Store) -> Outcome {
    set_to(store, "100").await?;
    placed(store, 1).await?;
    note(store, &id(), &notice(1), What::Sent, at(100)).await?;
    assert!(!note(store, &id(), &notice(1), What::CaseOpened, at(101 + WEEK)).await?);
    assert!(note(store, &id(), &notice(1), What::Answered, at(100 + WEEK)).await?);
    Ok(())
}

pub async fn a_notice_stays_in_its_arm_when_the_share_changes(store: &impl Store) -> Outcome {
    set_to(store, "100").await?;
    assert_eq!(placed(store, 1).await?, Placed { arm: Arm::Notified, rollout: Some(id()) });
    set_to(store, "0").await?;
    assert_eq!(placed(store, 1).await?.arm, Arm::Notified);
    assert_eq!(placed(store, 2).await?, Placed { arm: Arm::HoldOut, rollout: Some(id()) });
    let report = store.report(&id()).await?;
    assert_eq!((report.notified.chosen, report.hold_out.chosen), (1, 1));
    Ok(())
}

pub async fn without_a_rollout_everybody_is_notified(store: &impl Store) -> Outcome {
    assert_eq!(placed(store, 1).await?, Placed { arm: Arm::Notified, rollout: None });
    assert_eq!(store.report(&id()).await?, Report::default());
    assert_eq!(stop_if_needed(store, &id(), at(1)).await?, None);
    Ok(())
}

pub async fn too_many_blocks_stop_a_rollout_and_a_person_resumes_it(store: &impl Store) -> Outcome {
    set_to(store, "100").await?;
    for number in 0..50 {
        placed(store, number).await?;
        note(store, &id(), &notice(number), What::Sent, at(2)).await?;
        if number < 2 {
            note(store, &id(), &notice(number), What::Blocked, at(3)).await?;
        }
    }
    let reason = StopReason::Blocked { blocked: 2, of: 50 };
    assert_eq!(stop_if_needed(store, &id(), at(4)).await?, Some(reason.clone()));
    assert_eq!(stop_if_needed(store, &id(), at(5)).await?, None, "it is stopped");
    let stopped = store.rollout(&id()).await?.ok_or("it is there")?;
    assert_eq!(stopped.state, State::Stopped { reason, at: at(4) });
    assert_eq!(placed(store, 99).await?, Placed { arm: Arm::HoldOut, rollout: None }, "held out without chance, so not counted");
    assert_eq!(placed(store, 1).await?.arm, Arm::HoldOut, "stopped is stopped");
    assert!(resume(store, &id(), at(6)).await?.is_running());
    assert_eq!(stop_if_needed(store, &id(), at(7)).await?, None, "what was counted before does not stop it again");
    assert_eq!(placed(store, 1).await?.arm, Arm::Notified);
    Ok(())
}
