//! EasyPost: trackers.
//!
//! <https://docs.easypost.com/guides/webhooks-guide>, <https://docs.easypost.com/docs/trackers>

use domain::order::{OrderNames, ShipmentFacts};
use domain::parcel::ParcelStatus;
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEventKind};
use unicode_normalization::UnicodeNormalization;

use crate::delivery::{ParseError, Parsed};
use crate::event::event;
use crate::json::Object;
use crate::signature::{self, Headers, Label, SignatureError};
use crate::words::{self, NAME};

/// `hmac-sha256-hex=` and the HMAC-SHA256 over the body, keyed by the webhook's secret in Unicode's form NFKD.
pub(crate) fn verify(secrets: &[Secret], headers: &Headers<'_>, body: &[u8]) -> Result<Label, SignatureError> {
    let header = headers.first(&["x-hmac-signature"])?.ok_or(SignatureError::Missing)?;
    let digits = std::str::from_utf8(header).ok().and_then(|header| header.strip_prefix("hmac-sha256-hex="));
    let signature = digits.and_then(signature::hex).ok_or(SignatureError::Malformed)?;
    let is_ours = |secret: &Secret| {
        let key: String = secret.expose().nfkd().collect();
        signature::matches(key.as_bytes(), &[body], &signature)
    };
    if secrets.iter().any(is_ours) { Ok(Label::in_body(body, "description", None, "id")) } else { Err(SignatureError::Mismatch) }
}

/// Test events (`mode`) are taken like any: whoever points them here wants to see them.
pub(crate) fn parse(delivery: &ShopDelivery) -> Result<Parsed, ParseError> {
    let body = Object::parse(&delivery.body).ok_or(ParseError::NoObject)?;
    let topic = body.text("description").ok_or(ParseError::NoTopic)?;
    if !matches!(topic.as_str(), "tracker.created" | "tracker.updated") {
        return Ok(Parsed::ignoring(&topic));
    }
    let tracker = body.part("result").ok_or(ParseError::Lacks("result"))?;
    let facts = facts(&tracker, body.part("previous_attributes").as_ref())?;
    let at = tracker.moment("updated_at").or_else(|| body.moment("created_at"));
    Ok(Parsed::from(vec![event(delivery, "", at, ShopEventKind::ShipmentUpdated(Box::new(facts)))]))
}

fn facts(tracker: &Object<'_>, before: Option<&Object<'_>>) -> Result<ShipmentFacts, ParseError> {
    let detail = tracker.words("status_detail", NAME).filter(|detail| !matches!(detail.as_str(), "unknown" | "status_update"));
    let day = |object: &Object<'_>| object.text("est_delivery_date").and_then(|text| words::day(&text));
    let expected_on = day(tracker);
    let expected_before = before.and_then(day);
    let is_postponed = expected_before.is_some_and(|before| expected_on.as_ref().is_some_and(|now| *now > before));
    let is_delayed = matches!(detail.as_deref(), Some("delayed" | "weather_delay"));
    Ok(ShipmentFacts {
        // A tracker names no order; its parcel is found by its number.
        order: OrderNames::default(),
        external_id: tracker.id("id").ok_or(ParseError::Lacks("result.id"))?,
        tracking_number: tracker.words("tracking_code", NAME),
        tracking_url: tracker.url("public_url"),
        carrier: tracker.words("carrier", NAME),
        status: status(tracker, detail.as_deref()).ok_or(ParseError::Lacks("result.status"))?,
        detail,
        is_late: is_delayed || is_postponed,
        expected_on,
    })
}

fn status(tracker: &Object<'_>, detail: Option<&str>) -> Option<ParcelStatus> {
    Some(match tracker.text("status")?.as_str() {
        "pre_transit" => ParcelStatus::LabelCreated,
        "in_transit" => ParcelStatus::InTransit,
        "out_for_delivery" => ParcelStatus::OutForDelivery,
        "available_for_pickup" => ParcelStatus::ReadyForPickup,
        "delivered" => ParcelStatus::Delivered,
        "return_to_sender" => ParcelStatus::Returned,
        "cancelled" => ParcelStatus::Cancelled,
        "failure" | "error" => failed(tracker, detail),
        // `unknown`, and what carriers may yet come up with.
        _ => ParcelStatus::Unknown,
    })
}

/// What kind of failure it is. None of the documented details names an attempt: one that did not succeed is an exception at the door, or
/// the carrier's own words for its last step say so (unconfirmed).
fn failed(tracker: &Object<'_>, detail: Option<&str>) -> ParcelStatus {
    match detail {
        Some("return" | "returned" | "return_to_sender") => ParcelStatus::Returned,
        Some("cancelled") => ParcelStatus::Cancelled,
        Some("expired") => ParcelStatus::Unknown,
        Some("delivery_exception") => ParcelStatus::AttemptFailed,
        Some(_) | None => {
            let last = tracker.list("tracking_details").last().and_then(|step| step.text("message")).unwrap_or_default();
            let is_attempt = last.to_lowercase().contains("attempt") || detail.is_some_and(|detail| detail.contains("attempt"));
            if is_attempt { ParcelStatus::AttemptFailed } else { ParcelStatus::Exception }
        }
    }
}
