//! AfterShip: trackings.
//!
//! <https://www.aftership.com/docs/tracking/webhook/webhook-signature>,
//! <https://www.aftership.com/docs/tracking/webhook/webhook-specifications>,
//! <https://www.aftership.com/docs/tracking/enum/delivery-sub-statuses>

use domain::order::{OrderNames, ShipmentFacts};
use domain::parcel::ParcelStatus;
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEventKind};

use crate::delivery::{ParseError, Parsed};
use crate::event::event;
use crate::json::Object;
use crate::signature::{Headers, Label, SignatureError, base64_of_body};
use crate::words::{self, NAME};

/// The base64 of an HMAC-SHA256 over the body, keyed by the webhook's secret. The second name is that of its other products.
pub(crate) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8]) -> Result<Label, SignatureError> {
    base64_of_body(secrets, headers, &["aftership-hmac-sha256", "as-signature-hmac-sha256"], body)?;
    Ok(Label::in_body(body, "event", None, "event_id"))
}

pub(crate) fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    let body = Object::parse(&delivery.body).ok_or(ParseError::NoObject)?;
    let topic = body.text("event").ok_or(ParseError::NoTopic)?;
    let is_revised = match topic.as_str() {
        "tracking_update" => false,
        "edd_revise" => true,
        _ => return Ok(Parsed::ignoring(&topic)),
    };
    let tracking = body.part("msg").ok_or(ParseError::Lacks("msg"))?;
    let facts = facts(&tracking, is_revised)?;
    let at = tracking.moment("updated_at").or_else(|| body.seconds("ts"));
    Ok(Parsed::from(vec![event(delivery, "", at, ShopEventKind::ShipmentUpdated(Box::new(facts)))]))
}

fn facts(tracking: &Object<'_>, is_revised: bool) -> Result<ShipmentFacts, ParseError> {
    let subtag = tracking.text("subtag");
    let expected_on = expected_on(tracking);
    let is_later = expected_before(tracking).is_some_and(|before| expected_on.as_ref().is_some_and(|now| *now > before));
    Ok(ShipmentFacts {
        order: OrderNames {
            number: tracking.text("order_number").as_deref().and_then(words::written_number),
            external_id: tracking.id("order_id"),
        },
        external_id: tracking.id("id").ok_or(ParseError::Lacks("msg.id"))?,
        tracking_number: tracking.words("tracking_number", NAME),
        tracking_url: ["courier_tracking_link", "tracking_url"].iter().find_map(|key| tracking.url(key)),
        carrier: tracking.words("slug", NAME).filter(|slug| slug != "null").and_then(|slug| carrier(&slug)),
        status: status(tracking, subtag.as_deref()).ok_or(ParseError::Lacks("msg.tag"))?,
        detail: tracking.words("subtag_message", NAME).or_else(|| tracking.words("subtag", NAME)),
        is_late: is_delay(subtag.as_deref()) || (is_revised && is_later),
        expected_on,
    })
}

/// The name of a carrier by its slug, which is all that is told: `usps` is USPS, `dhl-germany` is DHL Germany, `china-post` is China Post.
fn carrier(slug: &str) -> Option<String> {
    /// A longer slug is of words.
    const LONGEST_INITIALS: usize = 4;
    let is_initials = |word: &str| slug.len() <= LONGEST_INITIALS || !word.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let words = slug.split('-').map(|word| if is_initials(word) { word.to_uppercase() } else { word.to_owned() });
    words::spelled_out(&words.collect::<Vec<_>>().join(" "))
}

fn status(tracking: &Object<'_>, subtag: Option<&str>) -> Option<ParcelStatus> {
    Some(match tracking.text("tag")?.as_str() {
        "Pending" | "InfoReceived" => ParcelStatus::LabelCreated,
        "InTransit" => ParcelStatus::InTransit,
        "OutForDelivery" => ParcelStatus::OutForDelivery,
        "AvailableForPickup" => ParcelStatus::ReadyForPickup,
        "AttemptFail" => ParcelStatus::AttemptFailed,
        "Delivered" => ParcelStatus::Delivered,
        "Exception" => match subtag {
            // On its way back, and back.
            Some("Exception_010" | "Exception_011") => ParcelStatus::Returned,
            Some("Exception_020") => ParcelStatus::Cancelled,
            Some(_) | None => ParcelStatus::Exception,
        },
        // `Expired`: nobody has heard of it for a month.
        _ => ParcelStatus::Unknown,
    })
}

/// Customs, outer circumstances, processing, weather, a late flight.
fn is_delay(subtag: Option<&str>) -> bool {
    matches!(subtag, Some("Exception_004" | "Exception_005" | "Exception_016" | "Exception_017" | "Exception_019"))
}

/// The day of the newest of its estimates.
fn expected_on(tracking: &Object<'_>) -> Option<String> {
    let places = [
        ("latest_estimated_delivery", "datetime"),
        ("custom_estimated_delivery_date", "datetime"),
        ("aftership_estimated_delivery_date", "estimated_delivery_date"),
        ("courier_estimated_delivery_date", "estimated_delivery_date"),
    ];
    let found = places.into_iter().find_map(|(place, key)| words::day(&tracking.part(place)?.text(key)?));
    found.or_else(|| words::day(&tracking.text("expected_delivery")?))
}

/// The day of the first estimate, or the one that was promised.
fn expected_before(tracking: &Object<'_>) -> Option<String> {
    let first = tracking.part("first_estimated_delivery").and_then(|first| first.text("datetime"));
    let promised = || tracking.text("order_promised_delivery_date").or_else(|| tracking.text("promised_delivery_date"));
    words::day(&first.or_else(promised)?)
}
