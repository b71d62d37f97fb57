//! Recording what happened, once.

use domain::history::Entry;
use domain::ports::{Recorded, Recording};
use futures::future::join_all;

use super::steps::{begun, prepare, read, read_message, take};
use super::{Outcome, Store};
use crate::events::{customer_follows, customer_says, customer_taps};
use crate::ids::{JONAS, MIA, at, conversation_of, key_of};

pub async fn a_new_message_is_found_by_its_id_and_by_the_platforms(store: &impl Store) -> Outcome {
    let prepared = prepare(store, &customer_says("Hi").numbered("m_1").build()).await?;
    assert_eq!(prepared.write(store).await?, Recorded::New);
    let stored = read_message(store, prepared.message()?).await?;
    assert_eq!(stored.text.as_deref(), Some("Hi"));
    assert_eq!(stored.revision, 1);
    assert_eq!(stored.raw, prepared.message()?.raw);
    assert_eq!(store.message_by_key(&key_of("m_1")).await?.as_ref(), Some(&stored));
    let conversation = read(store, &conversation_of(MIA)).await?;
    assert_eq!((conversation.version, conversation.unread_count), (1, 1));
    Ok(())
}

pub async fn what_is_not_there_is_not_found(store: &impl Store) -> Outcome {
    let conversation = conversation_of(MIA);
    assert_eq!(store.conversation(&conversation).await?, None);
    assert_eq!(store.message(&conversation, &crate::ids::message_id(at(0), 1)).await?, None);
    assert_eq!(store.message_by_key(&key_of("m_1")).await?, None);
    Ok(())
}

pub async fn a_duplicate_changes_nothing(store: &impl Store) -> Outcome {
    let event = customer_says("Hi").build();
    prepare(store, &event).await?.write(store).await?;
    let again = prepare(store, &event).await?;
    assert_eq!(again.write(store).await?, Recorded::Duplicate);
    let conversation = read(store, &conversation_of(MIA)).await?;
    assert_eq!((conversation.version, conversation.unread_count), (1, 1));
    Ok(())
}

pub async fn a_duplicate_is_one_whatever_its_summary(store: &impl Store) -> Outcome {
    let prepared = prepare(store, &customer_says("Hi").build()).await?;
    assert_eq!(prepared.write(store).await?, Recorded::New);
    assert_eq!(prepared.write(store).await?, Recorded::Duplicate, "its version is stale as well");
    Ok(())
}

pub async fn a_stale_summary_writes_nothing(store: &impl Store) -> Outcome {
    begun(store).await?;
    let late = prepare(store, &customer_says("late").at(at(1)).build()).await?;
    take(store, &customer_says("quick").at(at(2)).build()).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale);
    assert_eq!(store.message(&late.conversation.id, &late.message()?.id).await?, None);
    assert_eq!(store.message_by_key(&key_of("m_late")).await?, None);
    assert_eq!(read(store, &conversation_of(MIA)).await?.unread_count, 2);
    Ok(())
}

pub async fn a_conversation_that_began_elsewhere_is_stale(store: &impl Store) -> Outcome {
    let one = prepare(store, &customer_says("one").build()).await?;
    let other = prepare(store, &customer_says("other").at(at(1)).build()).await?;
    assert_eq!(one.write(store).await?, Recorded::New);
    assert_eq!(other.write(store).await?, Recorded::Stale);
    Ok(())
}

pub async fn a_summary_of_what_is_not_stored_is_stale(store: &impl Store) -> Outcome {
    let mut unknown = crate::messages::conversation();
    unknown.version = 3;
    assert_eq!(store.record(&Recording { conversation: &unknown, entry: None }).await?, Recorded::Stale);
    assert_eq!(store.conversation(&unknown.id).await?, None);
    Ok(())
}

