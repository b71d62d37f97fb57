//! What led a customer into the thread: an m.me link, a QR code, an ad, a product of the shop.
//!
//! ```json
//! "referral": {"ref": "order-20418", "source": "SHORTLINK", "type": "OPEN_THREAD"}
//! "referral": {"ref": "…", "ad_id": "…", "source": "ADS", "type": "OPEN_THREAD", "ads_context_data": {"product_id": "…"}}
//! "referral": {"product": {"id": "…"}}
//! ```
//!
//! Lead ads add `"lead": {"data": […]}` beside it, with type `LEAD_COMPLETE` or `LEAD_INCOMPLETE`.
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_referrals>

use domain::inbound::{EventKind, Referral};

use crate::json::{Misread, Node, Object};

pub(super) fn read(content: &Node<'_>) -> Result<EventKind, Misread> {
    Ok(EventKind::Referral(of(&content.object()?)))
}

/// Reads the same object where it stands inside a message or a postback.
pub(super) fn of(referral: &Object<'_>) -> Referral {
    let product_of_shop = referral.part("product").and_then(|product| product.hint("id"));
    let product_of_ad = || referral.part("ads_context_data").and_then(|context| context.hint("product_id"));
    Referral {
        reference: referral.hint("ref"),
        source: referral.hint("source"),
        kind: referral.hint("type"),
        ad_id: referral.hint("ad_id"),
        product_id: product_of_shop.or_else(product_of_ad),
    }
}
