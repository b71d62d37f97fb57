//! `POST /{page}/messages`.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages> (May 5, 2026),
//! <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::answer::Failure;
use super::call::Call;
use super::control;
use super::errors::{self, Refusal};
use super::limits::Budget;
use super::message::{self, Outgoing};
use super::shape::{Checked, Fields};
use crate::customer::FromPage;
use crate::faults::SendFault;
use crate::ids;
use crate::settings::PageSettings;
use crate::simulator::Simulator;
use crate::store::customers::{self, Customer};
use crate::store::messages::{self, Direction};
use crate::store::{counters, graph_objects};
use crate::window;

/// How long a person sees the Page typing.
const TYPING_MS: i64 = 20_000;

/// Takes a message or a sender action.
pub(crate) fn send(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    let fields = call.fields();
    if fields.has("sender_action") {
        return sender_action(simulator, page, &fields);
    }
    let result = send_message(simulator, page, &fields);
    simulator.count(|counters| match &result {
        Ok(_) | Err(Failure::Unanswered { .. }) => counters.sends_accepted += 1,
        Err(Failure::Refused(refusal)) if refusal.error.error_subcode == Some(1_357_046) => counters.sends_accepted += 1,
        Err(Failure::Refused(_) | Failure::Store(_) | Failure::ConnectionLost) => counters.sends_refused += 1,
    });
    result
}

fn send_message(simulator: &Simulator, page: &PageSettings, fields: &Fields<'_>) -> Result<Value, Failure> {
    if !simulator.limits().admit_message(&page.id, simulator.now_ms()) {
        simulator.count(|counters| counters.sends_too_fast += 1);
        return Err(Refusal::of(errors::RATE_LIMIT, "more than 40 messages in a second; the Page must calm down").into());
    }
    let psid = recipient(fields);
    let is_utility = Policy::read(fields).is_ok_and(|policy| policy == Policy::Utility);
    let fault = simulator.take_fault(psid.as_deref().ok(), is_utility)?;
    if let Some(failure) = fault.and_then(before_acceptance) {
        return Err(failure);
    }
    let accepted = simulator.parts().store.run(|tx| accept(simulator, tx, page, fields, &psid?))?;
    simulator.changed();
    match fault {
        Some(SendFault::AcceptedThenTimeout { after_ms }) => Err(Failure::Unanswered { after_ms }),
        Some(SendFault::AcceptedThenUnknown) => {
            Err(Refusal::of(errors::INVALID_REPLY, "fault: sent, and yet answered with an error").into())
        }
        _ => Ok(accepted),
    }
}

/// What a fault does before anything is taken; nothing for those that come after.
fn before_acceptance(fault: SendFault) -> Option<Failure> {
    let error = match fault {
        SendFault::RateLimited => errors::RATE_LIMIT,
        SendFault::TooManyRequests => errors::TOO_MANY_REQUESTS,
        SendFault::ServerError => errors::UNEXPECTED,
        SendFault::TemporaryFailure => errors::TEMPORARY,
        SendFault::PageRestricted => errors::PAGE_RESTRICTED,
        SendFault::TokenDead => errors::TOKEN_INVALIDATED,
        SendFault::ThreadHeld => errors::THREAD_HELD,
        SendFault::WindowClosed => errors::OUTSIDE_WINDOW,
        SendFault::CustomerUnavailable => errors::UNAVAILABLE,
        SendFault::ConnectionLost => return Some(Failure::ConnectionLost),
        SendFault::AcceptedThenTimeout { .. } | SendFault::AcceptedThenUnknown => return None,
    };
    Some(Refusal::of(error, "fault: switched on").into())
}

/// Reads whom a message is for.
fn recipient(fields: &Fields<'_>) -> Checked<String> {
    let recipient = fields.object("recipient")?;
    if let Some(id) = recipient.id("id")? {
        return Ok(id);
    }
    // There are no comments, posts or checkboxes on the desk, so nobody stands behind these.
    let other = ["user_ref", "comment_id", "post_id", "phone_number"].into_iter().find(|key| recipient.has(key));
    match other {
        Some(key) => Err(Refusal::of(errors::NO_MATCHING_USER, format!("nobody is behind recipient.{key}"))),
        None => Err(recipient.wrong("id", "is missing")),
    }
}

/// Checks and keeps a message with all that follows from it, in one transaction.
fn accept(simulator: &Simulator, tx: &Transaction<'_>, page: &PageSettings, fields: &Fields<'_>, psid: &str) -> Result<Value, Failure> {
    let now_ms = simulator.now_ms();
    let policy = Policy::read(fields)?;
    let outgoing = message::read(tx, &page.id, fields, policy)?;
    let mut customer = known(tx, page, psid)?;
    if customer.is_held_by_other(&simulator.settings().app_id) {
        return Err(Refusal::of(errors::THREAD_HELD, "another app holds this thread").into());
    }
    policy.check(&customer, now_ms)?;
    if outgoing.is_media && !simulator.limits().admit(Budget::Media, &page.id, now_ms) {
        return Err(Refusal::of(errors::RATE_LIMIT, "more than 10 audio or video messages in a second").into());
    }
    if let Some(number) = &outgoing.order_number
        && !graph_objects::keep_order_number(tx, &page.id, number)?
    {
        // Unconfirmed: the docs say that it must be unique, not what answers a repetition.
        return Err(Refusal::invalid(format!("order_number {number} was used by an earlier receipt")).into());
    }
    let app_id = simulator.settings().app_id.as_str();
    let said = FromPage { content: &outgoing.content, app_id, metadata: outgoing.metadata.as_deref() };
    let mid = simulator.keep_from_page(tx, &mut customer, now_ms, &said)?;
    control::after_message(simulator, tx, &mut customer, fields)?;
    customers::save(tx, &customer)?;
    match kept_attachment(tx, page, &outgoing)? {
        Some(id) => Ok(json!({"recipient_id": psid, "message_id": mid, "attachment_id": id})),
        None => Ok(json!({"recipient_id": psid, "message_id": mid})),
    }
}

