//! Events, as an adapter would make them.

use domain::id::MessageId;
use domain::inbound::{Attachment, CustomerMessage, Echo, EventKind, InboundEvent, NotedKind, OptIn, Party, Postback, Reaction, Referral};
use domain::message::part_metadata;
use domain::time::Timestamp;
use serde_json::json;

use crate::ids::{MIA, PAGE, app, at, mid, page, user};

/// An event in the making: of [`MIA`] on [`PAGE`] at [`at`]`(0)` unless it is said otherwise.
#[derive(Debug, Clone)]
pub struct EventBuilder {
    event: InboundEvent,
    raw: Option<String>,
}

/// A customer's text. Its platform id is `m_` and the text, unless [`EventBuilder::numbered`] says otherwise.
#[must_use]
pub fn customer_says(text: &str) -> EventBuilder {
    event(EventKind::Message(CustomerMessage {
        platform_id: mid(&format!("m_{text}")),
        text: Some(text.to_owned()),
        quick_reply: None,
        reply_to: None,
        attachments: Vec::new(),
        referral: None,
    }))
}

/// A customer's picture without words.
#[must_use]
pub fn customer_sends_a_picture() -> EventBuilder {
    let attachment = Attachment { kind: "image".into(), url: Some("https://cdn.example/photo.jpg".into()), title: None, details: None };
    event(EventKind::Message(CustomerMessage {
        platform_id: mid("m_picture"),
        text: None,
        quick_reply: None,
        reply_to: None,
        attachments: vec![attachment],
        referral: None,
    }))
}

/// A tap on a button that has no number of its own.
#[must_use]
pub fn customer_taps(payload: &str) -> EventBuilder {
    event(EventKind::Postback(Postback { platform_id: None, title: None, payload: Some(payload.to_owned()), referral: None }))
}

/// The echo of a message that did not leave through us.
#[must_use]
pub fn echo_of(platform_id: &str, text: &str, by_app: Option<&str>) -> EventBuilder {
    event(EventKind::Echo(Echo {
        platform_id: mid(platform_id),
        app: by_app.map(app),
        metadata: None,
        text: Some(text.to_owned()),
        reply_to: None,
        attachments: Vec::new(),
    }))
}

/// The echo of part `index` of a message of ours that has `parts` parts.
#[must_use]
pub fn echo_of_ours(platform_id: &str, message: &MessageId, index: usize, parts: usize) -> EventBuilder {
    event(EventKind::Echo(Echo {
        platform_id: mid(platform_id),
        app: Some(app("1517776481860111")),
        metadata: Some(part_metadata(message, index, parts)),
        text: None,
        reply_to: None,
        attachments: Vec::new(),
    }))
}

#[must_use]
pub fn delivered_up_to(up_to: Timestamp) -> EventBuilder {
    event(EventKind::Delivered { up_to, platform_ids: Vec::new() })
}

#[must_use]
pub fn read_up_to(up_to: Timestamp) -> EventBuilder {
    event(EventKind::Read { up_to })
}

/// The customer reacts to a message, or takes the reaction back when there is none.
#[must_use]
pub fn customer_reacts(platform_id: &str, reaction: Option<&str>) -> EventBuilder {
    let reaction = reaction.map(|name| Reaction { name: name.to_owned(), emoji: None });
    event(EventKind::Reaction { platform_id: mid(platform_id), reaction })
}

#[must_use]
pub fn customer_edits(platform_id: &str, number: u32, text: &str) -> EventBuilder {
    event(EventKind::Edit { platform_id: mid(platform_id), text: text.to_owned(), number })
}

#[must_use]
pub fn customer_unsends(platform_id: &str) -> EventBuilder {
    event(EventKind::Unsend { platform_id: mid(platform_id) })
}

/// A link with a reference led the customer into the thread.
#[must_use]
pub fn customer_follows(reference: &str) -> EventBuilder {
    event(EventKind::Referral(referral(reference, "SHORTLINK")))
}

#[must_use]
pub fn referral(reference: &str, source: &str) -> Referral {
    Referral { reference: Some(reference.to_owned()), source: Some(source.to_owned()), kind: None, ad_id: None, product_id: None }
}

#[must_use]
pub fn customer_opts_in() -> EventBuilder {
    event(EventKind::OptIn(OptIn { kind: Some("notification_messages".into()), reference: None, payload: None, status: None }))
}

/// Control of the thread moved.
#[must_use]
pub fn thread_goes_to(owner: Option<&str>) -> EventBuilder {
    event(EventKind::ThreadControl { owner: owner.map(app) })
}

#[must_use]
pub fn noted(kind: NotedKind) -> EventBuilder {
    event(EventKind::Noted(kind))
}

#[must_use]
pub fn unknown(key: &str) -> EventBuilder {
    event(EventKind::Unknown(key.to_owned()))
}

/// Any event.
#[must_use]
pub fn event(kind: EventKind) -> EventBuilder {
    EventBuilder {
        event: InboundEvent {
            page: page(PAGE),
            party: Party::Person(user(MIA)),
            occurred_at: at(0),
            standby: false,
            kind,
            raw: String::new(),
        },
        raw: None,
    }
}

impl EventBuilder {
    #[must_use]
    pub fn on(mut self, page_id: &str) -> Self {
        self.event.page = page(page_id);
        self
    }

    #[must_use]
    pub fn by(mut self, person: &str) -> Self {
        self.event.party = Party::Person(user(person));
        self
    }

    /// Makes it concern nobody in particular.
    #[must_use]
    pub fn of_the_page(mut self) -> Self {
        self.event.party = Party::Page;
        self
    }

    #[must_use]
    pub fn at(mut self, moment: Timestamp) -> Self {
        self.event.occurred_at = moment;
        self
    }

    #[must_use]
    pub fn in_standby(mut self) -> Self {
        self.event.standby = true;
        self
    }

    /// Gives a message, a tap or an echo its platform id.
    #[must_use]
    pub fn numbered(mut self, id: &str) -> Self {
        if let EventKind::Message(message) = &mut self.event.kind {
            message.platform_id = mid(id);
        }
        if let EventKind::Postback(postback) = &mut self.event.kind {
            postback.platform_id = Some(mid(id));
        }
        if let EventKind::Echo(echo) = &mut self.event.kind {
            echo.platform_id = mid(id);
        }
        self
    }

    /// Adds what led a customer here to a message or a tap.
    #[must_use]
    pub fn led_by(mut self, referral: Referral) -> Self {
        if let EventKind::Message(message) = &mut self.event.kind {
            message.referral = Some(referral);
        } else if let EventKind::Postback(postback) = &mut self.event.kind {
            postback.referral = Some(referral);
        }
        self
    }

    /// Adds an attachment to a message.
    #[must_use]
    pub fn with(mut self, attachment: Attachment) -> Self {
        if let EventKind::Message(message) = &mut self.event.kind {
            message.attachments.push(attachment);
        }
        self
    }

    /// Says what the element looked like; else it is made of the kind.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> Self {
        self.raw = Some(raw.into());
        self
    }

    #[must_use]
    pub fn build(self) -> InboundEvent {
        let mut event = self.event;
        let made = || json!({ "timestamp": event.occurred_at.as_millis(), "kind": format!("{:?}", event.kind) }).to_string();
        event.raw = self.raw.unwrap_or_else(made);
        event
    }
}
