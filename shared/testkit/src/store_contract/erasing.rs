//! Erasing a conversation, and exporting one.

use std::time::Duration;

use domain::erase::{Erased, Standing, Tombstone, erase};
use domain::export::export;
use domain::id::ConversationId;
use domain::ingest::Ingested;
use domain::message::{Message, Outcome as Sent, RequestKey, WaitingFor};
use domain::ports::{Accepted, Claim, InboxFilter, Order, Recorded, Saved};
use domain::time::Timestamp;
use serde_json::Value as Json;

use super::steps::{Tried, accepted, begun, due_of, prepare, read, read_message, take};
use super::{Outcome, Store};
use crate::events::{
    customer_edits, customer_follows, customer_reacts, customer_says, customer_unsends, echo_of_ours, read_up_to, unknown,
};
use crate::ids::{JONAS, MIA, at, conversation_of, key_of};
use crate::messages::{reply_in, with_outcome};
use crate::noise;

/// When it is erased here.
const ERASED: u64 = 1_000;

fn mia() -> ConversationId {
    conversation_of(MIA)
}

async fn erased_at(store: &impl Store, moment: Timestamp) -> Tried<Erased> {
    Ok(erase(store, &mia(), moment, moment).await?)
}

async fn lines(store: &impl Store, id: &ConversationId) -> Tried<Vec<Json>> {
    let mut out = Vec::new();
    let count = export(store, id, &mut out).await?;
    let lines: Vec<Json> = String::from_utf8(out)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len() as u64, count);
    Ok(lines)
}

pub async fn of_an_erased_conversation_nothing_is_found(store: &impl Store) -> Outcome {
    begun(store).await?;
    for second in 1..60 {
        take(store, &customer_says(&format!("word {second}")).at(at(second)).build()).await?;
    }
    take(store, &customer_follows("summer").at(at(60)).raw(noise(900_000, 7)).build()).await?;
    let ours = accepted(store, &mia(), at(61), &["Hello"]).await?;
    let waiting = Sent::Waiting { on: WaitingFor::Window, reason: "closed".into() };
    let ours = read_message(store, &ours).await?;
    store.save(&with_outcome(ours.clone(), waiting), None).await?;
    assert!(store.find(&ours.id).await?.is_some());

    let erased = erased_at(store, at(ERASED)).await?;
    assert!(erased.rows > 60, "{erased:?}");
    assert!(matches!(store.standing(&mia()).await?, Standing::Erased(tombstone) if tombstone.erased_at == at(ERASED)));
    assert_eq!((store.conversation(&mia()).await?, store.open(&mia()).await?), (None, None));
    assert!(store.messages(&mia(), Order::OldestFirst, None, 10).await?.is_empty());
    assert!(store.list(&InboxFilter::default(), None, 10).await?.is_empty());
    assert_eq!((store.message_by_key(&key_of("m_Hi")).await?, store.find(&ours.id).await?), (None, None));
    assert!(store.due(at(ERASED), 10).await?.is_empty());
    assert!(lines(store, &mia()).await?.is_empty());
    Ok(())
}

pub async fn an_erasure_that_is_asked_again_changes_nothing(store: &impl Store) -> Outcome {
    begun(store).await?;
    erased_at(store, at(ERASED)).await?;
    let standing = store.standing(&mia()).await?;
    let again = erase(store, &mia(), at(ERASED), at(ERASED + 50)).await?;
    assert_eq!(again, Erased { erased_at: at(ERASED), rows: 0 });
    assert_eq!(store.standing(&mia()).await?, standing);
    Ok(())
}

pub async fn what_was_erased_is_not_taken_again(store: &impl Store) -> Outcome {
    begun(store).await?;
    erased_at(store, at(ERASED)).await?;
    for event in [
        customer_says("Hi").build(),
        customer_follows("summer").at(at(1)).build(),
        customer_edits("m_Hi", 1, "Hello").at(at(2)).build(),
        customer_reacts("m_Hi", Some("love")).at(at(2)).build(),
        customer_unsends("m_Hi").at(at(2)).build(),
        unknown("news").at(at(ERASED)).build(),
        read_up_to(at(3)).at(at(ERASED + 1)).build(),
    ] {
        assert_eq!(take(store, &event).await?, Ingested::Erased, "{}", event.kind_name());
    }
    assert!(matches!(store.standing(&mia()).await?, Standing::Erased(_)));
    assert!(lines(store, &mia()).await?.is_empty());
    Ok(())
}

pub async fn a_new_message_begins_anew_after_an_erasure(store: &impl Store) -> Outcome {
    begun(store).await?;
    erased_at(store, at(ERASED)).await?;
    assert_eq!(take(store, &customer_says("Me again").at(at(ERASED + 1)).build()).await?, Ingested::New);
    let conversation = read(store, &mia()).await?;
    assert_eq!((conversation.unread_count, conversation.created_at), (1, at(ERASED + 1)));
    assert_eq!(take(store, &customer_says("Hi").build()).await?, Ingested::Erased, "still");
    assert_eq!(store.messages(&mia(), Order::OldestFirst, None, 10).await?.len(), 1);
    assert_eq!(store.list(&InboxFilter::default(), None, 10).await?.len(), 1);
    Ok(())
}

pub async fn an_erasure_that_was_broken_off_goes_on_and_spares_what_came_since(store: &impl Store) -> Outcome {
    begun(store).await?;
    let Standing::Conversation(conversation) = store.standing(&mia()).await? else { return Err("it stands".into()) };
    let tombstone = Tombstone { erased_at: at(ERASED), version: conversation.version };
    assert!(store.bury(&mia(), &tombstone).await?);
    assert!(!store.bury(&mia(), &tombstone).await?, "a lost race");
    take(store, &customer_says("Me again").at(at(ERASED + 1)).build()).await?;
    let erased = erase(store, &mia(), at(ERASED), at(ERASED + 50)).await?;
    assert_eq!(erased.rows, 1);
    let left = store.messages(&mia(), Order::OldestFirst, None, 10).await?;
    assert_eq!(left.iter().map(|message| message.text.as_deref()).collect::<Vec<_>>(), [Some("Me again")]);
    assert!(store.message_by_key(&key_of("m_Me again")).await?.is_some());
    Ok(())
}