/// Keeps an attachment that was sent as reusable; gives its id.
fn kept_attachment(tx: &Transaction<'_>, page: &PageSettings, outgoing: &Outgoing) -> Result<Option<String>, Failure> {
    let Some(attachment) = &outgoing.reusable else { return Ok(None) };
    let id = ids::object_id("attachment", counters::next(tx, "attachment")?);
    graph_objects::keep_attachment(tx, &page.id, &id, attachment)?;
    Ok(Some(id))
}

/// Finds a person whom this Page may know.
pub(crate) fn known(tx: &Transaction<'_>, page: &PageSettings, psid: &str) -> Result<Customer, Failure> {
    let customer = customers::find(tx, psid)?.filter(|customer| customer.page_id == page.id);
    Ok(customer.ok_or_else(|| Refusal::of(errors::NO_MATCHING_USER, "no customer of this Page has this id"))?)
}

/// `POST /{page}/message_attachments`: saves an attachment for later sends.
pub(crate) fn save_attachment(simulator: &Simulator, page: &PageSettings, call: &Call) -> Result<Value, Failure> {
    simulator.parts().store.run(|tx| {
        let attachment = message::uploaded(&call.fields())?;
        let id = ids::object_id("attachment", counters::next(tx, "attachment")?);
        graph_objects::keep_attachment(tx, &page.id, &id, &attachment)?;
        Ok(json!({"attachment_id": id}))
    })
}

/// Typing, seen, reactions: answered with the recipient alone.
fn sender_action(simulator: &Simulator, page: &PageSettings, fields: &Fields<'_>) -> Result<Value, Failure> {
    let psid = recipient(fields)?;
    let action = fields.word("sender_action", &["typing_on", "typing_off", "mark_seen", "react", "unreact"])?;
    if fields.has("message") {
        return Err(fields.wrong("sender_action", "stands beside message").into());
    }
    let now_ms = simulator.now_ms();
    simulator.parts().store.run(|tx| {
        let mut customer = known(tx, page, &psid)?;
        match action {
            "typing_on" => customer.typing_until_ms = now_ms.saturating_add(TYPING_MS),
            "typing_off" => customer.typing_until_ms = 0,
            "react" | "unreact" => {
                let payload = fields.object("payload")?;
                let mid = payload.text("message_id", usize::MAX)?;
                let emoji = if action == "react" { Some(payload.text("reaction", usize::MAX)?) } else { None };
                if !messages::react(tx, mid, Direction::FromPage, emoji)? {
                    return Err(payload.wrong("message_id", "names no message").into());
                }
            }
            _ => {}
        }
        Ok::<_, Failure>(customers::save(tx, &customer)?)
    })?;
    simulator.changed();
    Ok(json!({"recipient_id": psid}))
}

/// By which right a message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// `RESPONSE`, `UPDATE`: while the window is open.
    Window,
    /// `MESSAGE_TAG` with `HUMAN_AGENT`: for seven days.
    HumanAgent,
    /// `UTILITY`: an approved template, at any time. No window or expiry is documented.
    Utility,
}

impl Policy {
    fn read(fields: &Fields<'_>) -> Checked<Self> {
        let kind = fields.word("messaging_type", &["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"])?;
        let tag = fields.optional_text("tag", usize::MAX)?;
        match (kind, tag) {
            ("RESPONSE" | "UPDATE", None) => Ok(Self::Window),
            ("UTILITY", None) => Ok(Self::Utility),
            ("MESSAGE_TAG", Some("HUMAN_AGENT")) => Ok(Self::HumanAgent),
            ("MESSAGE_TAG", None) => Err(fields.wrong("tag", "is missing")),
            // CONFIRMED_EVENT_UPDATE, ACCOUNT_UPDATE and POST_PURCHASE_UPDATE ended on 2026-04-27; CUSTOMER_FEEDBACK is
            // unconfirmed, and 100 is what to expect.
            ("MESSAGE_TAG", Some(_)) => Err(fields.wrong("tag", "is retired or unknown; only HUMAN_AGENT is left")),
            _ => Err(fields.wrong("tag", "needs messaging_type MESSAGE_TAG")),
        }
    }

    fn check(self, customer: &Customer, now_ms: i64) -> Checked<()> {
        let (open, because) = match self {
            Self::Utility => (true, ""),
            Self::Window => {
                (window::is_open(customer.window_until_ms, now_ms), "the messaging window is closed: the customer must write first")
            }
            Self::HumanAgent => {
                let until_ms = customer.last_action_ms.map_or(0, window::human_agent_until);
                (window::is_open(until_ms, now_ms), "HUMAN_AGENT ends 7 days after the customer's last message")
            }
        };
        if open { Ok(()) } else { Err(Refusal::of(errors::OUTSIDE_WINDOW, because)) }
    }
}
