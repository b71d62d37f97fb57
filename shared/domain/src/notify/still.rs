//! Whether a notice is still to be told: asked when it is decided about, and once more right before its message leaves, which may have waited.

use crate::consent::{self, Consents};
use crate::id::ConversationId;
use crate::notice::{Notice, NoticeId, Notices};
use crate::orders::{Order, Orders};
use crate::ports::StoreError;
use crate::time::Timestamp;

/// Says why the message of a notice must not leave; nothing while it may.
pub async fn kept_back<S: Notices + Orders + Consents>(
    store: &S,
    id: &NoticeId,
    conversation: &ConversationId,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let notice = store.notice(id).await?;
    let order = match &notice {
        Some(notice) => store.order(&notice.order).await?,
        None => None,
    };
    let subjects = order.as_ref().map(Order::subjects).unwrap_or_default();
    if consent::has_said_no(store, conversation, &subjects).await? {
        return Ok(Some("The customer asked for no notices.".into()));
    }
    let reason = notice.zip(order).and_then(|(notice, order)| not_worth(&notice, &order, now));
    Ok(reason.map(|reason| format!("It is not worth telling any more: {reason}.")))
}

/// Says why a notice is not worth telling any more; nothing while it is.
pub(super) fn not_worth(notice: &Notice, order: &Order, now: Timestamp) -> Option<String> {
    if notice.expires_at <= now {
        return Some(format!("it was worth telling until {}", notice.expires_at.in_words()));
    }
    order.not_worth(notice.kind, notice.parcel).map(str::to_owned)
}
