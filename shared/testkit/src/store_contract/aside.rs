//! What belongs to no conversation: events of a Page, and parked work.

use domain::history::TimelineEvent;
use domain::inbound::NotedKind;
use domain::ports::{Parked, Recorded};
use futures::future::join_all;

use super::steps::take;
use super::{Outcome, Store};
use crate::events::{delivered_up_to, noted};
use crate::ids::{MIA, PAGE, at, conversation_of, page};
use crate::noise;

pub async fn an_event_of_a_page_stands_once(store: &impl Store) -> Outcome {
    let event = noted(NotedKind::Feed).of_the_page().build();
    let row = TimelineEvent::of(&event);
    assert_eq!(store.record_page_event(&row, &event.dedupe_key()).await?, Recorded::New);
    assert_eq!(store.record_page_event(&row, &event.dedupe_key()).await?, Recorded::Duplicate);
    let other = noted(NotedKind::Feed).of_the_page().at(at(1)).build();
    assert_eq!(store.record_page_event(&TimelineEvent::of(&other), &other.dedupe_key()).await?, Recorded::New);
    Ok(())
}

pub async fn an_event_of_a_page_at_once_stands_once(store: &impl Store) -> Outcome {
    let event = noted(NotedKind::Feed).of_the_page().build();
    let row = TimelineEvent::of(&event);
    let key = event.dedupe_key();
    let ends = join_all((0..5).map(|_| store.record_page_event(&row, &key))).await;
    // Another transaction in the way is no answer: the job comes again.
    let written = ends.iter().filter(|end| matches!(end, Ok(Recorded::New))).count();
    assert_eq!(written, 1, "{ends:?}");
    assert_eq!(store.record_page_event(&row, &key).await?, Recorded::Duplicate);
    Ok(())
}

pub async fn an_event_of_a_conversation_that_never_was_begins_none(store: &impl Store) -> Outcome {
    let event = delivered_up_to(at(0)).build();
    take(store, &event).await?;
    assert_eq!(store.conversation(&conversation_of(MIA)).await?, None);
    assert_eq!(store.open(&conversation_of(MIA)).await?, None);
    assert!(store.messages(&conversation_of(MIA), domain::ports::Order::OldestFirst, None, 10).await?.is_empty());
    Ok(())
}

pub async fn work_is_parked_as_often_as_one_likes(store: &impl Store) -> Outcome {
    let mut parked = Parked {
        kind: "meta.delivery".into(),
        reason: "not JSON".into(),
        body: vec![0xff, 0xfe, 0],
        page: Some(page(PAGE)),
        received_at: at(0),
    };
    store.park(&parked).await?;
    store.park(&parked).await?;
    parked.page = None;
    parked.body = noise(800_000, 1).into_bytes();
    store.park(&parked).await?;
    parked.body = Vec::new();
    parked.reason = String::new();
    store.park(&parked).await?;
    Ok(())
}
