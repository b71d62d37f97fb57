//! What a customer did, as far as their notices care: a link that they tapped, an order that they name, an answer to a notice.

use super::Ports;
use super::counting::count;
use super::decide::{DecideError, FOLLOWED, by_itself, decide};
use crate::consent::{self, Channel, Consents, Standing, Subject};
use crate::conversation::Conversation;
use crate::id::{ConversationId, DedupeKey, PageId};
use crate::job::Act;
use crate::link::{self, LinkError, LinkTarget};
use crate::notice::{Notice, NoticeId, NoticeState, Notices, OrderId, Step};
use crate::orders::{Order, Orders, Writing, Written, customer_name};
use crate::ports::History;
use crate::rollout::What;
use crate::secret::Secret;

/// How often a write is tried again after losing a race for an order.
const ATTEMPTS: u32 = 10;

/// How many orders beside a conversation are looked at when its customer does something, those that changed last.
const MOST_ORDERS: usize = 20;

/// What came of what a customer did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// Why the link ties nothing, when it does not.
    pub link_refused: Option<LinkError>,
    /// The notices that were decided about.
    pub decided: Vec<NoticeId>,
}

/// Follows what a customer did. Doing it again changes nothing.
pub async fn customer_acted(world: &impl Ports, secrets: &[Secret], act: &Act) -> Result<Followed, DecideError> {
    let mut followed = Followed::default();
    let Some(conversation) = world.store().conversation(&act.conversation).await.map_err(DecideError::Store)? else { return Ok(followed) };
    if let Some(reference) = &act.reference {
        match link::read(secrets, reference, &conversation.page, act.at) {
            Ok(target) => tie(world, &conversation, &target, act).await?,
            Err(err) => followed.link_refused = Some(err),
        }
    }
    name_orders(world, &conversation, act).await?;
    for order in orders_of(world, &conversation.id).await? {
        for id in &order.notices {
            let Some(notice) = world.store().notice(id).await.map_err(DecideError::Store)? else { continue };
            answered(world, &conversation, &notice, act).await?;
            if matches!(notice.state, NoticeState::Undecided | NoticeState::Waiting { .. }) {
                by_itself(decide(world, id).await)?;
                followed.decided.push(id.clone());
            }
        }
    }
    Ok(followed)
}

/// Takes in how far the conversation's notices were delivered and read.
pub async fn marks(world: &impl Ports, conversation: &ConversationId) -> Result<(), DecideError> {
    for order in orders_of(world, conversation).await? {
        for id in &order.notices {
            let Some(notice) = world.store().notice(id).await.map_err(DecideError::Store)? else { continue };
            if matches!(notice.state, NoticeState::Message { .. }) && !notice.has_reached(Step::Read) {
                decide(world, id).await?;
            }
        }
    }
    Ok(())
}

/// Ties the conversation to what a link says: its order, and where it says whose it is, all orders of that customer. An order's own link says
/// nothing of its customer: it may be passed on.
async fn tie(world: &impl Ports, conversation: &Conversation, target: &LinkTarget, act: &Act) -> Result<(), DecideError> {
    if let Some(words) = &target.consent {
        let event = act.reference.as_deref().unwrap_or_default();
        consent::tapped(world.store(), &conversation.id, words, event, act.at).await.map_err(DecideError::Store)?;
    }
    let reference = act.reference.as_deref().map(|reference| customer_name(&conversation.page, "reference", reference));
    for name in names_of(&conversation.page, target).iter().chain(&reference) {
        let known = world.store().acquaintance(name).await.map_err(DecideError::Store)?;
        if known.conversation.is_none() {
            world.store().acquaint(name, &conversation.id).await.map_err(DecideError::Store)?;
        }
        // Read after it was written: an order that comes in between finds the thread by itself.
        for order in world.store().acquaintance(name).await.map_err(DecideError::Store)?.orders {
            address(world, &order, &conversation.id).await?;
        }
    }
    Ok(())
}

fn names_of(page: &PageId, target: &LinkTarget) -> Vec<DedupeKey> {
    let order = target.order.as_deref().map(|number| customer_name(page, "order", OrderId::of(page, number).as_str()));
    let email = target.email.as_ref().map(|email| customer_name(page, "email", email.as_str()));
    let customer = target.customer_id.as_deref().map(|id| customer_name(page, "customer", id));
    order.into_iter().chain(email).chain(customer).collect()
}

/// Notes whose order it is. Whoever came first stays: a link that is passed on does not take an order away.
async fn address(world: &impl Ports, id: &OrderId, conversation: &ConversationId) -> Result<(), DecideError> {
    for _ in 0..ATTEMPTS {
        let Some(order) = world.store().order(id).await.map_err(DecideError::Store)? else { return Ok(()) };
        if order.conversation.is_some() {
            return Ok(());
        }
        let order = Order { conversation: Some(conversation.clone()), ..order };
        let writing = Writing { order: &order, notices: &[], aliases: &[], names: &[] };
        if world.store().save_order(&writing).await.map_err(DecideError::Store)? == Written::Written {
            return Ok(());
        }
    }
    Err(DecideError::Busy)
}

/// Ties a question to the orders that it names. It says nothing of whose they are: only the person who answers sees them.
async fn name_orders(world: &impl Ports, conversation: &Conversation, act: &Act) -> Result<(), DecideError> {
    let Some(message) = &act.message else { return Ok(()) };
    for number in &act.numbers {
        let id = OrderId::of(&conversation.page, number);
        if world.store().order(&id).await.map_err(DecideError::Store)?.is_some() {
            world.store().name_order(&conversation.id, &id, message).await.map_err(DecideError::Store)?;
        }
    }
    Ok(())
}

/// Reads the orders that are the customer's own, those that changed last first.
async fn orders_of(world: &impl Ports, conversation: &ConversationId) -> Result<Vec<Order>, DecideError> {
    let mut orders = Vec::new();
    for tied in world.store().tied_orders(conversation).await.map_err(DecideError::Store)? {
        let order = world.store().order(&tied.order).await.map_err(DecideError::Store)?;
        orders.extend(order.filter(|order| order.conversation.as_ref() == Some(conversation)));
    }
    orders.sort_by_key(|order| std::cmp::Reverse(order.changed_at));
    orders.truncate(MOST_ORDERS);
    Ok(orders)
}

/// Counts for the notice's rollout what its customer did after it.
async fn answered(world: &impl Ports, conversation: &Conversation, notice: &Notice, act: &Act) -> Result<(), DecideError> {
    if notice.rollout.is_none() || act.at.since(notice.created_at) > FOLLOWED || act.at < notice.created_at {
        return Ok(());
    }
    let mut counted = Vec::new();
    if act.message.is_some() {
        counted.push(What::Answered);
    }
    if conversation.case.opened_at >= notice.created_at {
        counted.push(What::CaseOpened);
    }
    let subject = Subject::Conversation { conversation: conversation.id.clone() };
    let entries = world.store().entries(&subject).await.map_err(DecideError::Store)?;
    if consent::standing(&entries, Channel::Messenger) == Standing::Withdrawn {
        counted.push(What::Blocked);
    }
    for what in counted {
        count(world, notice, what, act.at).await.map_err(DecideError::Count)?;
    }
    Ok(())
}
