//! Which events of a customer's their notices care about.

use std::future::Future;

use crate::conversation::Conversation;
use crate::id::MessageId;
use crate::inbound::{EventKind, InboundEvent, Referral};
use crate::job::{Act, OrdersJob};
use crate::link;
use crate::ports::JobQueueError;

/// The most words of a message that may be the number of an order.
const MOST_NUMBERS: usize = 3;

/// How many digits an order's number has at least when no `#` stands before it, and how many characters at most.
const LEAST_DIGITS: usize = 4;
const LONGEST_NUMBER: usize = 64;

/// The orders queue.
pub trait OrdersJobs: Sync {
    fn put(&self, job: &OrdersJob) -> impl Future<Output = Result<(), JobQueueError>> + Send;
}

/// Returns the job that follows from an event of the conversation's customer, as the conversation is after it.
#[must_use]
pub fn job_of(event: &InboundEvent, conversation: &Conversation) -> Option<OrdersJob> {
    let is_followed = conversation.notices_until.is_some_and(|until| event.occurred_at <= until);
    let (referral, text, opens) = match &event.kind {
        EventKind::Message(message) => (message.referral.as_ref(), message.text.as_deref(), true),
        EventKind::Postback(postback) => (postback.referral.as_ref(), None, true),
        EventKind::Referral(referral) => (Some(referral), None, true),
        EventKind::Reaction { reaction, .. } => (None, None, reaction.is_some()),
        EventKind::OptIn(opt_in) => return of_opt_in(opt_in.reference.as_deref(), event, conversation),
        EventKind::Delivered { .. } | EventKind::Read { .. } => {
            return is_followed.then(|| OrdersJob::Marks { conversation: conversation.id.clone() });
        }
        EventKind::Echo(_)
        | EventKind::Edit { .. }
        | EventKind::Unsend { .. }
        | EventKind::ThreadControl { .. }
        | EventKind::Enforcement { .. }
        | EventKind::TemplateStatus { .. }
        | EventKind::Noted(_)
        | EventKind::Unknown(_) => return None,
    };
    let reference = referral.and_then(ours);
    let numbers = text.map(numbers).unwrap_or_default();
    let concerns = reference.is_some() || !numbers.is_empty() || (opens && is_followed);
    concerns.then(|| act(event, conversation, reference, numbers))
}

fn of_opt_in(reference: Option<&str>, event: &InboundEvent, conversation: &Conversation) -> Option<OrdersJob> {
    let reference = reference.filter(|reference| link::looks_like(reference))?;
    Some(act(event, conversation, Some(reference.to_owned()), Vec::new()))
}

fn act(event: &InboundEvent, conversation: &Conversation, reference: Option<String>, numbers: Vec<String>) -> OrdersJob {
    let wrote = matches!(event.kind, EventKind::Message(_) | EventKind::Postback(_));
    OrdersJob::CustomerActed(Act {
        conversation: conversation.id.clone(),
        at: event.occurred_at,
        message: wrote.then(|| MessageId::derived(event.occurred_at, &event.dedupe_key())),
        reference,
        numbers,
    })
}

/// The reference of a link of ours.
fn ours(referral: &Referral) -> Option<String> {
    referral.reference.clone().filter(|reference| link::looks_like(reference))
}

/// Returns what in a text may be the number of an order: `#1001`, `20418`, `LAMP-20418`.
fn numbers(text: &str) -> Vec<String> {
    let is_apart = |character: char| !(character.is_alphanumeric() || matches!(character, '#' | '-' | '_'));
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    let may_be =
        |word: &&str| word.len() <= LONGEST_NUMBER && (digits(word) >= LEAST_DIGITS || (word.starts_with('#') && digits(word) > 0));
    let words = text.split(is_apart).map(|word| word.trim_matches('-')).filter(may_be);
    words.take(MOST_NUMBERS).map(|word| word.trim_start_matches('#').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_an_orders_number_is_found_in_a_question() {
        assert_eq!(numbers("Where is my order #1001?"), ["1001"]);
        assert_eq!(numbers("20418, and LAMP-20419."), ["20418", "LAMP-20419"]);
        assert_eq!(numbers("#7"), ["7"]);
        assert_eq!(numbers("12345 23456 34567 45678").len(), 3, "more is no question about an order");
        for text in ["Is it 100 cm?", "At 12:30, please", "", "####", &"9".repeat(100)] {
            assert!(numbers(text).is_empty(), "{text}");
        }
    }
}
