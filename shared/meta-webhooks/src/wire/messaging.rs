//! Elements of `messaging` and `standby`.
//!
//! ```json
//! {"sender": {"id": "<PSID>"}, "recipient": {"id": "<page>"}, "timestamp": 1795255200000, "message": {…}}
//! ```
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks>. `standby` carries the threads that
//! another app owns: <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/standby>

use domain::id::{PageId, UserId};
use domain::inbound::{EventKind, Party};

use super::{
    Reader, Reading, Surroundings, Unread, feedback, handover, message, moment, noted, optin, policy, postback, reaction, referral,
};
use super::{template_status, unknown, watermark};
use crate::json::{Misread, Node, Object};

/// A known kind of element: the key that names it, whom it must concern, and who reads what stands under the key.
struct Kind {
    key: &'static str,
    concerns: Concerns,
    read: Reader,
}

/// Whom an event must concern for it to mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerns {
    /// A customer did it. The same from the Page's side (the Page read, the Page reacted) is not documented and must not be taken for theirs.
    Customer,
    /// It happened in a customer's thread, on either side.
    Thread,
    /// It may concern the Page as a whole; such events come without a sender.
    Anyone,
}

use Concerns::{Anyone, Customer, Thread};

/// The kinds that we know. Where an element has several of the keys, the first one here names it.
const KINDS: &[Kind] = &[
    Kind { key: "message", concerns: Thread, read: message::read },
    Kind { key: "message_edit", concerns: Thread, read: message::read_edit },
    Kind { key: "reaction", concerns: Customer, read: reaction::read },
    Kind { key: "postback", concerns: Customer, read: postback::read },
    Kind { key: "delivery", concerns: Customer, read: watermark::read_delivery },
    Kind { key: "read", concerns: Customer, read: watermark::read_read },
    Kind { key: "referral", concerns: Customer, read: referral::read },
    Kind { key: "optin", concerns: Customer, read: optin::read },
    Kind { key: "pass_thread_control", concerns: Thread, read: handover::read_pass },
    Kind { key: "take_thread_control", concerns: Thread, read: handover::read_take },
    Kind { key: "release_thread_control", concerns: Thread, read: handover::read_release },
    Kind { key: "request_thread_control", concerns: Thread, read: handover::read_request },
    Kind { key: "app_roles", concerns: Anyone, read: handover::read_app_roles },
    Kind { key: "policy_enforcement", concerns: Anyone, read: policy::read_enforcement },
    Kind { key: "account_linking", concerns: Thread, read: noted::account_linking },
    Kind { key: "messaging_feedback", concerns: Thread, read: feedback::read_survey },
    Kind { key: "messaging_customer_information", concerns: Thread, read: feedback::read_customer_information },
    Kind { key: "response_feedback", concerns: Thread, read: feedback::read_response },
    Kind { key: "order", concerns: Thread, read: noted::cart },
    Kind { key: "template", concerns: Thread, read: noted::coupon },
    Kind { key: "form_id", concerns: Thread, read: noted::lead_form },
    Kind { key: "messenger_template_status_update", concerns: Anyone, read: template_status::read },
    Kind { key: "message_template_status_update", concerns: Anyone, read: template_status::read },
];

/// Group posts come here flat, named by `field` as changes are, and with a text under `message`: they are told apart first.
/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/group-feed>
const GROUP_FEED: Kind = Kind { key: "group_feed", concerns: Anyone, read: noted::group_post };

/// The keys that say who and when, not what.
const FRAME: &[&str] = &["sender", "recipient", "timestamp", "hop_context", "prior_message", "lead", "field", "from"];

