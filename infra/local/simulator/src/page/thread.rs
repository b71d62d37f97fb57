//! One customer's phone: the chat, what to tap, and what to write with.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::{Board, Thread};
use super::{PREFIX, bubble, faults, words};
use crate::simulator::Simulator;
use crate::store::customers::Customer;
use crate::store::messages::Direction;
use crate::window;

/// What the plus menu of the composer offers: name in forms, face, words.
pub(crate) const ATTACHMENTS: [(&str, &str, &str); 7] = [
    ("image", "🖼️", "Photo"),
    ("sticker", "👍", "Thumbs up"),
    ("audio", "🎤", "Voice message"),
    ("video", "🎬", "Video"),
    ("file", "📄", "File"),
    ("location", "📍", "Location"),
    ("link", "🔗", "Link"),
];

/// Draws a phone.
pub(crate) fn phone(simulator: &Simulator, board: &Board, thread: &Thread) -> Markup {
    let customer = &thread.customer;
    let psid = &customer.psid;
    html! {
        section.phone id={ "c-" (psid) } data-psid=(psid) data-testid="phone" aria-label={ "Phone of " (customer.shown()) } {
            (head(board, thread))
            ol.thread id={ "t-" (psid) } data-live data-testid="thread" data-scroll tabindex="0" aria-label="Messages" {
                @if thread.messages.is_empty() { (welcome(thread)) }
                @for (place, message) in thread.messages.iter().enumerate() {
                    (bubble::message(customer, message, thread.messages.get(place + 1)))
                }
                @if customer.typing_until_ms > board.now_ms {
                    li.typing data-testid="typing" data-until=(customer.typing_until_ms) aria-label="The shop is typing" { i {} i {} i {} }
                }
            }
            (choices(thread))
            (composer(thread))
            @if let Some(hint) = &simulator.settings().reply_hint { (reply_hint(&hint(psid))) }
        }
    }
}

fn head(board: &Board, thread: &Thread) -> Markup {
    let customer = &thread.customer;
    let open = window::is_open(customer.window_until_ms, board.now_ms);
    html! {
        div.head {
            div.who id={ "h-" (customer.psid) } data-live {
                img src={ (PREFIX) "/avatar/" (customer.psid) ".svg" } alt="" width="40" height="40";
                div {
                    h2 { (customer.shown()) }
                    p { "to " (thread.page_name) " · " span.open[open] data-testid="window" { (words::window(customer, board.now_ms)) } }
                }
            }
            details.more {
                summary aria-label={ "More for " (customer.shown()) } { "⋯" }
                div.sheet { (more(board, customer)) }
            }
        }
    }
}

/// What a customer does seldom, and what can go wrong for this one.
fn more(board: &Board, customer: &Customer) -> Markup {
    let at = |what: &str| format!("{PREFIX}/c/{}/{what}", customer.psid);
    html! {
        p.psid { "PSID " code { (customer.psid) } }
        form method="post" action=(at("link")) data-async {
            input name="ref" required maxlength="2083" placeholder="ref of an m.me link" aria-label="ref of an m.me link";
            button type="submit" { "Open link" }
        }
        form method="post" action=(at("ad")) data-async {
            input name="ref" required maxlength="100" placeholder="ref of an ad" aria-label="ref of an ad";
            button type="submit" { "Click ad" }
        }
        form method="post" action=(at("inbox")) data-async {
            input name="text" required maxlength="1999" placeholder="Write in the Page’s own inbox" aria-label="Write in the Page’s own inbox";
            button type="submit" { "Answer" }
        }
        div id={ "s-" (customer.psid) } data-live {
            form method="post" action=(at("open")) data-async {
                @if customer.auto_read {
                    button name="open" value="false" type="submit" { "Put the phone away (nothing is read)" }
                } @else {
                    button name="open" value="true" type="submit" { "Keep the chat open (all is read)" }
                    button formaction=(at("read")) type="submit" data-testid="mark-read" { "Read once" }
                }
            }
            (faults::customer_switches(&board.faults, customer))
        }
    }
}

/// What a new customer sees.
fn welcome(thread: &Thread) -> Markup {
    let payload = thread.get_started.as_ref().and_then(|start| start.get("payload")?.as_str());
    html! {
        li.welcome {
            p { "You are " b { (thread.customer.first_name) } ". Say hello to " b { (thread.page_name) } "." }
            @if let Some(payload) = payload {
                form method="post" action={ (PREFIX) "/c/" (thread.customer.psid) "/postback" } data-async {
                    input type="hidden" name="title" value="Get Started";
                    input type="hidden" name="payload" value=(payload);
                    button.chip type="submit" { "Get Started" }
                }
            }
        }
    }
}

/// Quick replies of the last message; they vanish with the next one.
fn choices(thread: &Thread) -> Markup {
    let last = thread.messages.last().filter(|message| message.direction == Direction::FromPage);
    let choices: &[Value] = last.map_or(&[], |message| &message.content.quick_replies);
    html! {
        div.choices id={ "q-" (thread.customer.psid) } data-live {
            @for choice in choices {
                @let (title, payload) = choice_of(choice, &thread.customer);
                form method="post" action={ (PREFIX) "/c/" (thread.customer.psid) "/quick-reply" } data-async {
                    input type="hidden" name="title" value=(title);
                    input type="hidden" name="payload" value=(payload);
                    button.chip type="submit" data-testid="quick-reply" { (title) }
                }
            }
        }
    }
}

/// Title and payload; for contact details the value itself is both.
fn choice_of(choice: &Value, customer: &Customer) -> (String, String) {
    let text = |key: &str| choice.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("content_type").as_str() {
        "user_email" => {
            let email = format!("{}@example.com", customer.first_name.to_lowercase());
            (email.clone(), email)
        }
        "user_phone_number" => ("+4930555".to_owned(), "+4930555".to_owned()),
        _ => (text("title"), text("payload")),
    }
}

fn composer(thread: &Thread) -> Markup {
    let at = |what: &str| format!("{PREFIX}/c/{}/{what}", thread.customer.psid);
    html! {
        div.composer {
            details.plus {
                summary aria-label="Send something else" { "+" }
                div.sheet {
                    form method="post" action=(at("attach")) data-async {
                        @for (kind, face, name) in ATTACHMENTS {
                            button name="kind" value=(kind) type="submit" data-testid={ "attach-" (kind) } { (face) " " (name) }
                        }
                    }
                    (menu(thread))
                }
            }
            form.say method="post" action=(at("say")) data-async {
                input name="text" required maxlength="20000" placeholder="Aa" aria-label={ "Message from " (thread.customer.shown()) }
                    autocomplete="off" data-testid="composer";
                button type="submit" aria-label="Send" data-testid="send" { "➤" }
            }
        }
    }
}

/// The Page's persistent menu, if it has one.
fn menu(thread: &Thread) -> Markup {
    let first = thread.menu.as_ref().and_then(|menu| menu.get(0)?.get("call_to_actions")?.as_array());
    html! {
        @if let Some(items) = first {
            div.menu { @for item in items { (super::template::button(&thread.customer, item)) } }
        }
    }
}

fn reply_hint(line: &str) -> Markup {
    html! {
        div.hint {
            span { "Answer as the shop" }
            code data-testid="reply-hint" tabindex="0" { (line) }
            button type="button" data-copy=(line) data-testid="copy-hint" { "Copy" }
        }
    }
}
