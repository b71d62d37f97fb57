//! The people who write to a Page.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::StoreError;
use crate::ids;

/// One person as one Page knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The page-scoped user id.
    pub psid: String,
    pub page_id: String,
    pub first_name: String,
    pub last_name: String,
    /// When the person last wrote, tapped or reacted.
    pub last_action_ms: Option<i64>,
    /// Until when the messaging window is open; 0 before the first action.
    pub window_until_ms: i64,
    /// The `ref` of the click-to-Messenger ad that brought the person, until the first message.
    pub came_by_ad: Option<String>,
    /// The `ref` of the m.me link that brought the person, until Get Started.
    pub link_ref: Option<String>,
    /// Whether the person keeps the chat open and reads what arrives.
    pub auto_read: bool,
    /// The app that holds the thread; none when everybody may answer.
    pub thread_owner: Option<String>,
    /// Until when the person sees the Page typing.
    pub typing_until_ms: i64,
}

impl Customer {
    /// A person of whom nothing is known but the id.
    pub(crate) fn stranger(psid: &str, page_id: &str, auto_read: bool) -> Self {
        Self {
            psid: psid.to_owned(),
            page_id: page_id.to_owned(),
            first_name: String::new(),
            last_name: String::new(),
            last_action_ms: None,
            window_until_ms: 0,
            came_by_ad: None,
            link_ref: None,
            auto_read,
            thread_owner: None,
            typing_until_ms: 0,
        }
    }

    /// The first and the last name; blank when nobody told it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// The name, or the id of somebody who has none.
    pub(crate) fn shown(&self) -> String {
        let name = self.name();
        if name.is_empty() { self.psid.clone() } else { name }
    }

    pub(crate) fn is_stranger(&self) -> bool {
        self.first_name.is_empty()
    }

    /// Says whether another app than `app_id` holds the thread.
    pub(crate) fn is_held_by_other(&self, app_id: &str) -> bool {
        self.thread_owner.as_deref().is_some_and(|owner| owner != app_id)
    }
}

const COLUMNS: &str = "psid, page_id, first_name, last_name, last_action_ms, window_until_ms, came_by_ad, link_ref, auto_read, \
                       thread_owner, typing_until_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        psid: row.get("psid")?,
        page_id: row.get("page_id")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        last_action_ms: row.get("last_action_ms")?,
        window_until_ms: row.get("window_until_ms")?,
        came_by_ad: row.get("came_by_ad")?,
        link_ref: row.get("link_ref")?,
        auto_read: row.get("auto_read")?,
        thread_owner: row.get("thread_owner")?,
        typing_until_ms: row.get("typing_until_ms")?,
    })
}

/// Adds a person who has not written yet.
pub(crate) fn add(tx: &Transaction<'_>, page_id: &str, name: &str, auto_read: bool) -> Result<Customer, StoreError> {
    let (first_name, last_name) = name.split_once(' ').unwrap_or((name, ""));
    let mut namesake = 0;
    let mut psid = ids::psid(page_id, name, namesake);
    while find(tx, &psid)?.is_some() {
        namesake += 1;
        psid = ids::psid(page_id, name, namesake);
    }
    let customer = Customer {
        first_name: first_name.trim().to_owned(),
        last_name: last_name.trim().to_owned(),
        ..Customer::stranger(&psid, page_id, auto_read)
    };
    save(tx, &customer)?;
    Ok(customer)
}

/// Writes a person, new or changed.
pub(crate) fn save(tx: &Transaction<'_>, customer: &Customer) -> Result<(), StoreError> {
    tx.execute(
        &format!(
            "INSERT INTO customer ({COLUMNS}, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
             (SELECT coalesce(max(number), 0) + 1 FROM customer)) \
             ON CONFLICT (psid) DO UPDATE SET last_action_ms = ?5, window_until_ms = ?6, came_by_ad = ?7, link_ref = ?8, \
             auto_read = ?9, thread_owner = ?10, typing_until_ms = ?11"
        ),
        params![
            customer.psid,
            customer.page_id,
            customer.first_name,
            customer.last_name,
            customer.last_action_ms,
            customer.window_until_ms,
            customer.came_by_ad,
            customer.link_ref,
            customer.auto_read,
            customer.thread_owner,
            customer.typing_until_ms,
        ],
    )?;
    Ok(())
}

/// Finds a person by the page-scoped id.
pub(crate) fn find(tx: &Transaction<'_>, psid: &str) -> Result<Option<Customer>, StoreError> {
    Ok(tx.query_row(&format!("SELECT {COLUMNS} FROM customer WHERE psid = ?1"), [psid], read).optional()?)
}

/// Lists all people in the order in which they were added.
pub(crate) fn all(tx: &Transaction<'_>) -> Result<Vec<Customer>, StoreError> {
    let mut query = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM customer ORDER BY number"))?;
    let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}
