//! Everything that decides the way of a notice, read at one moment.

use std::time::Duration;

use super::Ports;
use super::decide::DecideError;
use super::still::not_worth;
use super::take::thread_of;
use crate::consent::{self, Channel, Consents, Entry, Subject};
use crate::conversation::Conversation;
use crate::email::EmailHash;
use crate::mail::{Email, Mailer};
use crate::notice::{Notice, NoticeKind};
use crate::order::Refund;
use crate::orders::{Order, Orders, Parcel, Writing, Written};
use crate::ports::History;
use crate::rollout::{self, Arm, Candidate, RolloutId};
use crate::template::catalogue::LeadsTo;
use crate::template::{self, NoTemplate, PageTemplate, Templates, Values};
use crate::way_out::{Address, Consent, Situation, Template, Window};

/// How often a write is tried again after losing a race for the order.
const ATTEMPTS: u32 = 10;

/// How far the clocks of two functions may differ: one writes that a window is closed, the other reads it.
pub(super) const CLOCKS_DIFFER: Duration = Duration::from_secs(2);

/// What is known of a notice.
pub(super) struct Look {
    pub(super) order: Order,
    pub(super) conversation: Option<Conversation>,
    pub(super) situation: Situation,
    /// The approved template in the customer's language, or in English.
    pub(super) template: Option<PageTemplate>,
    pub(super) rollout: Option<RolloutId>,
    pub(super) values: Values,
}

/// Looks at what decides the way of a notice; nothing when its order is gone.
pub(super) async fn look(world: &impl Ports, notice: &Notice) -> Result<Option<Look>, DecideError> {
    let Some(order) = addressed(world, notice).await? else { return Ok(None) };
    let conversation = match &order.conversation {
        Some(id) => world.store().conversation(id).await.map_err(DecideError::Store)?,
        None => None,
    };
    let entries = ledger(world, &order, conversation.as_ref()).await?;
    let consent = consent_of(&entries);
    let templates = world.store().templates(&order.page).await.map_err(DecideError::Store)?;
    let chosen = template::choose(&templates, notice.kind, order.facts.buyer.locale.as_deref());
    let (template, state) = match chosen {
        Ok(template) => (Some(template.clone()), Template::Approved),
        Err(NoTemplate::Missing) => (None, Template::Missing),
        Err(NoTemplate::Pending { .. }) => (None, Template::Pending),
        Err(NoTemplate::Rejected { .. } | NoTemplate::NotNow { .. }) => (None, Template::Rejected),
    };
    let placed = place(world, notice, &order, consent).await?;
    let situation = Situation {
        kind: notice.kind,
        not_worth: not_worth(notice, &order, world.now()),
        window: window(world, conversation.as_ref()),
        consent,
        template: state,
        address: address(world, &order, &entries),
        is_held_out: placed.arm == Arm::HoldOut,
        refused: notice.refused.clone(),
    };
    let values = values(notice, &order, conversation.as_ref());
    Ok(Some(Look { order, conversation, situation, template, rollout: placed.rollout, values }))
}

/// Reads the notice's order, and notes whose it is when that has become known.
async fn addressed(world: &impl Ports, notice: &Notice) -> Result<Option<Order>, DecideError> {
    for _ in 0..ATTEMPTS {
        let Some(order) = world.store().order(&notice.order).await.map_err(DecideError::Store)? else { return Ok(None) };
        if order.conversation.is_some() {
            return Ok(Some(order));
        }
        let Some(thread) = thread_of(world.store(), &order).await.map_err(DecideError::Order)? else { return Ok(Some(order)) };
        let order = Order { conversation: Some(thread), ..order };
        let writing = Writing { order: &order, notices: &[], aliases: &[], names: &[] };
        if world.store().save_order(&writing).await.map_err(DecideError::Store)? == Written::Written {
            return Ok(Some(order));
        }
    }
    Err(DecideError::Busy)
}

/// Reads what the customer said of notices, under every name that is theirs.
async fn ledger(world: &impl Ports, order: &Order, conversation: Option<&Conversation>) -> Result<Vec<Entry>, DecideError> {
    let thread = conversation.map(|conversation| Subject::Conversation { conversation: conversation.id.clone() });
    let mut entries = Vec::new();
    for subject in thread.into_iter().chain(order.subjects()) {
        entries.extend(world.store().entries(&subject).await.map_err(DecideError::Store)?);
    }
    Ok(entries)
}

