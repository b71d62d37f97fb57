//! An order as it stands: what its sources told until now, its parcels, and the notices that follow from each step.
//!
//! ```text
//! shop::ShopEvent ─▶ Order::apply ─▶ Change: is it news, and which notices does it make ─▶ Orders::save, in one transaction
//! ```

mod names;
mod order;
mod parcel;
mod receipt;

use std::future::Future;

use serde::{Deserialize, Serialize};

pub use self::names::{Alias, customer_name, name_of};
pub use self::order::{Change, NewNotice, Order, notice_about};
pub use self::parcel::{Parcel, notice_of};
use crate::id::{ConversationId, DedupeKey, MessageId, PageId};
use crate::notice::{Notice, OrderId};
use crate::ports::StoreError;
use crate::shop::ShopEvent;

/// What became of writing an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Written,
    /// The order has another revision by now; nothing was written.
    Stale,
}

/// What is written of an order in one transaction. Its place beside its conversation follows from it.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    pub order: &'a Order,
    pub notices: &'a [Notice],
    /// New names that the order is found by.
    pub aliases: &'a [Alias],
    /// New names of its customer, see [`Order::customer_names`].
    pub names: &'a [DedupeKey],
}

/// What a Page knows under the name of a customer: a digest of an e-mail address, a telephone number, the shop's own id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acquaintance {
    pub conversation: Option<ConversationId>,
    pub orders: Vec<OrderId>,
}

/// An order beside a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TiedOrder {
    pub order: OrderId,
    /// The customer's messages that name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_in: Vec<MessageId>,
}

/// The stored orders.
pub trait Orders: Sync {
    fn order(&self, id: &OrderId) -> impl Future<Output = Result<Option<Order>, StoreError>> + Send;

    fn order_by(&self, page: &PageId, alias: &Alias) -> impl Future<Output = Result<Option<OrderId>, StoreError>> + Send;

    /// Writes what an event made of an order, whose `revision` is the one that was read, in one transaction. Its new notices are due at once.
    fn save_order(&self, writing: &Writing<'_>) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Keeps an event whose order is not known yet, under the names that it gives it.
    fn keep_event(&self, page: &PageId, event: &ShopEvent) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists what was kept under a name, oldest first.
    fn kept_events(&self, page: &PageId, alias: &Alias) -> impl Future<Output = Result<Vec<ShopEvent>, StoreError>> + Send;

    /// Reads what is known under a customer's name, see [`Order::customer_names`].
    fn acquaintance(&self, name: &DedupeKey) -> impl Future<Output = Result<Acquaintance, StoreError>> + Send;

    /// Notes whose thread a customer's name leads to.
    fn acquaint(&self, name: &DedupeKey, conversation: &ConversationId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists the orders beside a conversation, oldest first.
    fn tied_orders(&self, conversation: &ConversationId) -> impl Future<Output = Result<Vec<TiedOrder>, StoreError>> + Send;

    /// Removes an order with its notices and the names that lead to it, for the erasure of a person and nothing else.
    fn remove_order(&self, order: &Order) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes an order away from a conversation whose it is not.
    fn untie(&self, conversation: &ConversationId, order: &OrderId) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes that a message of the customer's names an order.
    fn name_order(
        &self,
        conversation: &ConversationId,
        order: &OrderId,
        message: &MessageId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
