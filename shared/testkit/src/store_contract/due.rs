//! What should have left by now.

use domain::ports::Due;

use super::steps::{Tried, accepted, pending, read, take};
use super::{Outcome, Store};
use crate::events::customer_says;
use crate::ids::{at, conversation_of};

/// Accepts a message of each of so many people, a second apart, so that the first is due at `at(120)`.
async fn people(store: &impl Store, count: u64) -> Tried<Vec<Due>> {
    let mut due = Vec::new();
    for second in 0..count {
        let person = format!("70{second}");
        let conversation = conversation_of(&person);
        take(store, &customer_says("Hi").numbered(&format!("m_{person}")).by(&person).build()).await?;
        let message = accepted(store, &conversation, at(second), &["one"]).await?;
        due.push(Due { conversation, message: message.id, due_at: at(120 + second) });
    }
    Ok(due)
}

pub async fn what_is_due_comes_in_order_over_all_conversations(store: &impl Store) -> Outcome {
    let expected = people(store, 20).await?;
    assert_eq!(store.due(at(1000), 100).await?, expected);
    Ok(())
}

pub async fn what_is_due_at_this_moment_is_due_and_the_next_is_not(store: &impl Store) -> Outcome {
    let expected = people(store, 2).await?;
    assert!(store.due(at(119), 100).await?.is_empty());
    assert_eq!(store.due(at(120), 100).await?.as_slice(), expected.get(..1).unwrap_or_default());
    Ok(())
}

pub async fn the_oldest_come_first_when_there_are_too_many(store: &impl Store) -> Outcome {
    let expected = people(store, 20).await?;
    assert_eq!(store.due(at(1000), 7).await?.as_slice(), expected.get(..7).unwrap_or_default());
    Ok(())
}

pub async fn what_is_postponed_is_due_later(store: &impl Store) -> Outcome {
    let expected = people(store, 3).await?;
    let first = expected.first().ok_or("nothing is due")?;
    store.postpone(first, at(500)).await?;
    assert_eq!(store.due(at(499), 100).await?.as_slice(), expected.get(1..).unwrap_or_default());
    let moved = Due { due_at: at(500), ..first.clone() };
    assert_eq!(store.due(at(500), 100).await?.last(), Some(&moved));
    Ok(())
}

pub async fn a_lost_race_postpones_nothing(store: &impl Store) -> Outcome {
    let expected = people(store, 1).await?;
    let first = expected.first().ok_or("nothing is due")?;
    store.postpone(first, at(500)).await?;
    store.postpone(first, at(900)).await?;
    assert_eq!(store.due(at(500), 100).await?.len(), 1, "the second read what is not so any more");
    Ok(())
}

pub async fn what_is_not_pending_is_not_brought_back(store: &impl Store) -> Outcome {
    let expected = people(store, 1).await?;
    let first = expected.first().ok_or("nothing is due")?;
    store.forget(&first.conversation, &first.message).await?;
    store.postpone(first, at(500)).await?;
    assert!(store.due(at(9999), 100).await?.is_empty());
    assert!(pending(store, &first.conversation).await?.is_empty());
    read(store, &first.conversation).await?;
    Ok(())
}