pub async fn a_later_erasure_takes_what_came_since_the_first(store: &impl Store) -> Outcome {
    begun(store).await?;
    erased_at(store, at(ERASED)).await?;
    let again = customer_says("Me again").at(at(ERASED + 1)).build();
    take(store, &again).await?;
    assert_eq!(erased_at(store, at(ERASED + 2)).await?.rows, 1);
    assert_eq!(take(store, &again).await?, Ingested::Erased);
    Ok(())
}

pub async fn what_is_dated_ahead_is_erased_with_the_rest(store: &impl Store) -> Outcome {
    begun(store).await?;
    take(store, &customer_says("from tomorrow").at(at(ERASED).plus(Duration::from_hours(24))).build()).await?;
    assert!(erased_at(store, at(ERASED)).await?.rows >= 2);
    assert!(store.messages(&mia(), Order::OldestFirst, None, 10).await?.is_empty());
    Ok(())
}

pub async fn what_is_erased_is_never_sent(store: &impl Store) -> Outcome {
    begun(store).await?;
    let ours = accepted(store, &mia(), at(10), &["Hello"]).await?;
    let held = accepted(store, &mia(), at(11), &["one", "two"]).await?;
    let Claim::Ours(held) = store.claim(&mia(), &held.id, at(12), at(72)).await? else { return Err("it is free".into()) };
    let stale = read(store, &mia()).await?;
    erased_at(store, at(13)).await?;
    assert_eq!(store.claim(&mia(), &ours.id, at(14), at(74)).await?, Claim::Ended);
    assert_eq!(store.save(&held, Some(at(80))).await?, Saved::Stale);
    let late = reply_in(&stale, at(15), &["late"]);
    assert_eq!(store.accept(&late, &stale, due_of(at(15))).await?, Accepted::Stale);
    assert_eq!(store.set_waiting(&mia(), None).await?, None);
    assert_eq!(store.close_window(&mia(), at(0), at(1)).await?, None);
    assert!(store.due(at(ERASED), 10).await?.is_empty());
    // The call that was under way arrived after all.
    let echo = echo_of_ours("m_out", &held.id, 0, 2).at(at(16)).build();
    assert_eq!(take(store, &echo).await?, Ingested::Erased);
    assert!(matches!(store.standing(&mia()).await?, Standing::Erased(_)));
    Ok(())
}

pub async fn the_key_of_an_erased_request_is_free(store: &impl Store) -> Outcome {
    let mut conversation = begun(store).await?;
    let request = RequestKey { key: key_of("request"), fingerprint: key_of("body"), kept_until: at(5_000) };
    let message = Message { request: Some(request.clone()), ..reply_in(&conversation, at(1), &["Hello"]) };
    conversation.page_wrote(true, at(1));
    store.accept(&message, &conversation, due_of(at(1))).await?;
    assert!(store.accepted(&request).await?.is_some());
    erased_at(store, at(ERASED)).await?;
    assert_eq!(store.accepted(&request).await?, None);
    Ok(())
}

pub async fn a_summary_that_was_read_before_an_erasure_is_stale(store: &impl Store) -> Outcome {
    begun(store).await?;
    let late = prepare(store, &customer_says("late").at(at(1)).build()).await?;
    erased_at(store, at(ERASED)).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale);
    assert_eq!(store.message_by_key(&key_of("m_late")).await?, None);
    Ok(())
}

pub async fn an_erasure_leaves_everybody_else(store: &impl Store) -> Outcome {
    begun(store).await?;
    take(store, &customer_says("Hello").by(JONAS).at(at(1)).build()).await?;
    let before = lines(store, &conversation_of(JONAS)).await?;
    erased_at(store, at(ERASED)).await?;
    assert_eq!(lines(store, &conversation_of(JONAS)).await?, before);
    Ok(())
}

pub async fn nobody_is_erased_where_nobody_was(store: &impl Store) -> Outcome {
    assert_eq!(erased_at(store, at(ERASED)).await?.rows, 0);
    assert_eq!(store.conversation(&mia()).await?, None);
    assert_eq!(take(store, &customer_says("Hi").at(at(ERASED + 1)).build()).await?, Ingested::New);
    Ok(())
}

pub async fn an_export_has_a_line_for_everything_and_every_raw_event_whole(store: &impl Store) -> Outcome {
    let long = noise(900_000, 3);
    take(store, &customer_says("long").raw(long.clone()).build()).await?;
    for second in 1..60 {
        take(store, &customer_says(&format!("word {second}")).at(at(second)).build()).await?;
    }
    take(store, &customer_follows("summer").at(at(60)).raw("{\"summer\":1}").build()).await?;
    take(store, &customer_says("Hello").by(JONAS).at(at(1)).build()).await?;
    let lines = lines(store, &mia()).await?;
    let of = |record: &str| lines.iter().filter(|line| line["record"] == record).count();
    assert_eq!((of("conversation"), of("event"), of("message")), (1, 1, 60));
    assert!(lines.iter().any(|line| line["raw"] == long.as_str()), "a long one");
    assert!(lines.iter().any(|line| line["raw"] == "{\"summer\":1}"));
    assert!(lines.iter().all(|line| !line.to_string().contains("Hello")), "nothing of another");
    Ok(())
}
