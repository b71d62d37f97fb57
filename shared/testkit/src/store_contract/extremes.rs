//! The largest, the emptiest and the strangest that may come.

use domain::conversation::Conversation;
use domain::id::{ConversationId, LONGEST};
use domain::inbound::{Attachment, EventKind, InboundEvent};
use domain::ingest::Ingested;
use domain::message::MessageChange;
use domain::ports::{InboxFilter, InboxPosition, Order, Recorded};
use domain::time::Timestamp;

use super::steps::{Tried, accepted, prepare, read, read_message, take};
use super::{Outcome, Store};
use crate::events::{customer_says, echo_of, noted, referral};
use crate::ids::{MIA, at, conversation_of, page, user};
use crate::noise;

async fn stored(store: &impl Store, event: &InboundEvent) -> Tried<domain::message::Message> {
    let prepared = prepare(store, event).await?;
    assert_eq!(prepared.write(store).await?, Recorded::New);
    read_message(store, prepared.message()?).await
}

pub async fn every_text_comes_back_as_it_went(store: &impl Store) -> Outcome {
    for (second, text) in
        ["👨‍👩‍👧‍👦 ❤️‍🔥 🇩🇪", "", " ", "\u{0}\u{7f}\u{feff}", "ﷺ\u{202e}abc", "line\r\nline", "zalgo e\u{301}\u{301}"].iter().enumerate()
    {
        let second = u64::try_from(second)?;
        let event = customer_says(text).numbered(&format!("m_{second}")).at(at(second)).build();
        assert_eq!(stored(store, &event).await?.text.as_deref(), Some(*text));
    }
    Ok(())
}

pub async fn a_long_raw_event_is_taken_and_never_read_in_part(store: &impl Store) -> Outcome {
    for (second, bytes) in [4_000, 5_000, 100_000, 300_000, 800_000].into_iter().enumerate() {
        let second = u64::try_from(second)?;
        let raw = noise(bytes, second);
        let event = customer_says(&format!("no. {second}")).at(at(second)).raw(raw.clone()).build();
        let message = stored(store, &event).await?;
        assert!(message.raw.is_none_or(|read| read == raw), "{bytes}");
        assert_eq!(take(store, &event).await?, Ingested::Duplicate);
    }
    let all = store.messages(&conversation_of(MIA), Order::OldestFirst, None, 10).await?;
    assert_eq!(all.len(), 5);
    let mut longest = all.into_iter().next_back().ok_or("nothing there")?;
    longest.apply(&MessageChange::Unsend { at: at(10) });
    store.save(&longest, None).await?;
    assert_eq!(read_message(store, &longest).await?.raw, None);
    Ok(())
}

pub async fn a_long_raw_event_of_no_message_is_taken(store: &impl Store) -> Outcome {
    let kind = domain::inbound::NotedKind::Feed;
    let event = noted(kind).raw(noise(800_000, 1)).build();
    assert_eq!(take(store, &event).await?, Ingested::New);
    let event = noted(kind).of_the_page().raw(noise(800_000, 2)).build();
    assert_eq!(take(store, &event).await?, Ingested::New);
    assert_eq!(take(store, &event).await?, Ingested::Duplicate);
    Ok(())
}

pub async fn the_longest_ids_are_ids(store: &impl Store) -> Outcome {
    let (page_id, person, number) = ("p".repeat(LONGEST), "u".repeat(LONGEST), "m".repeat(LONGEST));
    let event = customer_says("Hi").on(&page_id).by(&person).numbered(&number).build();
    assert_eq!(take(store, &event).await?, Ingested::New);
    assert_eq!(take(store, &event).await?, Ingested::Duplicate);
    let id = ConversationId::of(&page(&page_id), &user(&person));
    let conversation = read(store, &id).await?;
    assert_eq!(store.list(&InboxFilter::default(), None, 10).await?, std::slice::from_ref(&conversation));
    let filter = InboxFilter { page: Some(page(&page_id)), ..InboxFilter::default() };
    assert_eq!(store.list(&filter, None, 10).await?, [conversation]);
    let event = noted(domain::inbound::NotedKind::Feed).on(&page_id).of_the_page().build();
    assert_eq!(take(store, &event).await?, Ingested::New);
    accepted(store, &id, at(1), &["Hello"]).await?;
    Ok(())
}

pub async fn details_nest_as_deep_as_they_like(store: &impl Store) -> Outcome {
    let details = (0..60).fold(serde_json::json!("the bottom"), |inner, _| serde_json::json!({ "a": inner }));
    let attachment = Attachment { kind: "template".into(), url: None, title: None, details: Some(details.clone()) };
    let message = stored(store, &customer_says("Hi").with(attachment).build()).await?;
    assert_eq!(message.attachments.first().and_then(|attachment| attachment.details.as_ref()), Some(&details));
    Ok(())
}

pub async fn the_largest_message_fits(store: &impl Store) -> Outcome {
    let mut event = customer_says("Hi").led_by(referral(&noise(3_000, 1), &noise(3_000, 2))).raw(noise(900_000, 3)).build();
    if let EventKind::Message(message) = &mut event.kind {
        message.text = Some("€".repeat(40_000));
        message.quick_reply = Some(noise(40_000, 4));
        message.attachments = (0..100)
            .map(|seed| Attachment {
                kind: noise(200, seed),
                url: Some(noise(5_000, seed)),
                title: Some(noise(5_000, seed + 1000)),
                details: Some(serde_json::json!({ "note": noise(2_050, seed + 2000) })),
            })
            .collect();
    }
    let message = stored(store, &event).await?;
    assert_eq!(message.text.map(|text| text.len()), Some(30_000));
    assert_eq!(message.attachments.len(), 40);
    Ok(())
}

pub async fn the_longest_reply_fits(store: &impl Store) -> Outcome {
    let conversation = super::steps::begun(store).await?;
    let part = "€".repeat(domain::text::LONGEST_PART);
    let parts = vec![part.as_str(); 10];
    let message = accepted(store, &conversation.id, at(10), &parts).await?;
    assert_eq!(read_message(store, &message).await?.sending, message.sending);
    Ok(())
}

pub async fn nonsense_moments_sort_as_time_does(store: &impl Store) -> Outcome {
    let moments = [Timestamp::from_millis(0), at(0), Timestamp::from_millis(10_000_000_000_000), Timestamp::from_millis(i64::MAX)];
    let mut expected: Vec<Conversation> = Vec::new();
    for (person, moment) in moments.into_iter().enumerate() {
        let person = format!("70{person}");
        take(store, &echo_of(&format!("m_{person}"), "Hi", None).by(&person).at(moment).build()).await?;
        expected.insert(0, read(store, &conversation_of(&person)).await?);
    }
    assert_eq!(store.list(&InboxFilter::default(), None, 10).await?, expected);
    let mut seen = Vec::new();
    let mut after: Option<InboxPosition> = None;
    while let Some(next) = store.list(&InboxFilter::default(), after.as_ref(), 1).await?.pop() {
        after = Some(InboxPosition { last_activity_at: next.last_activity_at, conversation: next.id.clone() });
        seen.push(next);
    }
    assert_eq!(seen, expected);
    let last = expected.first().ok_or("nothing there")?;
    let id = accepted(store, &last.id, Timestamp::from_millis(i64::MAX), &["late"]).await?.id;
    assert_eq!(store.due(Timestamp::from_millis(i64::MAX), 10).await?.first().map(|due| &due.message), Some(&id));
    assert!(store.due(at(1_000_000), 10).await?.is_empty());
    Ok(())
}
