//! What a conversation accepted and has not sent.

use domain::conversation::Conversation;
use domain::id::DedupeKey;
use domain::message::{End, Message, Outcome as Sending, RequestKey, WaitingFor};
use domain::ports::{Accepted, Recorded};
use domain::reply::MOST_PENDING;
use futures::future::join_all;

use super::steps::{accepted, begun, due_of, pending, prepare, read, read_message, take};
use super::{Outcome, Store};
use crate::events::customer_says;
use crate::ids::{JONAS, at, conversation_of};
use crate::messages::{reply_in, with_outcome};

pub async fn a_conversation_that_is_not_there_cannot_be_opened(store: &impl Store) -> Outcome {
    assert_eq!(store.open(&conversation_of(JONAS)).await?, None);
    Ok(())
}

pub async fn what_was_accepted_is_pending_oldest_first(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let later = accepted(store, &conversation.id, at(20), &["later"]).await?;
    let sooner = accepted(store, &conversation.id, at(10), &["sooner"]).await?;
    let open = store.open(&conversation.id).await?.ok_or("not there")?;
    assert_eq!(open.pending, [sooner.id.clone(), later.id]);
    assert_eq!(open.conversation, read(store, &conversation.id).await?);
    assert_eq!(open.conversation.version, conversation.version + 2);
    let stored = read_message(store, &sooner).await?;
    assert_eq!((stored.revision, stored.sending), (1, sooner.sending));
    Ok(())
}

pub async fn a_stale_conversation_accepts_nothing(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    accepted(store, &conversation.id, at(10), &["one"]).await?;
    let late = reply_in(&conversation, at(11), &["late"]);
    assert_eq!(store.accept(&late, &conversation, due_of(at(11))).await?, Accepted::Stale);
    assert_eq!(store.message(&conversation.id, &late.id).await?, None);
    assert_eq!(pending(store, &conversation.id).await?.len(), 1);
    Ok(())
}

pub async fn a_message_is_accepted_once(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    let current = read(store, &conversation.id).await?;
    assert_eq!(store.accept(&message, &current, due_of(at(10))).await?, Accepted::Stale);
    assert_eq!(read(store, &conversation.id).await?, current);
    Ok(())
}

/// A message of ours that a named request asked for.
fn asked(conversation: &Conversation, second: u64, key: &str, asked: &str) -> Message {
    let request =
        RequestKey { key: DedupeKey::of_content(&["request", key]), fingerprint: DedupeKey::of_content(&[asked]), kept_until: at(200_000) };
    Message { request: Some(request), ..reply_in(conversation, at(second), &[asked]) }
}

pub async fn a_request_that_comes_again_makes_no_second_message(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let first = asked(&conversation, 10, "k", "one");
    assert_eq!(store.accept(&first, &conversation, at(200)).await?, Accepted::Accepted);
    let current = read(store, &conversation.id).await?;
    let Accepted::Repeated(found) = store.accept(&asked(&current, 11, "k", "one"), &current, at(200)).await? else {
        return Err("it was not repeated".into());
    };
    assert_eq!(found.id, first.id);
    assert_eq!(store.accept(&asked(&current, 12, "k", "two"), &current, at(200)).await?, Accepted::KeyOfAnother);
    assert_eq!(pending(store, &conversation.id).await?, [first.id]);
    assert_eq!(read(store, &conversation.id).await?, current);
    assert_eq!(store.accept(&asked(&current, 13, "another", "one"), &current, at(200)).await?, Accepted::Accepted);
    Ok(())
}

pub async fn of_a_request_that_comes_twice_at_once_one_message_is_made(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let messages: Vec<_> = (0..5).map(|second| asked(&conversation, second, "k", "one")).collect();
    let ends = join_all(messages.iter().map(|message| store.accept(message, &conversation, at(200)))).await;
    let ends = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(ends.iter().filter(|end| **end == Accepted::Accepted).count(), 1, "{ends:?}");
    assert!(!ends.contains(&Accepted::KeyOfAnother), "{ends:?}");
    assert_eq!(pending(store, &conversation.id).await?.len(), 1);
    Ok(())
}

pub async fn one_of_several_messages_at_once_is_accepted(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let messages: Vec<_> = (0..5).map(|second| reply_in(&conversation, at(second), &["at once"])).collect();
    let ends = join_all(messages.iter().map(|message| store.accept(message, &conversation, at(200)))).await;
    let ends = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(ends.iter().filter(|end| **end == Accepted::Accepted).count(), 1, "{ends:?}");
    assert_eq!(pending(store, &conversation.id).await?.len(), 1);
    Ok(())
}

