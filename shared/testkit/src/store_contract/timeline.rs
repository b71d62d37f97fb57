//! The messages of a conversation.

use domain::id::MessageId;
use domain::ports::Order;

use super::steps::{Tried, accepted, take};
use super::{Outcome, Store};
use crate::events::{customer_follows, customer_says};
use crate::ids::{JONAS, MIA, at, conversation_of, message_id};
use crate::messages::ids;
use crate::noise;

/// Lets the customer write so often, every second; every third raw event is too long for one row.
async fn chat(store: &impl Store, count: u64) -> Tried<Vec<MessageId>> {
    let conversation = conversation_of(MIA);
    for second in 0..count {
        let said = customer_says(&format!("no. {second}")).at(at(second));
        let raw = if second % 3 == 0 { noise(300_000, second) } else { String::from("{}") };
        take(store, &said.raw(raw).build()).await?;
        take(store, &customer_follows(&format!("link {second}")).at(at(second)).build()).await?;
    }
    let all = store.messages(&conversation, Order::OldestFirst, None, 1000).await?;
    assert_eq!(all.len(), usize::try_from(count)?);
    Ok(ids(&all))
}

pub async fn messages_come_in_either_order(store: &impl Store) -> Outcome {
    let mut all = chat(store, 7).await?;
    assert!(all.is_sorted());
    let newest = store.messages(&conversation_of(MIA), Order::NewestFirst, None, 1000).await?;
    all.reverse();
    assert_eq!(ids(&newest), all);
    assert_eq!(newest.first().and_then(|message| message.text.as_deref()), Some("no. 6"));
    Ok(())
}

pub async fn pages_of_messages_have_no_gap_and_no_overlap(store: &impl Store) -> Outcome {
    let all = chat(store, 10).await?;
    for order in [Order::OldestFirst, Order::NewestFirst] {
        for limit in [1, 3, 4, 10] {
            let mut seen = Vec::new();
            loop {
                let page = store.messages(&conversation_of(MIA), order, seen.last(), limit).await?;
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                seen.extend(ids(&page));
            }
            if order == Order::NewestFirst {
                seen.reverse();
            }
            assert_eq!(seen, all, "{order:?} by {limit}");
        }
    }
    Ok(())
}

pub async fn a_place_where_no_message_stands_is_a_place(store: &impl Store) -> Outcome {
    let all = chat(store, 4).await?;
    let between = message_id(at(1).plus(std::time::Duration::from_millis(500)), 1);
    let later = store.messages(&conversation_of(MIA), Order::OldestFirst, Some(&between), 10).await?;
    assert_eq!(ids(&later).as_slice(), all.get(2..).unwrap_or_default());
    let earlier = store.messages(&conversation_of(MIA), Order::NewestFirst, Some(&between), 10).await?;
    assert_eq!(ids(&earlier).into_iter().rev().collect::<Vec<_>>().as_slice(), all.get(..2).unwrap_or_default());
    Ok(())
}

pub async fn both_sides_stand_in_one_timeline(store: &impl Store) -> Outcome {
    chat(store, 2).await?;
    let ours = accepted(store, &conversation_of(MIA), at(1).plus(std::time::Duration::from_millis(1)), &["Hello"]).await?;
    let all = store.messages(&conversation_of(MIA), Order::OldestFirst, None, 10).await?;
    assert_eq!(all.last().map(|message| &message.id), Some(&ours.id));
    assert_eq!(all.len(), 3, "what is pending shows once");
    Ok(())
}

pub async fn another_conversation_shows_nothing_of_it(store: &impl Store) -> Outcome {
    chat(store, 2).await?;
    assert!(store.messages(&conversation_of(JONAS), Order::OldestFirst, None, 10).await?.is_empty());
    Ok(())
}
