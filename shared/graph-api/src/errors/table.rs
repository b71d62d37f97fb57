//! Every error code that is known, one line each.
//!
//! - Messenger's: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes> (June 25, 2026)
//! - dead message tags: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages> (May 5, 2026)
//! - rate limits: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting/>
//!
//! The send page's short list calls subcode 1545041 "messaging window closed"; the error page says that the person is not available, and so
//! it is in the field. Lines marked "unconfirmed" stand in no documentation of 2026: they come from older libraries and general knowledge.
#![expect(clippy::unreadable_literal, reason = "codes are searched for as Meta writes them")]

use std::ops::RangeInclusive;

use domain::hold::HoldCause::{NotApproved, Restricted, Token};
use domain::message::WaitingFor::{Thread, Window};

use super::Class::{self, Gone, Hold, Never, Retry, RetryFew, Slow, Unknown, Wait};
use super::LOOK_FIRST;

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) codes: RangeInclusive<i64>,
    /// Nothing stands for any subcode that has no line of its own, and for none.
    pub(crate) subcode: Option<i64>,
    pub(crate) class: Class,
    /// What happened.
    pub(crate) what: &'static str,
    /// What to do about a message, or what happens by itself.
    pub(crate) then: &'static str,
}

/// Finds the line of an error: the first that fits.
pub(crate) fn find(code: i64, subcode: Option<i64>) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.codes.contains(&code) && (row.subcode.is_none() || row.subcode == subcode))
}

const fn row(code: i64, subcode: Option<i64>, class: Class, what: &'static str, then: &'static str) -> Row {
    Row { codes: code..=code, subcode, class, what, then }
}

const fn span(first: i64, last: i64, class: Class, what: &'static str, then: &'static str) -> Row {
    Row { codes: first..=last, subcode: None, class, what, then }
}

/// The code with any other subcode, and without one.
const ANY: Option<i64> = None;

pub(super) const SLOWS: &str = "Shopbell waits and goes on by itself.";
pub(super) const RECONNECT: &str = "Connect the Page again and put its new token into META_PAGE_TOKENS; it goes out by itself then.";
/// No line promises another attempt: the same words stand in the reason when the last one has failed.
const PASSES: &str = "As a rule it passes.";
const FAILED: &str = "Meta failed and did not say why.";
const CHECK_ACCESS: &str = "As a rule it passes; if not, check the app's access to the Page.";
const CLOSED: &str = "The messaging window is closed.";
const WRITE_FIRST: &str = "It goes out when the customer writes; before that, only a template or a person's human-agent reply may.";
const HELD: &str = "Another app, Meta's AI or the Page's inbox holds this chat.";
const TAKE_OVER: &str = "Take the chat over in Business Suite, or hand it to this app.";
const GONE: &str = "The customer cannot be reached: they blocked the Page, muted it or left.";
const OTHER_WAY: &str = "Reach them in another way, or wait until they write.";
const NO_ONE: &str = "Meta knows no such customer on this Page.";
const CHECK_PAGE: &str = "Check that the Page's token is its own; the customer may also have deleted their account.";
const NO_MEDIA: &str = "Meta could not fetch the media file.";
const CHECK_MEDIA: &str = "Check that the file's address answers within ten seconds.";
const UPLOAD: &str = "Upload it again and send the new one.";
const ENOUGH: &str = "The customer has had as much marketing as Meta allows for now.";
const DROP: &str = "Do not send it again.";
const NOT_PUBLIC: &str = "Meta lets this app write only to people with a role on it.";
const REVIEW: &str = "Get Advanced Access to pages_messaging in the app's dashboard; it goes out by itself then.";
const SUPPORT: &str = "See the Page Support Inbox; it goes out by itself when Meta allows it.";

