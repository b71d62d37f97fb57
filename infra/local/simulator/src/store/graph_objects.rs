//! What apps create through the Graph API: templates, attachments, profile fields, subscriptions, receipts.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::StoreError;

/// A utility template of a Page.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) status: String,
    /// The creation request.
    pub(crate) json: Value,
}

/// Keeps a template, in place of one with the same name and language.
pub(crate) fn keep_template(tx: &Transaction<'_>, page_id: &str, template: &Template) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR REPLACE INTO template (page_id, name, language, id, status, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![page_id, template.name, template.language, template.id, template.status, template.json.to_string()],
    )?;
    Ok(())
}

/// Lists a Page's templates by name and language.
pub(crate) fn templates(tx: &Transaction<'_>, page_id: &str) -> Result<Vec<Template>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT id, name, language, status, json FROM template WHERE page_id = ?1 ORDER BY name, language")?;
    let mut rows = query.query([page_id])?;
    let mut templates = Vec::new();
    while let Some(row) = rows.next()? {
        let json: String = row.get("json")?;
        templates.push(Template {
            id: row.get("id")?,
            name: row.get("name")?,
            language: row.get("language")?,
            status: row.get("status")?,
            json: serde_json::from_str(&json)?,
        });
    }
    Ok(templates)
}

/// Sets a template's status in all languages; says whether there was one.
pub(crate) fn set_template_status(tx: &Transaction<'_>, page_id: &str, name: &str, status: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE template SET status = ?3 WHERE page_id = ?1 AND name = ?2";
    Ok(tx.execute(sql, params![page_id, name, status])? > 0)
}

/// Forgets a template in all languages; says whether there was one.
pub(crate) fn drop_template(tx: &Transaction<'_>, page_id: &str, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM template WHERE page_id = ?1 AND name = ?2", [page_id, name])? > 0)
}

/// Keeps a saved attachment (`{type, payload}`).
pub(crate) fn keep_attachment(tx: &Transaction<'_>, page_id: &str, id: &str, attachment: &Value) -> Result<(), StoreError> {
    tx.execute("INSERT OR REPLACE INTO attachment (page_id, id, json) VALUES (?1, ?2, ?3)", params![page_id, id, attachment.to_string()])?;
    Ok(())
}

/// Finds a saved attachment.
pub(crate) fn attachment(tx: &Transaction<'_>, page_id: &str, id: &str) -> Result<Option<Value>, StoreError> {
    let json: Option<String> =
        tx.query_row("SELECT json FROM attachment WHERE page_id = ?1 AND id = ?2", [page_id, id], |row| row.get(0)).optional()?;
    json.map(|json| serde_json::from_str(&json)).transpose().map_err(StoreError::from)
}

/// Notes an order number; says whether it is new to the Page.
pub(crate) fn keep_order_number(tx: &Transaction<'_>, page_id: &str, number: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("INSERT OR IGNORE INTO receipt (page_id, order_number) VALUES (?1, ?2)", [page_id, number])? > 0)
}

/// Sets a field of the Messenger profile.
pub(crate) fn keep_profile(tx: &Transaction<'_>, page_id: &str, name: &str, value: &Value) -> Result<(), StoreError> {
    tx.execute("INSERT OR REPLACE INTO profile (page_id, name, json) VALUES (?1, ?2, ?3)", params![page_id, name, value.to_string()])?;
    Ok(())
}

/// Clears a field of the Messenger profile.
pub(crate) fn drop_profile(tx: &Transaction<'_>, page_id: &str, name: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM profile WHERE page_id = ?1 AND name = ?2", [page_id, name])?;
    Ok(())
}

/// Reads a field of the Messenger profile.
pub(crate) fn profile(tx: &Transaction<'_>, page_id: &str, name: &str) -> Result<Option<Value>, StoreError> {
    let json: Option<String> =
        tx.query_row("SELECT json FROM profile WHERE page_id = ?1 AND name = ?2", [page_id, name], |row| row.get(0)).optional()?;
    json.map(|json| serde_json::from_str(&json)).transpose().map_err(StoreError::from)
}

/// Whether, and for what, an app hears of a Page's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The webhook fields, separated by commas.
    pub fields: String,
    pub active: bool,
    /// "Webhooks Disabled": Meta unsubscribed the app after an hour of failed deliveries.
    pub disabled: bool,
}

impl Subscription {
    /// Says whether events of this field are sent.
    pub(crate) fn covers(&self, field: &str) -> bool {
        self.active && self.fields.split(',').any(|covered| covered.trim() == field)
    }
}

/// Writes a Page's subscription.
pub(crate) fn subscribe(tx: &Transaction<'_>, page_id: &str, subscription: &Subscription) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR REPLACE INTO subscription (page_id, fields, active, disabled) VALUES (?1, ?2, ?3, ?4)",
        params![page_id, subscription.fields, subscription.active, subscription.disabled],
    )?;
    Ok(())
}

/// Reads a Page's subscription, if one was ever written.
pub(crate) fn subscription(tx: &Transaction<'_>, page_id: &str) -> Result<Option<Subscription>, StoreError> {
    Ok(tx
        .query_row("SELECT fields, active, disabled FROM subscription WHERE page_id = ?1", [page_id], |row| {
            Ok(Subscription { fields: row.get("fields")?, active: row.get("active")?, disabled: row.get("disabled")? })
        })
        .optional()?)
}
