//! What belongs to no conversation: events of a Page, and parked work.

use domain::history::TimelineEvent;
use domain::inbound::NotedKind;
use domain::ports::{Parked, ParkedRow, Recorded};
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

fn set_aside(body: &str, second: u64) -> Parked {
    Parked { kind: "meta.element".into(), reason: "no id".into(), body: body.into(), page: Some(page(PAGE)), received_at: at(second) }
}

pub async fn parked_work_is_listed_by_its_day_whole_and_page_by_page(store: &impl Store) -> Outcome {
    let works =
        [set_aside("{}", 0), set_aside(&noise(900_000, 7), 1), set_aside("[]", 2), Parked { page: None, ..set_aside("no page", 3) }];
    for work in &works {
        store.park(work).await?;
    }
    let day = std::time::Duration::from_hours(24);
    store.park(&Parked { received_at: at(0).plus(day), ..set_aside("{}", 0) }).await?;
    let mut listed = Vec::new();
    loop {
        let after = listed.last().map(|row: &ParkedRow| row.id.clone());
        let page = store.parked_on(at(9), after.as_ref(), 2).await?;
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert!(listed.is_sorted_by(|one, other| one.id < other.id));
    let mut found: Vec<Parked> = listed.into_iter().map(|row| row.work).collect();
    found.sort_by_key(|work| work.received_at);
    assert!(found == works, "{} found", found.len());
    assert!(store.parked_on(at(0).minus(day), None, 10).await?.is_empty());
    Ok(())
}

pub async fn marked_work_is_removed_once(store: &impl Store) -> Outcome {
    for body in [String::from("{}"), noise(900_000, 3)] {
        store.park(&set_aside(&body, 0)).await?;
    }
    for row in store.parked_on(at(0), None, 10).await? {
        assert!(!store.unpark(&row, "mine").await?, "it bears no mark");
        assert!(store.mark_parked(&row, "mine").await?);
        assert!(!store.unpark(&row, "yours").await?);
        assert!(store.unpark(&row, "mine").await?);
        assert!(!store.unpark(&row, "mine").await? && !store.mark_parked(&row, "mine").await?, "it is gone");
    }
    assert!(store.parked_on(at(0), None, 10).await?.is_empty());
    Ok(())
}

pub async fn work_that_was_parked_again_stays(store: &impl Store) -> Outcome {
    let work = set_aside(&noise(900_000, 5), 0);
    store.park(&work).await?;
    let rows = store.parked_on(at(0), None, 10).await?;
    for row in &rows {
        assert!(store.mark_parked(row, "mine").await?);
    }
    store.park(&Parked { reason: "still no id".into(), ..work }).await?;
    for row in &rows {
        assert!(!store.unpark(row, "mine").await?);
    }
    let stays = store.parked_on(at(0), None, 10).await?;
    assert_eq!(stays.iter().map(|row| row.work.reason.as_str()).collect::<Vec<_>>(), ["still no id"]);
    Ok(())
}
