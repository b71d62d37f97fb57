//! The Pages on which nothing can be sent, and what is known of each.

use domain::hold::{Hold, HoldCause};
use domain::message::{Outcome as Sending, WaitingFor};
use domain::ports::Due;
use domain::watch::{Gap, Watch};
use futures::future::join_all;

use super::steps::{Tried, accepted, begun, claimed, pending};
use super::{Outcome, Store};
use crate::ids::{PAGE, at, page};
use crate::messages::with_outcome;

fn hold() -> Hold {
    Hold::begin(page(PAGE), HoldCause::Token, "The token is dead.", at(0))
}

/// Writes a first hold and reads it back.
async fn held(store: &impl Store) -> Tried<Hold> {
    assert!(store.put_hold(&hold()).await?);
    Ok(store.hold(&page(PAGE)).await?.ok_or("there is no hold")?)
}

pub async fn a_hold_is_written_and_read_back(store: &impl Store) -> Outcome {
    assert_eq!(store.hold(&page(PAGE)).await?, None);
    assert!(store.holds().await?.is_empty());
    let stored = held(store).await?;
    assert_eq!(stored, Hold { revision: 1, ..hold() });
    assert!(store.put_hold(&Hold { page: page("2"), ..hold() }).await?);
    let pages: Vec<String> = store.holds().await?.iter().map(|hold| hold.page.to_string()).collect();
    assert_eq!(pages, [PAGE, "2"]);
    Ok(())
}

pub async fn a_hold_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    let first = held(store).await?;
    assert!(!store.put_hold(&hold()).await?, "there is one already");
    assert!(store.put_hold(&Hold { lifted: true, ..first.clone() }).await?);
    assert!(!store.put_hold(&first).await?, "it changed since it was read");
    assert!(store.hold(&page(PAGE)).await?.is_some_and(|hold| hold.lifted && hold.revision == 2));
    assert!(!store.put_hold(&Hold { page: page("2"), revision: 1, ..hold() }).await?, "there never was one");
    Ok(())
}

pub async fn one_of_several_holds_at_once_is_written(store: &impl Store) -> Outcome {
    let ends = join_all((0..5).map(|_| async { store.put_hold(&hold()).await })).await;
    let written = ends.into_iter().collect::<Result<Vec<bool>, _>>()?;
    assert_eq!(written.iter().filter(|written| **written).count(), 1);
    Ok(())
}

pub async fn a_hold_that_changed_is_not_removed(store: &impl Store) -> Outcome {
    let first = held(store).await?;
    store.put_hold(&Hold { refused: 2, ..first.clone() }).await?;
    store.remove_hold(&first).await?;
    let second = store.hold(&page(PAGE)).await?.ok_or("it is gone")?;
    store.remove_hold(&second).await?;
    assert_eq!(store.hold(&page(PAGE)).await?, None);
    store.remove_hold(&second).await?;
    Ok(())
}

/// A message that waits for its Page since `at(100)`.
async fn waiting(store: &impl Store) -> Tried<Due> {
    let conversation = begun(store).await?;
    let message = claimed(store, &accepted(store, &conversation.id, at(10), &["one"]).await?).await?;
    let due = Due { conversation: conversation.id, message: message.id.clone(), due_at: at(100) };
    store.save(&with_outcome(message, Sending::Waiting { on: WaitingFor::Page, reason: "held".into() }), Some(at(100))).await?;
    Ok(due)
}

pub async fn what_waits_for_a_page_is_listed_and_not_due(store: &impl Store) -> Outcome {
    let due = waiting(store).await?;
    assert_eq!(store.held(&page(PAGE), 10).await?, std::slice::from_ref(&due));
    assert!(store.held(&page("2"), 10).await?.is_empty());
    assert!(store.due(at(9999), 10).await?.is_empty());
    assert_eq!(pending(store, &due.conversation).await?, [due.message]);
    Ok(())
}

pub async fn what_is_taken_away_from_its_page_is_due(store: &impl Store) -> Outcome {
    let due = waiting(store).await?;
    store.postpone(&due, at(500)).await?;
    store.postpone(&due, at(900)).await?;
    assert!(store.held(&page(PAGE), 10).await?.is_empty());
    assert_eq!(store.due(at(500), 10).await?, [Due { due_at: at(500), ..due }]);
    Ok(())
}

pub async fn a_watch_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    let watch = Watch::begin(page(PAGE), at(0));
    assert!(store.put_watch(&watch).await?);
    assert!(!store.put_watch(&watch).await?, "there is one already");
    let gap = Some(Gap { since: at(1), cursor: Some("here".into()), found: 3, refused: 1 });
    let next = Watch { revision: 1, gap, token_ends_at: Some(at(9)), troubles: vec!["so".into()], ..watch };
    assert!(store.put_watch(&next).await?);
    assert!(!store.put_watch(&next).await?, "it changed since it was read");
    assert_eq!(store.watches().await?, [Watch { revision: 2, ..next }]);
    Ok(())
}
