//! People whom the simulator meets by webhooks that another tool posted: a developer's `curl`, a load test.
//!
//! A delivery with the app's signature means that Meta knows the person. So they can be answered here too, and their thread shows what
//! they wrote. Their name stays unknown: nothing in a webhook tells it.

use rusqlite::Transaction;
use serde_json::Value;

use crate::simulator::Simulator;
use crate::store::StoreError;
use crate::store::customers::{self, Customer};
use crate::store::messages::{self, Content, Direction, NewMessage};
use crate::window::{self, Opening};

/// What a person did, as far as a thread shows it.
struct Seen<'a> {
    page_id: &'a str,
    psid: &'a str,
    mid: Option<&'a str>,
    content: Content,
}

impl Simulator {
    /// Takes note of a webhook delivery that Shopbell accepted. What the simulator sent itself changes nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn witness(&self, body: &[u8]) -> Result<(), StoreError> {
        let Ok(delivery) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
        let elements = list(&delivery, "entry").flat_map(|entry| list(entry, "messaging"));
        let seen: Vec<Seen<'_>> = elements.filter_map(|element| self.seen(element)).collect();
        if seen.is_empty() {
            return Ok(());
        }
        let now_ms = self.now_ms();
        let news = self.parts().store.run(|tx| {
            let mut news = false;
            for seen in &seen {
                news |= self.meet(tx, seen, now_ms)?;
            }
            Ok::<_, StoreError>(news)
        })?;
        if news {
            self.changed();
        }
        Ok(())
    }

    /// Reads an element in which a person wrote or tapped; nothing for any other.
    fn seen<'a>(&self, element: &'a Value) -> Option<Seen<'a>> {
        let page_id = element.get("recipient")?.get("id")?.as_str()?;
        let psid = element.get("sender")?.get("id")?.as_str()?;
        self.settings().page(page_id)?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(message) = element.get("message").filter(|message| message.get("is_echo").is_none()) {
            let attachments = list(message, "attachments").cloned().collect();
            let content = Content { text: text(message, "text"), attachments, ..Content::default() };
            return Some(Seen { page_id, psid, mid: message.get("mid").and_then(Value::as_str), content });
        }
        let postback = element.get("postback")?;
        let content = Content { postback: text(postback, "payload"), text: text(postback, "title"), ..Content::default() };
        Some(Seen { page_id, psid, mid: postback.get("mid").and_then(Value::as_str), content })
    }

    /// Keeps what was seen in the person's thread; tells whether it is new.
    fn meet(&self, tx: &Transaction<'_>, seen: &Seen<'_>, now_ms: i64) -> Result<bool, StoreError> {
        let Some(mid) = seen.mid else { return Ok(false) };
        if messages::find(tx, mid, now_ms)?.is_some() {
            return Ok(false);
        }
        let known = customers::find(tx, seen.psid)?.filter(|customer| customer.page_id == seen.page_id);
        let mut customer = match known {
            Some(customer) => customer,
            None => Customer::stranger(seen.psid, seen.page_id, self.settings().auto_read),
        };
        // From now on and not from the webhook's moment: a sample that was written long ago can be answered all the same.
        customer.last_action_ms = Some(now_ms);
        customer.window_until_ms = window::open_until(Opening::Action, now_ms, customer.window_until_ms);
        customers::save(tx, &customer)?;
        let message = NewMessage {
            mid,
            page_id: seen.page_id,
            psid: seen.psid,
            direction: Direction::FromCustomer,
            app_id: None,
            metadata: None,
            content: &seen.content,
            at_ms: now_ms,
            delivered_ms: None,
            read_ms: None,
        };
        messages::add(tx, &message)?;
        Ok(true)
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
