//! Several conversations at once.

use domain::erase::Standing;
use domain::id::ConversationId;
use domain::inbound::InboundEvent;
use domain::message::MessageChange;
use domain::ports::{Recorded, Recording};
use futures::future::join_all;

use super::steps::{Prepared, Tried, begun, prepare, read, read_message, take};
use super::{Outcome, Store};
use crate::events::{customer_follows, customer_says, read_up_to};
use crate::ids::{JONAS, MIA, PAGE, at, conversation_of, key_of, mid};
use crate::noise;

/// More messages than a transaction takes, and more conversations than a read.
const MANY: usize = 120;

fn says(person: &str) -> InboundEvent {
    customer_says("Hi").by(person).numbered(&format!("m_{person}")).build()
}

async fn prepared(store: &impl Store, events: &[InboundEvent]) -> Tried<Vec<Prepared>> {
    let mut all = Vec::new();
    for event in events {
        all.push(prepare(store, event).await?);
    }
    Ok(all)
}

async fn write(store: &impl Store, prepared: &[Prepared]) -> Tried<Vec<Recorded>> {
    let recordings: Vec<Recording<'_>> = prepared.iter().map(Prepared::recording).collect();
    Ok(store.record_all(&recordings).await.into_iter().collect::<Result<_, _>>()?)
}

pub async fn several_conversations_are_read_in_their_order(store: &impl Store) -> Outcome {
    take(store, &says(JONAS)).await?;
    begun(store).await?;
    let ids = [conversation_of("nobody"), conversation_of(MIA), conversation_of(JONAS), conversation_of(MIA)];
    let read = store.standings(&ids).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let found: Vec<Option<ConversationId>> = read.into_iter().map(|standing| Some(standing.into_conversation()?.id)).collect();
    let [_, mia, jonas, again] = ids;
    assert_eq!(found, [None, Some(mia), Some(jonas), Some(again)]);
    Ok(())
}

pub async fn several_recordings_stand_as_if_each_were_alone(store: &impl Store) -> Outcome {
    begun(store).await?;
    take(store, &says("seen")).await?;
    let events = [says(JONAS), customer_follows("summer").at(at(1)).build(), read_up_to(at(9)).by("seen").build()];
    let all = prepared(store, &events).await?;
    assert_eq!(write(store, &all).await?, [Recorded::New; 3]);
    let [jonas, ..] = all.as_slice() else { return Err("nothing was prepared".into()) };
    let stored = read_message(store, jonas.message()?).await?;
    assert_eq!((stored.text.as_deref(), stored.revision), (Some("Hi"), 1));
    assert_eq!(store.message_by_key(&key_of(&format!("m_{JONAS}"))).await?.as_ref(), Some(&stored));
    assert_eq!(read(store, &conversation_of(JONAS)).await?.version, 1);
    assert_eq!(read(store, &conversation_of(MIA)).await?.version, 2);
    assert_eq!(read(store, &conversation_of("seen")).await?.marks.read_up_to, Some(at(9)));
    let listed = store.list(&domain::ports::InboxFilter { page: Some(crate::ids::page(PAGE)), ..Default::default() }, None, 10).await?;
    assert_eq!(listed.len(), 3);
    Ok(())
}

pub async fn one_in_the_way_costs_no_other(store: &impl Store) -> Outcome {
    begun(store).await?;
    let events = [customer_says("late").at(at(1)).build(), says("new"), customer_says("Hi").by("twice").numbered("m_twice").build()];
    let all = prepared(store, &events).await?;
    take(store, &customer_says("quick").at(at(2)).build()).await?;
    take(store, &says("twice")).await?;
    assert_eq!(write(store, &all).await?, [Recorded::Stale, Recorded::New, Recorded::Duplicate]);
    assert_eq!(store.message_by_key(&key_of("m_late")).await?, None);
    for (person, version) in [(MIA, 2), ("new", 1), ("twice", 1)] {
        assert_eq!(read(store, &conversation_of(person)).await?.version, version, "{person}");
    }
    Ok(())
}

pub async fn a_kept_change_is_taken_among_others(store: &impl Store) -> Outcome {
    let edit = MessageChange::Edit { number: 1, text: "Hello".into(), at: at(1) };
    store.keep_change(&key_of(&format!("m_{JONAS}")), &mid(&format!("m_{JONAS}")), &edit).await?;
    let all = prepared(store, &[says(MIA), says(JONAS), says("third")]).await?;
    assert_eq!(write(store, &all).await?, [Recorded::New; 3]);
    let [mia, jonas, _] = all.as_slice() else { return Err("nothing was prepared".into()) };
    assert_eq!(read_message(store, mia.message()?).await?.text.as_deref(), Some("Hi"));
    assert_eq!(read_message(store, jonas.message()?).await?.text.as_deref(), Some("Hello"));
    Ok(())
}

pub async fn two_of_one_conversation_are_not_both_written(store: &impl Store) -> Outcome {
    let events = [customer_says("one").build(), customer_says("other").at(at(1)).build(), says(JONAS)];
    let all = prepared(store, &events).await?;
    assert_eq!(write(store, &all).await?, [Recorded::New, Recorded::Stale, Recorded::New]);
    assert_eq!(read(store, &conversation_of(MIA)).await?.unread_count, 1);
    Ok(())
}

pub async fn more_than_one_transaction_takes_are_written(store: &impl Store) -> Outcome {
    let people: Vec<String> = (0..MANY).map(|number| format!("many-{number}")).collect();
    let events: Vec<InboundEvent> = people.iter().map(|person| says(person)).collect();
    let all = prepared(store, &events).await?;
    assert_eq!(write(store, &all).await?, vec![Recorded::New; MANY]);
    assert_eq!(write(store, &all).await?, vec![Recorded::Duplicate; MANY]);
    let ids: Vec<ConversationId> = people.iter().map(|person| conversation_of(person)).collect();
    let read = store.standings(&ids).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let read: Vec<_> = read.into_iter().filter_map(Standing::into_conversation).map(|read| (read.id, read.version)).collect();
    assert_eq!(read, ids.into_iter().map(|id| (id, 1)).collect::<Vec<_>>());
    Ok(())
}

pub async fn what_is_long_is_written_among_others(store: &impl Store) -> Outcome {
    let long = customer_says("long").by("long").raw(noise(900_000, 1)).build();
    let all = prepared(store, &[says(MIA), long, says(JONAS)]).await?;
    assert_eq!(write(store, &all).await?, [Recorded::New; 3]);
    assert_eq!(write(store, &all).await?, [Recorded::Duplicate; 3]);
    Ok(())
}

pub async fn the_same_recordings_at_once_are_written_once(store: &impl Store) -> Outcome {
    let all = prepared(store, &[says(MIA), says(JONAS), says("third")]).await?;
    let ends = join_all((0..4).map(|_| write(store, &all))).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    for place in 0..all.len() {
        let new = ends.iter().filter(|ends| ends.get(place) == Some(&Recorded::New));
        assert_eq!(new.count(), 1, "{ends:?}");
    }
    for person in [MIA, JONAS, "third"] {
        assert_eq!(read(store, &conversation_of(person)).await?.version, 1);
    }
    Ok(())
}

pub async fn nothing_together_is_nothing(store: &impl Store) -> Outcome {
    assert!(store.standings(&[]).await.is_empty() && store.record_all(&[]).await.is_empty());
    Ok(())
}