pub async fn a_summary_alone_is_written_when_it_is_current(store: &impl Store) -> Outcome {
    let mut conversation = begun(store).await?;
    conversation.name = Some("Mia".into());
    let recording = Recording { conversation: &conversation, entry: None };
    assert_eq!(store.record(&recording).await?, Recorded::New);
    assert_eq!(store.record(&recording).await?, Recorded::Stale);
    let stored = read(store, &conversation.id).await?;
    assert_eq!((stored.version, stored.name.as_deref()), (conversation.version + 1, Some("Mia")));
    Ok(())
}

pub async fn the_same_event_at_once_is_one_message(store: &impl Store) -> Outcome {
    begun(store).await?;
    let prepared = prepare(store, &customer_says("Hello?").at(at(1)).build()).await?;
    let ends = join_all((0..6).map(|_| prepared.write(store))).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(ends.iter().filter(|end| **end == Recorded::New).count(), 1, "{ends:?}");
    assert_eq!(read(store, &conversation_of(MIA)).await?.unread_count, 2);
    Ok(())
}

pub async fn a_first_event_at_once_begins_one_conversation(store: &impl Store) -> Outcome {
    let event = customer_says("Hi").build();
    let ends = join_all((0..4).map(|_| take(store, &event))).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(ends.iter().filter(|end| **end == domain::ingest::Ingested::New).count(), 1, "{ends:?}");
    let conversation = read(store, &conversation_of(MIA)).await?;
    assert_eq!((conversation.version, conversation.unread_count), (1, 1));
    Ok(())
}

pub async fn different_events_at_once_all_stand(store: &impl Store) -> Outcome {
    let events: Vec<_> = (0..6).map(|second| customer_says(&format!("no. {second}")).at(at(second)).build()).collect();
    for end in join_all(events.iter().map(|event| take(store, event))).await {
        end?;
    }
    let conversation = read(store, &conversation_of(MIA)).await?;
    assert_eq!((conversation.version, conversation.unread_count, conversation.last_activity_at), (6, 6, at(5)));
    Ok(())
}

pub async fn an_event_stands_once_and_is_no_message(store: &impl Store) -> Outcome {
    let event = customer_follows("summer").build();
    let prepared = prepare(store, &event).await?;
    let Some(Entry::Event(row)) = &prepared.entry else { return Err("the event makes no event".into()) };
    assert_eq!(prepared.write(store).await?, Recorded::New);
    assert_eq!(prepared.write(store).await?, Recorded::Duplicate);
    assert_eq!(prepare(store, &event).await?.write(store).await?, Recorded::Duplicate);
    assert_eq!(read(store, &conversation_of(MIA)).await?.version, 1);
    assert_eq!(store.message(&conversation_of(MIA), &row.id).await?, None);
    Ok(())
}

pub async fn a_stale_summary_writes_no_event(store: &impl Store) -> Outcome {
    begun(store).await?;
    let late = prepare(store, &customer_follows("summer").at(at(1)).build()).await?;
    take(store, &customer_says("quick").at(at(2)).build()).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale);
    let again = prepare(store, &customer_follows("summer").at(at(1)).build()).await?;
    assert_eq!(again.write(store).await?, Recorded::New);
    Ok(())
}

pub async fn a_tap_without_a_number_is_recorded_once(store: &impl Store) -> Outcome {
    let tap = customer_taps("GET_STARTED").build();
    assert_eq!(prepare(store, &tap).await?.write(store).await?, Recorded::New);
    assert_eq!(prepare(store, &tap).await?.write(store).await?, Recorded::Duplicate);
    Ok(())
}

pub async fn conversations_do_not_know_of_one_another(store: &impl Store) -> Outcome {
    take(store, &customer_says("Hi").numbered("m_mia").build()).await?;
    take(store, &customer_says("Hi").numbered("m_jonas").by(JONAS).build()).await?;
    let mia = store.message_by_key(&key_of("m_mia")).await?.ok_or("not there")?;
    assert_eq!(store.message(&conversation_of(JONAS), &mia.id).await?, None);
    assert_eq!(read(store, &conversation_of(JONAS)).await?.version, 1);
    Ok(())
}
