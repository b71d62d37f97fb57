//! The port `Orders`.

use domain::id::{ConversationId, DedupeKey, MessageId, PageId};
use domain::notice::{Notice, OrderId};
use domain::orders::{Acquaintance, Alias, Order, Orders, TiedOrder, Writing, Written};
use domain::ports::StoreError;
use domain::shop::ShopEvent;

use super::state::State;
use super::{Call, FakeStore};

/// The most messages that are noted of an order that they name.
const MOST_NAMED: usize = 20;

impl Orders for FakeStore {
    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.call(Call::Order, |state| Ok(state.orders.get(id).cloned())).await
    }

    async fn order_by(&self, page: &PageId, alias: &Alias) -> Result<Option<OrderId>, StoreError> {
        self.call(Call::OrderBy, |state| Ok(state.aliases.get(&alias.key(page)).cloned())).await
    }

    async fn save_order(&self, writing: &Writing<'_>) -> Result<Written, StoreError> {
        self.call(Call::SaveOrder, |state| Ok(save(state, writing))).await
    }

    async fn keep_event(&self, page: &PageId, event: &ShopEvent) -> Result<(), StoreError> {
        self.call(Call::KeepEvent, |state| {
            for alias in Alias::of(event) {
                state.kept.insert((alias.key(page), event.occurred_at, event.digest()), event.clone());
            }
            Ok(())
        })
        .await
    }

    async fn kept_events(&self, page: &PageId, alias: &Alias) -> Result<Vec<ShopEvent>, StoreError> {
        self.call(Call::KeptEvents, |state| {
            let key = alias.key(page);
            Ok(state.kept.iter().filter(|((kept, ..), _)| *kept == key).map(|(_, event)| event.clone()).collect())
        })
        .await
    }

    async fn acquaintance(&self, name: &DedupeKey) -> Result<Acquaintance, StoreError> {
        self.call(Call::Acquaintance, |state| Ok(state.acquaintances.get(name).cloned().unwrap_or_default())).await
    }

    async fn acquaint(&self, name: &DedupeKey, conversation: &ConversationId) -> Result<(), StoreError> {
        self.call(Call::Acquaint, |state| {
            state.acquaintances.entry(name.clone()).or_default().conversation = Some(conversation.clone());
            Ok(())
        })
        .await
    }

    async fn tied_orders(&self, conversation: &ConversationId) -> Result<Vec<TiedOrder>, StoreError> {
        self.call(Call::TiedOrders, |state| {
            let of = state.tied.iter().filter(|((tied, _), _)| tied == conversation);
            Ok(of.map(|((_, order), named_in)| TiedOrder { order: order.clone(), named_in: named_in.clone() }).collect())
        })
        .await
    }

    async fn remove_order(&self, order: &Order) -> Result<(), StoreError> {
        self.call(Call::RemoveOrder, |state| {
            state.notices.retain(|id, _| !order.notices.contains(id));
            state.aliases.retain(|_, of| *of != order.id);
            state.acquaintances.retain(|name, _| !order.filed_under.contains(name));
            state.tied.retain(|(_, tied), _| *tied != order.id);
            state.orders.remove(&order.id);
            Ok(())
        })
        .await
    }

    async fn untie(&self, conversation: &ConversationId, order: &OrderId) -> Result<(), StoreError> {
        self.call(Call::Untie, |state| {
            state.tied.remove(&(conversation.clone(), order.clone()));
            Ok(())
        })
        .await
    }

    async fn name_order(&self, conversation: &ConversationId, order: &OrderId, message: &MessageId) -> Result<(), StoreError> {
        self.call(Call::NameOrder, |state| {
            let named_in = state.tied.entry((conversation.clone(), order.clone())).or_default();
            if named_in.len() < MOST_NAMED && !named_in.contains(message) {
                named_in.push(message.clone());
            }
            Ok(())
        })
        .await
    }
}

fn save(state: &mut State, writing: &Writing<'_>) -> Written {
    let order = writing.order;
    let stored = state.orders.get(&order.id).map_or(0, |stored| stored.revision);
    if stored != order.revision || writing.notices.iter().any(|notice| state.notices.contains_key(&notice.id)) {
        return Written::Stale;
    }
    state.orders.insert(order.id.clone(), Order { revision: order.revision + 1, ..order.clone() });
    for notice in writing.notices {
        state.notices.insert(notice.id.clone(), (Notice { revision: 1, ..notice.clone() }, Some(notice.created_at)));
    }
    for alias in writing.aliases {
        state.aliases.insert(alias.key(&order.page), order.id.clone());
    }
    for name in writing.names {
        let orders = &mut state.acquaintances.entry(name.clone()).or_default().orders;
        if !orders.contains(&order.id) {
            orders.push(order.id.clone());
            orders.sort();
        }
    }
    if let Some(conversation) = &order.conversation {
        state.tied.entry((conversation.clone(), order.id.clone())).or_default();
    }
    Written::Written
}
