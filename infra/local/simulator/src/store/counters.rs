//! Numbers that never come twice, and small settings.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// Gives the next number of a kind, beginning at 1.
pub(crate) fn next(tx: &Transaction<'_>, name: &str) -> Result<i64, StoreError> {
    let number = tx.query_row(
        "INSERT INTO counter (name, value) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        [name],
        |row| row.get(0),
    )?;
    Ok(number)
}

/// Keeps a setting under its name.
pub(crate) fn keep<T: Serialize>(tx: &Transaction<'_>, name: &str, value: &T) -> Result<(), StoreError> {
    let json = serde_json::to_string(value)?;
    tx.execute("INSERT OR REPLACE INTO setting (name, json) VALUES (?1, ?2)", params![name, json])?;
    Ok(())
}

/// Reads a setting, if it was ever kept.
pub(crate) fn kept<T: DeserializeOwned>(tx: &Transaction<'_>, name: &str) -> Result<Option<T>, StoreError> {
    let json: Option<String> = tx.query_row("SELECT json FROM setting WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    json.map(|json| serde_json::from_str(&json)).transpose().map_err(StoreError::from)
}
