//! The port `Inbox`.

use std::cmp::Reverse;

use domain::conversation::Conversation;
use domain::id::{ConversationId, MessageId};
use domain::message::Message;
use domain::ports::{Inbox, InboxFilter, InboxPosition, Order, StoreError};

use super::{Call, FakeStore};

impl Inbox for FakeStore {
    async fn list(&self, filter: &InboxFilter, after: Option<&InboxPosition>, limit: usize) -> Result<Vec<Conversation>, StoreError> {
        self.call(Call::List, |state| {
            let place = |conversation: &Conversation| (conversation.last_activity_at, conversation.id.clone());
            let after = after.map(|at| (at.last_activity_at, at.conversation.clone()));
            let shows = |conversation: &&Conversation| {
                // Without a Page the table asks those that it knows.
                filter.page.as_ref().map_or_else(|| state.pages.contains(&conversation.page), |page| *page == conversation.page)
                    && filter.status.is_none_or(|status| status == conversation.status())
                    && filter.assignee.as_ref().is_none_or(|assignee| conversation.assignee.as_ref() == Some(assignee))
                    && after.as_ref().is_none_or(|after| place(conversation) < *after)
            };
            let mut list: Vec<Conversation> = state.conversations.values().filter(shows).cloned().collect();
            list.sort_by_key(|conversation| Reverse(place(conversation)));
            list.truncate(limit);
            Ok(list)
        })
        .await
    }

    async fn messages(
        &self,
        conversation: &ConversationId,
        order: Order,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.call(Call::Messages, |state| {
            let mut ids: Vec<&MessageId> = state.messages.keys().filter(|(of, _)| of == conversation).map(|(_, id)| id).collect();
            if order == Order::NewestFirst {
                ids.reverse();
            }
            let follows = |id: &&MessageId| match (order, after) {
                (_, None) => true,
                (Order::OldestFirst, Some(after)) => *id > after,
                (Order::NewestFirst, Some(after)) => *id < after,
            };
            Ok(ids.into_iter().filter(follows).take(limit).filter_map(|id| state.message(&(conversation.clone(), id.clone()))).collect())
        })
        .await
    }
}
