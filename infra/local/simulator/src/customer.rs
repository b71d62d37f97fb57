//! What a person does in Messenger, and what somebody does in the Page's own inbox.

use rusqlite::Transaction;
use serde_json::{Value, json};

use crate::ids::{self, PAGE_INBOX_APP_ID};
use crate::simulator::Simulator;
use crate::store::customers::{self, Customer};
use crate::store::graph_objects;
use crate::store::messages::{self, Content, Direction, NewMessage};
use crate::store::{StoreError, counters};
use crate::webhooks::events::{Handover, Message, Postback, Reaction, What, reaction_name};
use crate::window::{self, Opening};

/// How long after its acceptance a message is on the person's phone.
pub(crate) const DELIVERED_AFTER_MS: i64 = 300;

/// How long after that it is read, when the chat is open.
pub(crate) const READ_AFTER_MS: i64 = 1_200;

/// The payload of Get Started on a Page that set none. Unconfirmed: such a Page shows no such button.
const GET_STARTED: &str = "GET_STARTED";

/// The thumbs-up. <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/sticker-api>
pub(crate) const THUMBS_UP: u64 = 369_239_263_222_822;

/// Why somebody could not act.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error("no customer {0}")]
    NoSuchCustomer(String),
    #[error("no message {0}")]
    NoSuchMessage(String),
    #[error("no Page {0}")]
    NoSuchPage(String),
    #[error("store")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ActionError {
    fn from(err: rusqlite::Error) -> Self {
        Self::Store(err.into())
    }
}

/// What a person sends besides words.
#[derive(Debug, Clone, PartialEq)]
pub enum Attachment {
    Image {
        url: String,
    },
    Audio {
        url: String,
    },
    Video {
        url: String,
    },
    File {
        url: String,
    },
    Sticker {
        id: u64,
        url: String,
    },
    /// Unconfirmed: only older captures show it.
    Location {
        lat: f64,
        long: f64,
    },
    /// A shared link, which arrives as `fallback`.
    Link {
        url: String,
        title: String,
    },
}

impl Attachment {
    fn to_value(&self) -> Value {
        match self {
            Self::Image { url } => json!({"type": "image", "payload": {"url": url}}),
            Self::Audio { url } => json!({"type": "audio", "payload": {"url": url}}),
            Self::Video { url } => json!({"type": "video", "payload": {"url": url}}),
            Self::File { url } => json!({"type": "file", "payload": {"url": url}}),
            // Since June 2026 a sticker is a type of its own; the twin image ended on 2026-08-30.
            Self::Sticker { id, url } => json!({"type": "sticker", "payload": {"url": url, "sticker_id": id}}),
            Self::Location { lat, long } => {
                json!({"type": "location", "payload": {"coordinates": {"lat": lat, "long": long}}})
            }
            Self::Link { url, title } => json!({"type": "fallback", "payload": {"url": url, "title": title}}),
        }
    }
}

/// Something that the Page says.
pub(crate) struct FromPage<'a> {
    pub(crate) content: &'a Content,
    pub(crate) app_id: &'a str,
    pub(crate) metadata: Option<&'a str>,
}

