//! Writing a changed message.

use domain::message::{End, MessageChange, Outcome as Sending};
use domain::ports::Saved;
use futures::future::join_all;

use super::steps::{accepted, begun, claimed, pending, read_message};
use super::{Outcome, Store};
use crate::ids::{at, key_of, message_id};
use crate::messages::{reply_in, taken, with_outcome};

pub async fn a_change_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    begun(store).await?;
    let mut message = store.message_by_key(&key_of("m_Hi")).await?.ok_or("not there")?;
    message.text = Some("first".into());
    assert!(matches!(store.save(&message, None).await?, Saved::Saved(stored) if stored.revision == 2));
    message.text = Some("second".into());
    assert_eq!(store.save(&message, None).await?, Saved::Stale);
    let stored = read_message(store, &message).await?;
    assert_eq!((stored.text.as_deref(), stored.revision), (Some("first"), 2));
    Ok(())
}

pub async fn one_of_several_changes_at_once_is_written(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    let taken = taken(ours, &["m_out-1"], at(100));
    let ends = join_all((0..5).map(|_| store.save(&taken, None))).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(ends.iter().filter(|end| **end != Saved::Stale).count(), 1, "{ends:?}");
    Ok(())
}

pub async fn a_message_that_is_not_there_is_not_made(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let never = reply_in(&conversation, at(10), &["never accepted"]);
    assert_eq!(store.save(&never, Some(at(20))).await?, Saved::Stale);
    assert_eq!(store.message(&conversation.id, &never.id).await?, None);
    assert!(pending(store, &conversation.id).await?.is_empty());
    Ok(())
}

pub async fn a_raw_event_outlives_every_change_but_an_unsend(store: &impl Store) -> Outcome {
    begun(store).await?;
    let mut message = store.message_by_key(&key_of("m_Hi")).await?.ok_or("not there")?;
    let raw = message.raw.clone();
    assert!(raw.is_some());
    message.apply(&MessageChange::Edit { number: 1, text: "Hello".into(), at: at(1) });
    message.raw = None;
    store.save(&message, None).await?;
    let mut edited = read_message(store, &message).await?;
    assert_eq!(edited.raw, raw);
    edited.apply(&MessageChange::Unsend { at: at(2) });
    store.save(&edited, None).await?;
    let unsent = read_message(store, &message).await?;
    assert_eq!((unsent.raw, unsent.text, unsent.edits.len()), (None, None, 0));
    Ok(())
}

pub async fn a_customers_message_is_never_pending(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let mut message = store.message_by_key(&key_of("m_Hi")).await?.ok_or("not there")?;
    message.apply(&MessageChange::Edit { number: 1, text: "Hello".into(), at: at(1) });
    store.save(&message, Some(at(2))).await?;
    assert!(pending(store, &conversation.id).await?.is_empty());
    assert!(store.due(at(1000), 10).await?.is_empty());
    Ok(())
}

pub async fn what_has_ended_is_not_pending_any_more(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    for (second, outcome) in [(10, Sending::Failed { reason: "no".into(), end: End::Refused }), (20, Sending::Sent { at: at(100) })] {
        let message = accepted(store, &conversation.id, at(second), &["one"]).await?;
        let ours = claimed(store, &message).await?;
        store.save(&with_outcome(ours, outcome), Some(at(50))).await?;
        assert!(pending(store, &conversation.id).await?.is_empty());
        assert!(store.due(at(1000), 10).await?.is_empty());
    }
    Ok(())
}

pub async fn what_has_not_ended_stays_pending_and_due_as_it_was_said(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    let unconfirmed = with_outcome(ours, Sending::Unconfirmed { since: at(100), reason: "timeout".into(), for_a_person: false });
    let Saved::Saved(stored) = store.save(&unconfirmed, Some(at(220))).await? else { return Err("stale".into()) };
    assert_eq!(pending(store, &conversation.id).await?, std::slice::from_ref(&message.id));
    assert!(store.due(at(219), 10).await?.is_empty());
    assert_eq!(store.due(at(220), 10).await?.len(), 1);
    store.save(&stored, None).await?;
    assert_eq!(pending(store, &conversation.id).await?, [message.id]);
    assert!(store.due(at(9999), 10).await?.is_empty(), "only an event moves it on");
    Ok(())
}

pub async fn a_message_that_is_forgotten_and_goes_on_is_pending_again(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    store.forget(&conversation.id, &message.id).await?;
    assert!(pending(store, &conversation.id).await?.is_empty());
    let ours = claimed(store, &message).await?;
    store.save(&with_outcome(ours, Sending::Queued { reason: Some("later".into()) }), Some(at(300))).await?;
    assert_eq!(pending(store, &conversation.id).await?, [message.id]);
    store.forget(&conversation.id, &message_id(at(77), 1)).await?;
    Ok(())
}
