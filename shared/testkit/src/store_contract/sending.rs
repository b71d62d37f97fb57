//! The exclusive right to send a message.

use domain::message::{End, Outcome as Sending, WaitingFor};
use domain::ports::{Claim, Saved};
use futures::future::join_all;

use super::steps::{accepted, begun, claimed, read_message};
use super::{Outcome, Store};
use crate::ids::{at, key_of, message_id};
use crate::messages::{outcome, with_outcome};

pub async fn a_queued_message_is_claimed_with_a_lease(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    assert_eq!(outcome(&ours), Some(&Sending::Sending { lease_until: at(160) }));
    assert_eq!(ours.sending.as_ref().map(|sending| sending.attempts), Some(1));
    assert_eq!(ours.revision, 2);
    assert_eq!(read_message(store, &message).await?, ours);
    Ok(())
}

pub async fn a_claim_makes_what_was_read_before_stale(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let before = read_message(store, &message).await?;
    claimed(store, &message).await?;
    assert_eq!(store.save(&before, None).await?, Saved::Stale);
    Ok(())
}

pub async fn a_held_message_is_not_claimed_until_its_lease_ends(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    let again = store.claim(&conversation.id, &message.id, at(159), at(500)).await?;
    assert_eq!(again, Claim::HeldElsewhere(at(160)));
    let late = store.claim(&conversation.id, &message.id, at(160), at(500)).await?;
    assert_eq!(late, Claim::Abandoned(Box::new(ours.clone())));
    assert_eq!(read_message(store, &message).await?, ours, "an abandoned message is not claimed");
    Ok(())
}

pub async fn a_waiting_message_is_claimed_again(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    for (times, outcome) in [
        (2, Sending::Queued { reason: Some("later".into()) }),
        (3, Sending::Waiting { on: WaitingFor::Window, reason: "closed".into() }),
        (4, Sending::Waiting { on: WaitingFor::Thread, reason: "held".into() }),
    ] {
        let current = read_message(store, &message).await?;
        let current = if times == 2 { claimed(store, &current).await? } else { current };
        store.save(&with_outcome(current, outcome), Some(at(900))).await?;
        let ours = claimed(store, &message).await?;
        assert_eq!(ours.sending.map(|sending| sending.attempts), Some(times));
    }
    Ok(())
}

pub async fn an_unconfirmed_message_is_not_claimed(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    store
        .save(&with_outcome(ours, Sending::Unconfirmed { since: at(101), reason: "timeout".into(), for_a_person: false }), Some(at(221)))
        .await?;
    for now in [at(102), at(9999)] {
        assert_eq!(store.claim(&conversation.id, &message.id, now, at(10_000)).await?, Claim::Unconfirmed(at(101)));
    }
    Ok(())
}

pub async fn what_has_ended_is_not_claimed(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    for (second, outcome) in [(10, Sending::Failed { reason: "no".into(), end: End::Refused }), (20, Sending::Sent { at: at(100) })] {
        let message = accepted(store, &conversation.id, at(second), &["one"]).await?;
        let ours = claimed(store, &message).await?;
        store.save(&with_outcome(ours, outcome), None).await?;
        assert_eq!(store.claim(&conversation.id, &message.id, at(200), at(260)).await?, Claim::Ended);
    }
    Ok(())
}

pub async fn what_is_not_there_or_not_ours_is_not_claimed(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    assert_eq!(store.claim(&conversation.id, &message_id(at(1), 1), at(2), at(3)).await?, Claim::Ended);
    let customers = store.message_by_key(&key_of("m_Hi")).await?.ok_or("not there")?;
    assert_eq!(store.claim(&conversation.id, &customers.id, at(2), at(3)).await?, Claim::Ended);
    assert_eq!(read_message(store, &customers).await?, customers);
    Ok(())
}

pub async fn one_of_several_claims_at_once_is_granted(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let claims = join_all((0..6).map(|_| store.claim(&conversation.id, &message.id, at(100), at(160)))).await;
    let claims = claims.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Ours(_))).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::HeldElsewhere(at(160))).count(), 5, "{claims:?}");
    Ok(())
}
