//! The rows that stand in a table before a subject works: conversations that go on for a while, and replies that wait to leave.

use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId, PageId};
use domain::ports::{Clock, History, Outbox, Recording};
use dynamodb_store::Table;
use lambda_support::clock::SystemClock;
use testkit::ids::{PAGE, page, user};
use testkit::messages::reply_in;

use crate::Outcome;
use crate::events::{CUSTOMERS, customer};

/// How many conversations a batch of `deliver` has: each on a Page of its own, so that no pace is waited for.
pub(crate) const SENDS: usize = 10;

/// A conversation of each customer, whose name is known.
pub(crate) async fn customers(table: &Table) -> Outcome<()> {
    for number in 0..CUSTOMERS {
        begin(table, &page(PAGE), number).await?;
    }
    Ok(())
}

/// The Page of each conversation to which is sent.
pub(crate) fn sending_page(number: usize) -> PageId {
    page(&format!("10823456789{number:04}"))
}

pub(crate) async fn sending_conversations(table: &Table) -> Outcome<()> {
    for number in 0..SENDS {
        begin(table, &sending_page(number), number).await?;
    }
    Ok(())
}

/// A reply in each of the first `count` conversations.
pub(crate) async fn replies(table: &Table, count: usize) -> Outcome<Vec<(ConversationId, MessageId)>> {
    let mut accepted = Vec::new();
    for number in 0..count {
        let id = ConversationId::of(&sending_page(number), &user(&customer(number)));
        let conversation = table.conversation(&id).await?.ok_or("no conversation")?;
        let now = SystemClock.now();
        let message = reply_in(&conversation, now, &["It left our warehouse this morning."]);
        table.accept(&message, &conversation, now).await?;
        accepted.push((id, message.id));
    }
    Ok(accepted)
}

async fn begin(table: &Table, page: &PageId, number: usize) -> Outcome<()> {
    let now = SystemClock.now();
    let mut conversation = Conversation::begin(page.clone(), user(&customer(number)), now);
    conversation.customer_wrote(now);
    conversation.name = Some("Mia Sommer".into());
    conversation.name_checked_at = Some(now);
    table.record(&Recording { conversation: &conversation, entry: None }).await?;
    Ok(())
}