pub(super) fn read(around: &Surroundings<'_>, standby: bool, node: &Node<'_>) -> Result<Reading, Unread> {
    let broken = |kind: &str, why| Unread { page: None, kind: kind.to_owned(), why };
    let element = node.object().map_err(|why| broken(if standby { "standby" } else { "messaging" }, why))?;
    let (name, known) = name(&element);
    let parties = Parties::of(around, &element, known.map_or("", |kind| kind.key));
    let page = parties.page.clone().map_err(|why| broken(&name, why))?;
    let kind = match known {
        Some(kind) => kind_of(kind, node, &element, &parties).map_err(|why| Unread { page: Some(page.clone()), ..broken(&name, why) })?,
        None => unknown(&name),
    };
    let occurred_at = moment::of(around, &element);
    Ok(Reading { page, party: parties.person.unwrap_or(Party::Page), occurred_at, standby, kind, raw: None })
}

/// Tells whether an object is an element of this sort: somebody's, and of a known kind.
pub(super) fn recognises(object: &Object<'_>) -> bool {
    (object.has("sender") || object.has("recipient")) && KINDS.iter().any(|kind| object.has(kind.key))
}

/// Chooses the kind by its key: a key with content first, else one with `null`, else the first key that could name an unknown kind.
fn name(element: &Object<'_>) -> (String, Option<&'static Kind>) {
    let field = element.hint("field");
    let known = (field.as_deref() == Some(GROUP_FEED.key)).then_some(&GROUP_FEED);
    let known = known.or_else(|| KINDS.iter().find(|kind| element.get(kind.key).is_some()));
    let known = known.or_else(|| KINDS.iter().find(|kind| element.has(kind.key)));
    if let Some(kind) = known {
        return (kind.key.to_owned(), Some(kind));
    }
    let named = field.or_else(|| element.keys().find(|key| !FRAME.contains(key)).map(str::to_owned));
    (named.unwrap_or_else(|| String::from("empty")), None)
}

fn kind_of(kind: &Kind, node: &Node<'_>, element: &Object<'_>, parties: &Parties) -> Result<EventKind, Misread> {
    match (kind.concerns, &parties.person) {
        (Customer, _) if parties.from_page => return Ok(unknown(&format!("{}_by_page", kind.key))),
        (Customer | Thread, None) => return Err(parties.nobody(element)),
        (Customer | Thread, Some(_)) | (Anyone, _) => {}
    }
    if kind.key == GROUP_FEED.key {
        return (kind.read)(node);
    }
    let content = element.require(kind.key, "content")?;
    if kind.key == "message" && parties.from_page { message::read_echo(&content) } else { (kind.read)(&content) }
}

/// Who an element is from and whom it concerns.
struct Parties {
    page: Result<PageId, Misread>,
    person: Option<Party>,
    /// True for echoes: by their mark, which is looked at before anything else, or because the sender is the Page.
    from_page: bool,
}

impl Parties {
    fn of(around: &Surroundings<'_>, element: &Object<'_>, key: &str) -> Self {
        let [sender, recipient] = ["sender", "recipient"].map(|side| element.part(side));
        let id = |side: &Option<Object<'_>>| side.as_ref()?.hint("id");
        let is_echo = element.part("message").is_some_and(|message| message.flag("is_echo"));
        let (page_side, page_key) = if is_echo { (&sender, "sender") } else { (&recipient, "recipient") };
        let page = around.page.cloned().or_else(|| PageId::new(id(page_side)?));
        let from_page = is_echo || page.as_ref().is_some_and(|page| id(&sender).as_deref() == Some(page.as_str()));
        let person_side = if from_page { &recipient } else { &sender };
        let person = id(person_side).and_then(UserId::new).filter(|user| page.as_ref().is_none_or(|page| page.as_str() != user.as_str()));
        let reference = || {
            // The checkbox plugin's opt-ins have no sender and carry the reference themselves (older pages; unconfirmed for 2026).
            let content = element.part(key);
            person_side.as_ref().and_then(|side| side.hint("user_ref")).or_else(|| content?.hint("user_ref"))
        };
        let person = person.map(Party::Person).or_else(|| reference().map(Party::Reference));
        let page = page.ok_or_else(|| element.lacks(page_key, "the id of a Page, here or in the entry"));
        Self { page, person, from_page }
    }

    fn nobody(&self, element: &Object<'_>) -> Misread {
        element.lacks(if self.from_page { "recipient" } else { "sender" }, "the id of a person")
    }
}
