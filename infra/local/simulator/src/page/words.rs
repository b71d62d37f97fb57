//! How times, limits and faults are put to people.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::faults::{Lasting, SendFault};
use crate::store::customers::Customer;

const MINUTE_MS: i64 = 60_000;

/// The name of a fault in forms.
pub(crate) fn slug(fault: SendFault) -> &'static str {
    match fault {
        SendFault::RateLimited => "rate_limited",
        SendFault::TooManyRequests => "too_many_requests",
        SendFault::ServerError => "server_error",
        SendFault::TemporaryFailure => "temporary_failure",
        SendFault::AcceptedThenTimeout { .. } => "accepted_then_timeout",
        SendFault::AcceptedThenUnknown => "accepted_then_unknown",
        SendFault::ConnectionLost => "connection_lost",
        SendFault::PageRestricted => "page_restricted",
        SendFault::TokenDead => "token_dead",
        SendFault::ThreadHeld => "thread_held",
        SendFault::WindowClosed => "window_closed",
        SendFault::CustomerUnavailable => "customer_unavailable",
    }
}

/// A fault in plain words.
pub(crate) fn fault(fault: SendFault) -> &'static str {
    match fault {
        SendFault::RateLimited => "Meta says: too many calls (613)",
        SendFault::TooManyRequests => "Meta says: slow down (HTTP 429)",
        SendFault::ServerError => "Meta has a bad moment (HTTP 500)",
        SendFault::TemporaryFailure => "Sending fails for now (1200)",
        SendFault::AcceptedThenTimeout { .. } => "Sent, but Meta never answers",
        SendFault::AcceptedThenUnknown => "Sent, but Meta answers with an error (1/1357046)",
        SendFault::ConnectionLost => "The connection breaks before anything is sent",
        SendFault::PageRestricted => "The Page is restricted by Meta (1893063)",
        SendFault::TokenDead => "The Page's token is dead (190)",
        SendFault::ThreadHeld => "Another app holds the chat (2018300)",
        SendFault::WindowClosed => "The 24 hours are over (2018278)",
        SendFault::CustomerUnavailable => "The customer blocked the Page (551)",
    }
}

/// How long a fault stays, in plain words.
pub(crate) fn lasting(lasting: Lasting) -> String {
    match lasting {
        Lasting::Next(1) => "next send".to_owned(),
        Lasting::Next(sends) => format!("next {sends} sends"),
        Lasting::UntilOff => "until switched off".to_owned(),
    }
}

/// Says how long the Page may still write to a person.
pub(crate) fn window(customer: &Customer, now_ms: i64) -> String {
    if customer.last_action_ms.is_none() {
        return "has not written yet".to_owned();
    }
    let minutes = customer.window_until_ms.saturating_sub(now_ms) / MINUTE_MS;
    match (minutes / 1_440, minutes / 60, minutes) {
        (.., minutes) if minutes < 0 || customer.window_until_ms < now_ms => "window closed".to_owned(),
        (days, ..) if days > 1 => format!("window open for {days} days"),
        (_, hours, _) if hours > 0 => format!("window open for {hours} h"),
        (.., minutes) => format!("window open for {minutes} min"),
    }
}

/// A time of the day, in UTC until the script makes it local.
pub(crate) fn time(at_ms: i64) -> Markup {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%H:%M")) } }
}
