//! What the sources' files share: events of a delivery, and lines whose price is told for all pieces at once.

use domain::money::Money;
use domain::order::OrderLine;
use domain::shop::{ShopDelivery, ShopEvent, ShopEventKind};
use domain::time::Timestamp;

use crate::words;

/// The most goods of an order that are kept; Messenger's receipt shows no more. The sums are of all of them.
pub(crate) const MOST_LINES: usize = 100;

/// The most discounts, refunds or parcels of an order that are kept.
pub(crate) const MOST: usize = 100;

/// Makes an event. What happened later than we heard of it happened when we heard of it: a clock is wrong.
pub(crate) fn event(delivery: &ShopDelivery, shop: &str, at: Option<Timestamp>, kind: ShopEventKind) -> ShopEvent {
    ShopEvent {
        source: delivery.source,
        shop: shop.to_owned(),
        page: delivery.page.clone(),
        occurred_at: at.map_or(delivery.received_at, |at| at.min(delivery.received_at)),
        kind,
    }
}

/// Makes a line of goods whose price is known for all pieces together. Where it cannot be divided without a rest, the pieces are one, and
/// the subtitle counts them: an amount is never rounded.
pub(crate) fn line_of_all(title: String, subtitle: Option<String>, quantity: u32, all: Money, image_url: Option<String>) -> OrderLine {
    let of_one = (all.amount % i64::from(quantity) == 0).then(|| Money::new(all.amount / i64::from(quantity), all.currency));
    if let Some(price) = of_one {
        return OrderLine { title, subtitle, quantity, price, image_url };
    }
    line_as_one(title, subtitle, &quantity.to_string(), all, image_url)
}

/// Makes a line of goods that is one piece, whose subtitle counts what it is made of.
pub(crate) fn line_as_one(title: String, subtitle: Option<String>, count: &str, all: Money, image_url: Option<String>) -> OrderLine {
    let subtitle = subtitle.map_or_else(|| format!("{count} ×"), |words| format!("{count} × {words}"));
    OrderLine { title, subtitle: words::clean(&subtitle, words::NAME), quantity: 1, price: all, image_url }
}
