//! The list of conversations.

use std::collections::BTreeSet;

use domain::conversation::{Conversation, Status};
use domain::ports::{InboxFilter, InboxPosition, Recording};

use super::steps::{Tried, read, take};
use super::{Outcome, Store};
use crate::events::customer_says;
use crate::ids::{PAGE, at, page, user};

const OTHER_PAGE: &str = "208234567890124";

/// Lets a person write to a Page.
async fn write(store: &impl Store, page_id: &str, person: &str, second: u64) -> Tried<Conversation> {
    let event = customer_says("Hi").numbered(&format!("m_{page_id}-{person}-{second}")).on(page_id).by(person).at(at(second)).build();
    take(store, &event).await?;
    read(store, &domain::id::ConversationId::of(&page(page_id), &user(person))).await
}

async fn decide(store: &impl Store, mut conversation: Conversation, status: Status, assignee: Option<&str>) -> Tried<Conversation> {
    conversation.case.status = status;
    conversation.assignee = assignee.map(str::to_owned);
    store.record(&Recording { conversation: &conversation, entry: None }).await?;
    read(store, &conversation.id).await
}

fn position(conversation: &Conversation) -> InboxPosition {
    InboxPosition { last_activity_at: conversation.last_activity_at, conversation: conversation.id.clone() }
}

pub async fn an_empty_inbox_is_empty(store: &impl Store) -> Outcome {
    assert!(store.list(&InboxFilter::default(), None, 10).await?.is_empty());
    assert!(store.list(&InboxFilter { page: Some(page(PAGE)), ..InboxFilter::default() }, None, 10).await?.is_empty());
    Ok(())
}

pub async fn conversations_come_newest_first_and_whole(store: &impl Store) -> Outcome {
    let mut expected = Vec::new();
    for second in 0..20 {
        expected.insert(0, write(store, PAGE, &format!("70{second}"), second).await?);
    }
    assert_eq!(store.list(&InboxFilter::default(), None, 100).await?, expected);
    assert_eq!(store.list(&InboxFilter::default(), None, 3).await?.as_slice(), expected.get(..3).unwrap_or_default());
    Ok(())
}

pub async fn new_activity_moves_a_conversation_to_the_top_once(store: &impl Store) -> Outcome {
    let mia = write(store, PAGE, "701", 0).await?;
    let jonas = write(store, PAGE, "702", 10).await?;
    write(store, PAGE, "701", 20).await?;
    let list = store.list(&InboxFilter::default(), None, 10).await?;
    assert_eq!(list.iter().map(|conversation| &conversation.id).collect::<Vec<_>>(), [&mia.id, &jonas.id]);
    Ok(())
}

pub async fn a_page_shows_its_own_and_all_pages_show_all(store: &impl Store) -> Outcome {
    let here = write(store, PAGE, "701", 0).await?;
    let there = write(store, OTHER_PAGE, "701", 1).await?;
    let of = |page_id: &str| InboxFilter { page: Some(page(page_id)), ..InboxFilter::default() };
    assert_eq!(store.list(&of(PAGE), None, 10).await?, std::slice::from_ref(&here));
    assert_eq!(store.list(&of(OTHER_PAGE), None, 10).await?, std::slice::from_ref(&there));
    assert_eq!(store.list(&InboxFilter::default(), None, 10).await?, [there, here]);
    Ok(())
}

pub async fn a_status_shows_its_own_and_both_show_all_in_order(store: &impl Store) -> Outcome {
    let open = write(store, PAGE, "701", 0).await?;
    let resolved = write(store, PAGE, "702", 1).await?;
    let resolved = decide(store, resolved, Status::Resolved, None).await?;
    let newest = write(store, PAGE, "703", 2).await?;
    let with = |status| InboxFilter { status: Some(status), ..InboxFilter::default() };
    assert_eq!(store.list(&with(Status::Open), None, 10).await?, [newest.clone(), open.clone()]);
    assert_eq!(store.list(&with(Status::Resolved), None, 10).await?, std::slice::from_ref(&resolved));
    assert_eq!(store.list(&InboxFilter::default(), None, 10).await?, [newest, resolved, open]);
    Ok(())
}

pub async fn an_assignee_sees_their_own_however_few_they_are(store: &impl Store) -> Outcome {
    let mut mine = Vec::new();
    for second in 0..24 {
        let conversation = write(store, PAGE, &format!("70{second}"), second).await?;
        if second % 8 == 0 {
            mine.insert(0, decide(store, conversation, Status::Open, Some("agt_1")).await?);
        } else if second % 2 == 0 {
            decide(store, conversation, Status::Open, Some("agt_2")).await?;
        }
    }
    let filter = InboxFilter { assignee: Some("agt_1".into()), ..InboxFilter::default() };
    assert_eq!(store.list(&filter, None, 100).await?, mine);
    assert_eq!(store.list(&filter, None, 2).await?.as_slice(), mine.get(..2).unwrap_or_default());
    let after = mine.first().map(position);
    assert_eq!(store.list(&filter, after.as_ref(), 100).await?.as_slice(), mine.get(1..).unwrap_or_default());
    Ok(())
}

pub async fn a_place_between_is_where_the_list_goes_on(store: &impl Store) -> Outcome {
    let old = write(store, PAGE, "701", 0).await?;
    let new = write(store, PAGE, "702", 10).await?;
    let between = InboxPosition { last_activity_at: at(5), conversation: new.id.clone() };
    assert_eq!(store.list(&InboxFilter::default(), Some(&between), 10).await?, std::slice::from_ref(&old));
    assert_eq!(store.list(&InboxFilter::default(), Some(&position(&old)), 10).await?, []);
    Ok(())
}

pub async fn equal_moments_are_told_apart(store: &impl Store) -> Outcome {
    let mut all = BTreeSet::new();
    for person in 0..12 {
        all.insert(write(store, PAGE, &format!("70{person}"), 0).await?.id);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.list(&InboxFilter::default(), after.as_ref(), 5).await?;
        let Some(last) = page.last() else { break };
        after = Some(position(last));
        seen.extend(page.into_iter().map(|conversation| conversation.id));
    }
    assert_eq!(seen.len(), all.len(), "nobody twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all, "nobody left out");
    Ok(())
}

pub async fn nobody_who_stays_is_skipped_while_others_move(store: &impl Store) -> Outcome {
    let mut staying = BTreeSet::new();
    for second in 0..20 {
        let id = write(store, PAGE, &format!("70{second}"), second).await?.id;
        if second % 3 != 0 {
            staying.insert(id);
        }
    }
    let mut seen = Vec::new();
    let mut after = None;
    let mut moment = 100;
    loop {
        let page = store.list(&InboxFilter::default(), after.as_ref(), 4).await?;
        let Some(last) = page.last() else { break };
        after = Some(position(last));
        seen.extend(page.into_iter().map(|conversation| conversation.id));
        // One person of those that move writes between any two pages.
        write(store, PAGE, &format!("70{}", (moment - 100) * 3 % 21), moment).await?;
        moment += 1;
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "nobody twice");
    assert!(staying.iter().all(|id| seen.contains(id)), "nobody left out");
    Ok(())
}