/// Ordered by code; within a code the subcodes come first, so that the first line that fits is the most specific one.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    // unconfirmed
    row(-3,     ANY,           RetryFew,          FAILED, PASSES),
    row(-1,     ANY,           RetryFew,          FAILED, PASSES),

    // "Received invalid JSON reply", although the message was sent.
    row(1,      Some(1357046), Unknown,           "Meta reported a failure that it also reports for messages that it did send.", LOOK_FIRST),
    row(1,      ANY,           RetryFew,          FAILED, CHECK_ACCESS),
    row(99,     ANY,           RetryFew,          FAILED, CHECK_ACCESS),

    row(2,      Some(2018344), Never,             "The terms for contact labels are not accepted.", "An admin of the Page must accept them; then send it again."),
    row(2,      ANY,           RetryFew,          "Meta has trouble, or the customer has blocked the Page.", "If it does not pass within the hour, the customer has probably blocked the Page."),

    row(4,      Some(2018354), Never,             ENOUGH, DROP),
    row(4,      ANY,           Slow,              "The app is over its limit of calls.", SLOWS),
    row(9,      Some(2018352), Never,             ENOUGH, DROP),

    row(10,     Some(2018278), Wait(Window),      CLOSED, WRITE_FIRST),
    row(10,     Some(2018065), Wait(Window),      CLOSED, WRITE_FIRST),
    row(10,     Some(2534022), Wait(Window),      CLOSED, WRITE_FIRST), // Instagram
    // Never, here and for 551, though it could go when they write: a reply that leaves weeks later is worse than one that is shown as failed.
    row(10,     Some(2018108), Gone,              "The customer cannot receive messages now.", OTHER_WAY),
    row(10,     Some(1893063), Hold(Restricted),  "Meta restricts the Page for a while.", "Stop campaigns and see the Page Support Inbox; it goes out by itself after that."),
    row(10,     Some(1893015), Gone,              "The customer has stopped these notifications.", DROP),
    row(10,     Some(2018300), Wait(Thread),      HELD, TAKE_OVER),
    row(10,     Some(2018336), Never,             "European rules keep this feature from this customer.", "Write to them without it."),
    row(10,     ANY,           Never,             "The app lacks a permission, or Meta's policy forbids the message.", "Check pages_messaging in the app's dashboard, then send it again."),

    row(17,     ANY,           Slow,              "The user behind the token is over a limit of calls.", SLOWS),
    row(32,     ANY,           Slow,              "The Page is over its limit of calls.", SLOWS),

    row(100,    Some(33),      Never,             NO_ONE, CHECK_PAGE),
    row(100,    Some(2018001), Never,             NO_ONE, CHECK_PAGE),
    row(100,    Some(2018008), RetryFew,          NO_MEDIA, CHECK_MEDIA),
    row(100,    Some(2018294), RetryFew,          NO_MEDIA, CHECK_MEDIA),
    row(100,    Some(2018047), Never,             "The attachment is of a type that Meta does not take here.", UPLOAD),
    row(100,    Some(2018074), Never,             "The uploaded attachment is not this Page's, or is older than 90 days.", UPLOAD),
    row(100,    Some(2018109), Never,             "The attachment is too large.", "Upload a smaller one and send it."),
    row(100,    Some(2018320), Never,             "The Page's catalogue has no such product.", "Correct the product's id and send it again."),
    row(100,    Some(1893043), Never,             "A template's parameter has a character that Meta forbids there: #, $, % or an emoji.", "Correct the data and send it again."),
    row(100,    Some(2534001), Never,             "The conversation is not available to the Page.", OTHER_WAY),
    row(100,    Some(2534025), Never,             "The comment cannot be answered in private.", "Answer it in public."),
    row(100,    Some(2534037), Wait(Thread),      HELD, TAKE_OVER),
    // Also what message tags get that ended on April 27, 2026, and a wrong proof over the token.
    row(100,    ANY,           Never,             "Meta refused a parameter of the call.", "Check META_APP_SECRETS; otherwise this is a fault in Shopbell or in a template: report it."),

    // The subcodes of 190 are unconfirmed; they change the words only.
    row(190,    Some(458),     Hold(Token),       "The Page's token is dead: the app was removed.", RECONNECT),
    row(190,    Some(459),     Hold(Token),       "The Page's token is dead: its owner must pass a security check on facebook.com.", RECONNECT),
    row(190,    Some(460),     Hold(Token),       "The Page's token is dead: its owner has changed the password.", RECONNECT),
    row(190,    Some(463),     Hold(Token),       "The Page's token is dead: it has expired.", RECONNECT),
    row(190,    Some(467),     Hold(Token),       "The Page's token is dead: it was made invalid.", RECONNECT),
    row(190,    ANY,           Hold(Token),       "The Page's token is dead.", RECONNECT),

    row(200,    Some(1545041), Gone,              GONE, OTHER_WAY),
    row(200,    Some(2534041), Hold(NotApproved), "The account's owner has switched off access to its messages.", "Switch it on again in the account's settings; it goes out by itself then."),
    row(200,    Some(2018027), Hold(NotApproved), NOT_PUBLIC, REVIEW),
    row(200,    Some(2018028), Hold(NotApproved), NOT_PUBLIC, REVIEW),
    row(200,    ANY,           Hold(NotApproved), NOT_PUBLIC, REVIEW),
    // unconfirmed
    row(230,    ANY,           Never,             "The customer's consent or a permission is missing.", "Check the app's permissions, then send it again."),

    // unconfirmed for Messenger
    row(368,    ANY,           Hold(Restricted),  "Meta has blocked the Page or the app for abuse.", SUPPORT),

    row(551,    Some(1545041), Gone,              GONE, OTHER_WAY),
    row(551,    ANY,           Gone,              GONE, OTHER_WAY),

    row(613,    Some(2018338), Never,             "Meta warns that this customer is bothered too often.", "Do not write to them until they write."),
    row(613,    Some(2534040), Slow,              "The Page sends faster than Meta allows.", SLOWS),
    row(613,    ANY,           Slow,              "The Page sends faster than Meta allows.", SLOWS),

    // unconfirmed
    row(1200,   ANY,           Retry,             "Meta could not send the message just now.", PASSES),
    row(2022,   ANY,           Hold(Restricted),  "Meta has switched the Page's messages off after a violation.", SUPPORT),
    row(10900,  ANY,           Never,             "The comment was answered in private before.", "Answer it in public."),
    // 80006 is Messenger's: unconfirmed.
    span(80001, 80014,         Slow,              "The business is over its limit of calls.", SLOWS),
    row(2018321, ANY,          Retry,             "The customer is in Meta's automated questions and answers.", "It can go when they are done."),
];