pub async fn accepting_makes_a_summary_stale(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let late = prepare(store, &customer_says("late").at(at(1)).build()).await?;
    accepted(store, &conversation.id, at(10), &["one"]).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale);
    Ok(())
}

pub async fn at_most_so_many_pending_messages_are_read(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    for second in 0..=u64::try_from(MOST_PENDING)? {
        accepted(store, &conversation.id, at(second), &["one of many"]).await?;
    }
    let open = pending(store, &conversation.id).await?;
    assert_eq!(open.len(), MOST_PENDING);
    assert!(open.is_sorted());
    assert_eq!(open.first().map(|id| id.as_str().len()), Some(30));
    Ok(())
}

pub async fn what_is_forgotten_is_not_pending_and_still_there(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    for _ in 0..2 {
        store.forget(&conversation.id, &message.id).await?;
        assert!(pending(store, &conversation.id).await?.is_empty());
    }
    assert!(store.due(at(9999), 10).await?.is_empty());
    read_message(store, &message).await?;
    Ok(())
}

pub async fn what_a_conversation_waits_for_is_said_and_taken_back(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    for on in [Some(WaitingFor::Window), Some(WaitingFor::Thread), Some(WaitingFor::Page), None, None] {
        let before = read(store, &conversation.id).await?;
        let after = store.set_waiting(&conversation.id, on).await?.ok_or("not there")?;
        assert_eq!((after.waiting_for, after.version), (on, before.version + 1));
        assert_eq!(read(store, &conversation.id).await?, after);
    }
    Ok(())
}

pub async fn a_summary_that_was_read_before_the_wait_is_stale(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let late = prepare(store, &customer_says("late").at(at(1)).build()).await?;
    store.set_waiting(&conversation.id, Some(WaitingFor::Window)).await?;
    assert_eq!(late.write(store).await?, Recorded::Stale, "or nobody would be woken");
    Ok(())
}

pub async fn nobody_waits_where_no_conversation_is(store: &impl Store) -> Outcome {
    assert_eq!(store.set_waiting(&conversation_of(JONAS), Some(WaitingFor::Window)).await?, None);
    assert_eq!(store.conversation(&conversation_of(JONAS)).await?, None);
    Ok(())
}

pub async fn a_window_closes_where_it_was_thought_to(store: &impl Store) -> Outcome {
    let before = begun(store).await?;
    let estimate = before.window_ends_at.ok_or("no window")?;
    let after = store.close_window(&before.id, estimate, at(50)).await?.ok_or("not there")?;
    assert_eq!((after.window_ends_at, after.version), (Some(at(50)), before.version + 1));
    assert_eq!(read(store, &before.id).await?, after);
    assert_eq!(store.close_window(&conversation_of(JONAS), estimate, at(50)).await?, None);
    Ok(())
}

pub async fn a_window_that_opened_again_stays_open(store: &impl Store) -> Outcome {
    let before = begun(store).await?;
    let estimate = before.window_ends_at.ok_or("no window")?;
    take(store, &customer_says("again").numbered("m_2").at(at(30)).build()).await?;
    let after = store.close_window(&before.id, estimate, at(50)).await?.ok_or("not there")?;
    assert!(after.window_ends_at > Some(estimate));
    assert_eq!(read(store, &before.id).await?, after);
    Ok(())
}

pub async fn what_a_request_asked_for_is_known(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let first = asked(&conversation, 10, "k", "one");
    let request = first.request.clone().ok_or("no request")?;
    assert_eq!(store.accepted(&request).await?, None);
    store.accept(&first, &conversation, at(200)).await?;
    assert!(matches!(store.accepted(&request).await?, Some(Accepted::Repeated(found)) if found.id == first.id));
    let other = asked(&conversation, 11, "k", "two").request.ok_or("no request")?;
    assert_eq!(store.accepted(&other).await?, Some(Accepted::KeyOfAnother));
    Ok(())
}

pub async fn only_what_may_be_decided_about_is_found_by_its_id(store: &impl Store) -> Outcome {
    let conversation = begun(store).await?;
    let message = accepted(store, &conversation.id, at(10), &["one"]).await?;
    assert_eq!(store.find(&message.id).await?, None);
    let failed = Sending::Failed { reason: "so".into(), end: End::Refused };
    store.save(&with_outcome(read_message(store, &message).await?, failed), None).await?;
    assert_eq!(store.find(&message.id).await?, Some(read_message(store, &message).await?));
    Ok(())
}