fn consent_of(entries: &[Entry]) -> Consent {
    match consent::standing(entries, Channel::Messenger) {
        consent::Standing::Given => Consent::Given,
        consent::Standing::NotAsked => Consent::NotAsked,
        consent::Standing::Withdrawn if consent::is_only_declined(entries, Channel::Messenger) => Consent::Declined,
        consent::Standing::Withdrawn => Consent::Stopped,
    }
}

fn window(world: &impl Ports, conversation: Option<&Conversation>) -> Window {
    match conversation.map(|conversation| conversation.window_ends_at) {
        None => Window::UnknownCustomer,
        Some(None) => Window::NeverOpened,
        Some(Some(end)) if world.now().plus(CLOCKS_DIFFER) < end => Window::Open,
        Some(Some(_)) => Window::Closed,
    }
}

fn address(world: &impl Ports, order: &Order, entries: &[Entry]) -> Address {
    let agreed = consent::standing(entries, Channel::Email) == consent::Standing::Given;
    match order.facts.buyer.email.as_deref().and_then(EmailHash::of) {
        None => Address::NoAddress,
        Some(_) if !world.mail().is_set() => Address::NoMailServer,
        Some(_) if agreed => Address::Usable,
        Some(_) => Address::NoConsent,
    }
}

/// Puts the notice into its arm. Only those who agreed are compared.
async fn place(world: &impl Ports, notice: &Notice, order: &Order, consent: Consent) -> Result<rollout::Placed, DecideError> {
    let candidate = Candidate {
        page: &notice.page,
        kind: notice.kind,
        notice: &notice.id,
        customer_key: &order.customer_key(),
        conversation: order.conversation.as_ref(),
        agreed: consent == Consent::Given,
    };
    rollout::place(world.store(), &candidate, world.now()).await.map_err(DecideError::Store)
}

fn values(notice: &Notice, order: &Order, conversation: Option<&Conversation>) -> Values {
    let parcel = parcel_of(notice, order);
    let name = order.facts.buyer.name.clone().or_else(|| conversation.and_then(|conversation| conversation.name.clone()));
    Values {
        order_number: order.number.clone(),
        customer_name: name,
        shop_name: order.facts.merchant.clone(),
        total: order.facts.totals.map(|totals| totals.total),
        carrier: parcel.and_then(|parcel| parcel.carrier.clone()),
        tracking_number: parcel.and_then(|parcel| parcel.tracking_number.clone()),
        expected_on: parcel.and_then(|parcel| parcel.expected_on.clone()),
        amount: refund_of(notice, order).and_then(|refund| refund.amount),
    }
}

fn parcel_of<'a>(notice: &Notice, order: &'a Order) -> Option<&'a Parcel> {
    order.parcels.get(notice.parcel?)
}

fn refund_of<'a>(notice: &Notice, order: &'a Order) -> Option<&'a Refund> {
    let id = notice.event.strip_prefix("refunded:")?;
    order.facts.refunds.iter().find(|refund| refund.id == id)
}

impl Look {
    pub(super) fn locale(&self) -> Option<&str> {
        self.order.facts.buyer.locale.as_deref()
    }

    /// Writes the notice as a text.
    pub(super) fn text(&self, kind: NoticeKind) -> String {
        template::text_of(kind, self.locale(), &self.values)
    }

    /// Returns the page that the notice's button opens, with the button's title.
    pub(super) fn link(&self, notice: &Notice) -> Option<(&'static str, String)> {
        let (title, leads_to) = template::button_of(notice.kind, self.locale())?;
        let tracking = parcel_of(notice, &self.order).and_then(|parcel| parcel.tracking_url.clone());
        let order = self.order.facts.url.clone();
        let url = match leads_to {
            LeadsTo::Parcel => tracking.or(order),
            LeadsTo::Order => order.or(tracking),
        };
        url.map(|url| (title, url))
    }

    /// Writes the notice as an e-mail; nothing when there is no address.
    pub(super) fn email(&self, notice: &Notice) -> Option<Email> {
        let to = self.order.facts.buyer.email.clone()?;
        let shop = self.order.facts.merchant.as_deref().map_or_else(String::new, |shop| format!("{shop}: "));
        let text = self.text(notice.kind);
        let text = match self.link(notice) {
            Some((title, url)) => format!("{text}\n\n{title}: {url}\n"),
            None => format!("{text}\n"),
        };
        Some(Email { to, subject: format!("{shop}#{}", self.order.number), text, id: notice.id.to_string() })
    }
}