impl Simulator {
    /// Adds a person who has not written to the first Page yet.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_customer(&self, name: &str) -> Result<Customer, ActionError> {
        let page = self.first_page().ok_or_else(|| ActionError::NoSuchPage(String::new()))?;
        self.add_customer_to(&page.id, name)
    }

    /// Adds a person who has not written to this Page yet.
    ///
    /// # Errors
    /// When there is no such Page.
    pub fn add_customer_to(&self, page_id: &str, name: &str) -> Result<Customer, ActionError> {
        if self.settings().page(page_id).is_none() {
            return Err(ActionError::NoSuchPage(page_id.to_owned()));
        }
        let auto_read = self.settings().auto_read;
        let customer = self.parts().store.run(|tx| customers::add(tx, page_id, name.trim(), auto_read))?;
        self.changed();
        Ok(customer)
    }

    /// The person writes; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_says(&self, psid: &str, text: &str) -> Result<String, ActionError> {
        self.customer_sends(psid, Content::text(text))
    }

    /// The person answers one message in particular; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_replies_to(&self, psid: &str, mid: &str, text: &str) -> Result<String, ActionError> {
        self.customer_sends(psid, Content { reply_to: Some(mid.to_owned()), ..Content::text(text) })
    }

    /// The person sends a picture, a sticker, a place …; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_sends_attachment(&self, psid: &str, attachment: &Attachment) -> Result<String, ActionError> {
        let text = match attachment {
            Attachment::Link { url, .. } => Some(url.clone()),
            Attachment::Image { .. }
            | Attachment::Audio { .. }
            | Attachment::Video { .. }
            | Attachment::File { .. }
            | Attachment::Sticker { .. }
            | Attachment::Location { .. } => None,
        };
        self.customer_sends(psid, Content { text, attachments: vec![attachment.to_value()], ..Content::default() })
    }

    /// The person taps a quick reply; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_taps_quick_reply(&self, psid: &str, title: &str, payload: &str) -> Result<String, ActionError> {
        self.customer_sends(psid, Content { quick_reply: Some(payload.to_owned()), ..Content::text(title) })
    }

    /// The person taps a button of kind `postback`, or Get Started; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_taps_postback(&self, psid: &str, title: &str, payload: &str) -> Result<String, ActionError> {
        self.act(psid, |tx, customer, now_ms| self.tap(tx, customer, now_ms, title, payload))
    }

    /// The person reacts to a message, or takes the reaction back.
    ///
    /// # Errors
    /// When there is no such person or message.
    pub fn customer_reacts(&self, psid: &str, mid: &str, emoji: Option<&str>) -> Result<(), ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            if !messages::react(tx, mid, Direction::FromCustomer, emoji)? {
                return Err(ActionError::NoSuchMessage(mid.to_owned()));
            }
            opens(customer, Opening::Action, now_ms);
            let reaction = Reaction {
                action: if emoji.is_some() { "react" } else { "unreact" },
                name: emoji.map(reaction_name),
                emoji: emoji.map(ToOwned::to_owned),
                mid: mid.to_owned(),
            };
            Ok(self.publish(tx, customer, now_ms, 0, What::Reaction(reaction))?)
        })
    }

    /// The person looks at the chat and has read everything.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_reads(&self, psid: &str) -> Result<(), ActionError> {
        self.act(psid, |tx, customer, now_ms| self.read(tx, customer, now_ms))
    }

    /// Says whether the person keeps the chat open from now on; whoever opens it reads what is there.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_keeps_chat_open(&self, psid: &str, open: bool) -> Result<(), ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            customer.auto_read = open;
            if open { self.read(tx, customer, now_ms) } else { Ok(()) }
        })
    }

    /// The person opens `https://m.me/<page>?ref=…`: in an old thread the ref comes at once and opens the window, in a new one it
    /// comes with Get Started, which is tapped here too. <https://developers.facebook.com/documentation/business-messaging/messenger-platform/discovery/m-me-links>
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_opens_link(&self, psid: &str, reference: &str) -> Result<(), ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            if customer.last_action_ms.is_some() {
                opens(customer, Opening::Action, now_ms);
                return Ok(self.publish(tx, customer, now_ms, 0, What::Referral(link_referral(reference)))?);
            }
            customer.link_ref = Some(reference.to_owned());
            let payload = graph_objects::profile(tx, &customer.page_id, "get_started")?;
            let payload = payload.as_ref().and_then(|it| it.get("payload")?.as_str()).unwrap_or(GET_STARTED);
            self.tap(tx, customer, now_ms, "Get Started", payload)?;
            Ok(())
        })
    }

    /// The person comes by a click-to-Messenger ad; the first message after it keeps the window open for seven days.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn customer_clicks_ad(&self, psid: &str, reference: &str) -> Result<(), ActionError> {
        self.act(psid, |_, customer, _| {
            customer.came_by_ad = Some(reference.to_owned());
            Ok(())
        })
    }

    /// Somebody answers in the Page's own inbox; gives the message id.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn page_inbox_says(&self, psid: &str, text: &str) -> Result<String, ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            let said = FromPage { content: &Content::text(text), app_id: PAGE_INBOX_APP_ID, metadata: None };
            Ok(self.keep_from_page(tx, customer, now_ms, &said)?)
        })
    }

    /// Hands the thread to an app (`None`: everybody may answer), as an operator does in the inbox.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn hand_thread_to(&self, psid: &str, app_id: Option<&str>) -> Result<(), ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            let previous_owner_app_id = customer.thread_owner.take();
            customer.thread_owner = app_id.map(ToOwned::to_owned);
            let handover = Handover { previous_owner_app_id, new_owner_app_id: customer.thread_owner.clone(), metadata: String::new() };
            let ours = app_id.is_none_or(|app_id| app_id == self.settings().app_id);
            let what = if ours { What::PassThreadControl(handover) } else { What::TakeThreadControl(handover) };
            Ok(self.publish(tx, customer, now_ms, 0, what)?)
        })
    }

    /// Lets a person act in one transaction, and tells everybody.
    pub(crate) fn act<T>(
        &self,
        psid: &str,
        work: impl FnOnce(&Transaction<'_>, &mut Customer, i64) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let now_ms = self.now_ms();
        let result = self.parts().store.run(|tx| {
            let mut customer = customers::find(tx, psid)?.ok_or_else(|| ActionError::NoSuchCustomer(psid.to_owned()))?;
            let result = work(tx, &mut customer, now_ms)?;
            customers::save(tx, &customer)?;
            Ok::<_, ActionError>(result)
        })?;
        self.changed();
        Ok(result)
    }

    fn customer_sends(&self, psid: &str, mut content: Content) -> Result<String, ActionError> {
        self.act(psid, |tx, customer, now_ms| {
            let opening = if let Some(reference) = customer.came_by_ad.take() {
                content.referral = Some(ad_referral(&reference));
                Opening::FirstMessageAfterAd
            } else {
                Opening::Action
            };
            let mid = self.keep_from_customer(tx, customer, now_ms, opening, &content)?;
            self.publish(tx, customer, now_ms, 0, What::Message(Message::from_customer(&mid, &content)))?;
            Ok(mid)
        })
    }

    fn tap(&self, tx: &Transaction<'_>, customer: &mut Customer, now_ms: i64, title: &str, payload: &str) -> Result<String, ActionError> {
        let referral = customer.link_ref.take().map(|reference| link_referral(&reference));
        let content = Content { postback: Some(payload.to_owned()), referral: referral.clone(), ..Content::text(title) };
        let mid = self.keep_from_customer(tx, customer, now_ms, Opening::Action, &content)?;
        let postback = Postback { mid: mid.clone(), title: title.to_owned(), payload: Some(payload.to_owned()), referral };
        self.publish(tx, customer, now_ms, 0, What::Postback(postback))?;
        Ok(mid)
    }

    fn read(&self, tx: &Transaction<'_>, customer: &Customer, now_ms: i64) -> Result<(), ActionError> {
        let Some(watermark) = messages::last_from_page_ms(tx, &customer.psid, now_ms)? else { return Ok(()) };
        messages::mark_read(tx, &customer.psid, now_ms)?;
        Ok(self.publish(tx, customer, now_ms, 0, What::Read { watermark })?)
    }

    fn keep_from_customer(
        &self,
        tx: &Transaction<'_>,
        customer: &mut Customer,
        now_ms: i64,
        opening: Opening,
        content: &Content,
    ) -> Result<String, StoreError> {
        let mid = ids::mid(self.settings().seed, counters::next(tx, "mid")?);
        opens(customer, opening, now_ms);
        let message = NewMessage {
            mid: &mid,
            page_id: &customer.page_id,
            psid: &customer.psid,
            direction: Direction::FromCustomer,
            app_id: None,
            metadata: None,
            content,
            at_ms: now_ms,
            delivered_ms: None,
            read_ms: None,
        };
        messages::add(tx, &message)?;
        Ok(mid)
    }

    /// Keeps what the Page says, with its echo, its delivery and, when the chat is open, its reading.
    pub(crate) fn keep_from_page(
        &self,
        tx: &Transaction<'_>,
        customer: &mut Customer,
        now_ms: i64,
        said: &FromPage<'_>,
    ) -> Result<String, StoreError> {
        let mid = ids::mid(self.settings().seed, counters::next(tx, "mid")?);
        customer.typing_until_ms = 0;
        let read_after_ms = DELIVERED_AFTER_MS.saturating_add(READ_AFTER_MS);
        let message = NewMessage {
            mid: &mid,
            page_id: &customer.page_id,
            psid: &customer.psid,
            direction: Direction::FromPage,
            app_id: Some(said.app_id),
            metadata: said.metadata,
            content: said.content,
            at_ms: now_ms,
            delivered_ms: Some(now_ms.saturating_add(DELIVERED_AFTER_MS)),
            read_ms: customer.auto_read.then(|| now_ms.saturating_add(read_after_ms)),
        };
        messages::add(tx, &message)?;
        let echo = Message::echo(&mid, said.content, said.app_id, said.metadata);
        self.publish(tx, customer, now_ms, 0, What::Message(echo))?;
        let delivered_ms = now_ms.saturating_add(DELIVERED_AFTER_MS);
        let delivery = What::Delivery { mids: vec![mid.clone()], watermark: now_ms };
        self.publish(tx, customer, delivered_ms, DELIVERED_AFTER_MS, delivery)?;
        if customer.auto_read {
            let read_ms = now_ms.saturating_add(read_after_ms);
            self.publish(tx, customer, read_ms, read_after_ms, What::Read { watermark: now_ms })?;
        }
        Ok(mid)
    }
}

fn opens(customer: &mut Customer, opening: Opening, now_ms: i64) {
    customer.last_action_ms = Some(now_ms);
    customer.window_until_ms = window::open_until(opening, now_ms, customer.window_until_ms);
}

fn link_referral(reference: &str) -> Value {
    json!({"ref": reference, "source": "SHORTLINK", "type": "OPEN_THREAD"})
}

fn ad_referral(reference: &str) -> Value {
    json!({
        "ref": reference,
        "ad_id": "120210044557610",
        "source": "ADS",
        "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": "Autumn lamps", "post_id": "998877665544332"},
    })
}
