//! Webhooks that were not answered with 200 yet.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};

use super::StoreError;

/// A webhook that is due.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) number: i64,
    pub(crate) page_id: String,
    pub(crate) lane: String,
    pub(crate) body: String,
    pub(crate) failures: u32,
    pub(crate) failing_since_ms: Option<i64>,
    due_ms: i64,
}

/// Keeps a webhook for delivery. Within a lane they leave in the order of `position_ms`, then of keeping.
pub(crate) fn add(tx: &Transaction<'_>, page_id: &str, lane: &str, at_ms: i64, body: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO webhook (page_id, lane, position_ms, due_ms, body, failures) VALUES (?1, ?2, ?3, ?3, ?4, 0)",
        params![page_id, lane, at_ms, body],
    )?;
    Ok(())
}

/// Says when the last webhook of a lane is due to leave.
pub(crate) fn last_position_ms(tx: &Transaction<'_>, lane: &str) -> Result<Option<i64>, StoreError> {
    Ok(tx.query_row("SELECT max(position_ms) FROM webhook WHERE lane = ?1", [lane], |row| row.get(0))?)
}

/// Splits the heads of the lanes that are not busy: those that are due, and when the next one will be.
pub(crate) fn due(
    tx: &Transaction<'_>,
    now_ms: i64,
    busy: &BTreeSet<String>,
    room: usize,
) -> Result<(Vec<Pending>, Option<i64>), StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT number, page_id, lane, body, failures, failing_since_ms, due_ms FROM webhook ORDER BY position_ms, number",
    )?;
    let mut rows = query.query([])?;
    let mut seen = BTreeSet::new();
    let (mut now, mut next) = (Vec::new(), None::<i64>);
    while let Some(row) = rows.next()? {
        let lane: String = row.get("lane")?;
        if busy.contains(&lane) || !seen.insert(lane.clone()) {
            continue;
        }
        let head = Pending {
            number: row.get("number")?,
            page_id: row.get("page_id")?,
            lane,
            body: row.get("body")?,
            failures: row.get("failures")?,
            failing_since_ms: row.get("failing_since_ms")?,
            due_ms: row.get("due_ms")?,
        };
        if head.due_ms > now_ms {
            next = Some(next.map_or(head.due_ms, |next| next.min(head.due_ms)));
        } else if now.len() < room {
            now.push(head);
        }
    }
    Ok((now, next))
}

/// Forgets a webhook that was answered with 200.
pub(crate) fn delivered(tx: &Transaction<'_>, number: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM webhook WHERE number = ?1", [number])?;
    Ok(())
}

/// Notes a failed try and when the next one is due.
pub(crate) fn failed(tx: &Transaction<'_>, webhook: &Pending, now_ms: i64, due_ms: i64, why: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhook SET failures = failures + 1, failing_since_ms = coalesce(failing_since_ms, ?2), due_ms = ?3, \
         last_error = ?4 WHERE number = ?1",
        params![webhook.number, now_ms, due_ms, why],
    )?;
    Ok(())
}

/// Drops everything that waits for a Page's app; says how much that was.
pub(crate) fn drop_page(tx: &Transaction<'_>, page_id: &str) -> Result<usize, StoreError> {
    Ok(tx.execute("DELETE FROM webhook WHERE page_id = ?1", [page_id])?)
}

/// Says how many webhooks wait.
pub(crate) fn waiting(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    Ok(tx.query_row("SELECT count(*) FROM webhook", [], |row| row.get(0))?)
}

/// Says whether a webhook should be gone by `now_ms`: one that is due, and that nothing in its lane holds back.
pub(crate) fn is_any_due(tx: &Transaction<'_>, now_ms: i64) -> Result<bool, StoreError> {
    Ok(tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM webhook head WHERE due_ms <= ?1 AND NOT EXISTS (SELECT 1 FROM webhook earlier \
         WHERE earlier.lane = head.lane AND (earlier.position_ms, earlier.number) < (head.position_ms, head.number)))",
        [now_ms],
        |row| row.get(0),
    )?)
}

/// After a restart: everything that waits is due at once, and its failures count anew.
pub(crate) fn revive(tx: &Transaction<'_>, now_ms: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE webhook SET due_ms = min(due_ms, max(position_ms, ?1)), failures = 0, failing_since_ms = NULL", [now_ms])?;
    Ok(())
}
