//! Changes that come before the message that they change.

use domain::inbound::Reaction;
use domain::message::{MessageChange, Reacted};
use domain::ports::{Kept, Recorded, Saved, StoreError};
use domain::time::Timestamp;

use super::steps::{accepted, begun, claimed, prepare, read_message};
use super::{Outcome, Store};
use crate::events::{customer_follows, customer_says};
use crate::ids::{at, key_of, mid};
use crate::messages::taken;

fn love(moment: Timestamp) -> MessageChange {
    MessageChange::Reaction(Reacted { reaction: Some(Reaction { name: "love".into(), emoji: Some("❤️".into()) }), at: moment })
}

fn edit(number: u32, text: &str) -> MessageChange {
    MessageChange::Edit { number, text: text.into(), at: at(u64::from(number)) }
}

pub async fn a_customers_message_comes_with_what_was_kept_for_it(store: &impl Store) -> Outcome {
    for change in [love(at(9)), edit(1, "Hello")] {
        assert_eq!(store.keep_change(&key_of("m_1"), &mid("m_1"), &change).await?, Kept::UntilMessageComes);
    }
    assert_eq!(store.message_by_key(&key_of("m_1")).await?, None, "what is kept is no message");
    let prepared = prepare(store, &customer_says("Hi").numbered("m_1").build()).await?;
    assert_eq!(prepared.write(store).await?, Recorded::New);
    let stored = read_message(store, prepared.message()?).await?;
    assert_eq!(stored.text.as_deref(), Some("Hello"));
    assert_eq!(stored.edits.len(), 1);
    assert!(stored.reaction.is_some());
    assert_eq!(prepare(store, &customer_says("Hi").numbered("m_1").build()).await?.write(store).await?, Recorded::Duplicate);
    Ok(())
}

pub async fn an_unsent_message_comes_without_its_words(store: &impl Store) -> Outcome {
    store.keep_change(&key_of("m_1"), &mid("m_1"), &MessageChange::Unsend { at: at(5) }).await?;
    let prepared = prepare(store, &customer_says("Hi").numbered("m_1").build()).await?;
    prepared.write(store).await?;
    let stored = read_message(store, prepared.message()?).await?;
    assert_eq!((stored.unsent_at, stored.text, stored.raw), (Some(at(5)), None, None));
    Ok(())
}

pub async fn our_message_takes_what_was_kept_when_its_platform_id_is_known(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one", "two"]).await?;
    let ours = claimed(store, &message).await?;
    store.keep_change(&key_of("m_out-1"), &mid("m_out-1"), &love(at(101))).await?;

    let first = taken(ours, &["m_out-1"], at(100));
    let Saved::Saved(stored) = store.save(&first, Some(at(300))).await? else { return Err("the save was stale".into()) };
    assert!(stored.reaction.is_some(), "the caller goes on with what is stored");
    assert_eq!(stored.revision, first.revision + 1);
    assert_eq!(read_message(store, &message).await?, *stored);

    let second = { taken(*stored, &["m_out-1", "m_out-2"], at(110)) };
    assert!(matches!(store.save(&second, None).await?, Saved::Saved(_)));
    let stored = store.message_by_key(&key_of("m_out-2")).await?.ok_or("not found by its second part")?;
    assert!(stored.reaction.is_some());
    assert_eq!(store.message_by_key(&key_of("m_out-1")).await?.as_ref(), Some(&stored));
    Ok(())
}

pub async fn nothing_is_kept_for_what_is_there(store: &impl Store) -> Outcome {
    begun(store).await?;
    assert_eq!(store.keep_change(&key_of("m_Hi"), &mid("m_Hi"), &love(at(1))).await?, Kept::MessageIsThere);
    let conversation = super::steps::read(store, &crate::ids::conversation_of(crate::ids::MIA)).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let ours = claimed(store, &message).await?;
    store.save(&taken(ours, &["m_out-1"], at(100)), None).await?;
    assert_eq!(store.keep_change(&key_of("m_out-1"), &mid("m_out-1"), &love(at(101))).await?, Kept::MessageIsThere);
    Ok(())
}

pub async fn a_flood_of_changes_is_refused_and_the_first_are_kept(store: &impl Store) -> Outcome {
    for number in 1..=50 {
        store.keep_change(&key_of("m_1"), &mid("m_1"), &edit(number, &format!("edit {number}"))).await?;
    }
    let refused = store.keep_change(&key_of("m_1"), &mid("m_1"), &edit(51, "one too many")).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    let prepared = prepare(store, &customer_says("Hi").numbered("m_1").build()).await?;
    prepared.write(store).await?;
    let stored = read_message(store, prepared.message()?).await?;
    assert_eq!((stored.text.as_deref(), stored.edits.len()), (Some("edit 50"), 50));
    Ok(())
}

pub async fn a_stale_recording_leaves_what_is_kept(store: &impl Store) -> Outcome {
    begun(store).await?;
    store.keep_change(&key_of("m_1"), &mid("m_1"), &love(at(5))).await?;
    let late = prepare(store, &customer_says("late").numbered("m_1").at(at(1)).build()).await?;
    prepare(store, &customer_follows("summer").at(at(2)).build()).await?.write(store).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale);
    let again = prepare(store, &customer_says("late").numbered("m_1").at(at(1)).build()).await?;
    assert_eq!(again.write(store).await?, Recorded::New);
    assert!(read_message(store, again.message()?).await?.reaction.is_some());
    Ok(())
}
