use std::time::Duration;

use commerce_webhooks::{Headers, SignatureError, VerifiedDelivery, verify};
use domain::secret::Secret;
use domain::shop::Source;
use domain::time::Timestamp;
use proptest::prelude::*;

use crate::payloads::{self, SIGNED_AT, names, read, vector, vectors};

/// A delivery of each source, with the header that signs it.
const SIGNED: [(&str, &str); 5] = [
    ("shopify-orders_create", "x-shopify-hmac-sha256"),
    ("woocommerce-order_updated-processing", "x-wc-webhook-signature"),
    ("stripe-checkout_session_completed", "stripe-signature"),
    ("easypost-tracker_updated-in_transit", "x-hmac-signature"),
    ("aftership-tracking_update-in_transit", "aftership-hmac-sha256"),
];

fn secret(source: Source) -> Secret {
    Secret::new(vectors()["secrets"][source.as_str()].as_str().unwrap()).unwrap()
}

fn other() -> Secret {
    Secret::new("another secret").unwrap()
}

fn judge<'a>(
    source: Source,
    secrets: &[Secret],
    headers: &[(String, String)],
    body: &'a [u8],
    now: Timestamp,
) -> Result<VerifiedDelivery<'a>, SignatureError> {
    let headers: Headers<'_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    verify(source, secrets, &headers, body, now)
}

/// The headers of a vector with the one that signs it otherwise.
fn with(headers: &[(String, String)], signature: &str, value: &str) -> Vec<(String, String)> {
    let replaced = |(name, old): &(String, String)| (name.clone(), if name == signature { value.to_owned() } else { old.clone() });
    headers.iter().map(replaced).collect()
}

fn signature_of(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

#[test]
fn every_vector_is_accepted_and_gives_the_bytes_back() {
    for name in names() {
        let (source, headers) = vector(&name);
        let body = read(&name);
        let verified = judge(source, &[secret(source)], &headers, &body, SIGNED_AT).unwrap();
        assert_eq!(verified.as_bytes(), body, "{name}");
    }
}

#[test]
fn another_key_no_key_a_changed_byte_and_an_empty_body_are_refused() {
    for (name, _) in SIGNED {
        let (source, headers) = vector(name);
        let body = read(name);
        let refusal = |secrets: &[Secret], body: &[u8]| judge(source, secrets, &headers, body, SIGNED_AT).err();
        assert_eq!(refusal(&[other()], &body), Some(SignatureError::Mismatch), "{name}");
        assert_eq!(refusal(&[], &body), Some(SignatureError::NoSecret), "{name}");
        let mut changed = body.clone();
        changed[10] ^= 1;
        assert_eq!(refusal(&[secret(source)], &changed), Some(SignatureError::Mismatch), "{name}");
        assert_eq!(refusal(&[secret(source)], b""), Some(SignatureError::Mismatch), "{name}");
        let mut longer = body;
        longer.push(b'\n');
        assert_eq!(refusal(&[secret(source)], &longer), Some(SignatureError::Mismatch), "{name}: a newline counts");
    }
}

#[test]
fn during_a_rotation_either_secret_is_enough() {
    for (name, _) in SIGNED {
        let (source, headers) = vector(name);
        let body = read(name);
        for secrets in [[other(), secret(source)], [secret(source), other()]] {
            assert!(judge(source, &secrets, &headers, &body, SIGNED_AT).is_ok(), "{name}");
        }
    }
}

#[test]
fn a_missing_and_a_doubled_header_are_refused() {
    for (name, signature) in SIGNED {
        let (source, headers) = vector(name);
        let body = read(name);
        let without: Vec<_> = headers.iter().filter(|(known, _)| known != signature).cloned().collect();
        assert_eq!(judge(source, &[secret(source)], &without, &body, SIGNED_AT).err(), Some(SignatureError::Missing), "{name}");
        let mut twice = headers.clone();
        twice.push((signature.to_uppercase(), signature_of(&headers, signature)));
        assert_eq!(judge(source, &[secret(source)], &twice, &body, SIGNED_AT).err(), Some(SignatureError::Doubled), "{name}");
        let right = signature_of(&headers, signature);
        let joined = with(&headers, signature, &format!("{right},{right}"));
        assert!(judge(source, &[secret(source)], &joined, &body, SIGNED_AT).is_err(), "{name}: a gateway joins what comes twice");
    }
}

#[test]
fn a_signature_of_any_other_form_is_refused() {
    for (name, signature) in SIGNED {
        let (source, headers) = vector(name);
        let body = read(name);
        let right = signature_of(&headers, signature);
        let truncated: String = right.chars().take(right.len() - 1).collect();
        let digits = right.rsplit('=').find(|part| !part.is_empty()).unwrap();
        for wrong in ["", "=", &truncated, &right.to_uppercase(), &format!("{right}0"), &format!("{right}\n"), "ä"] {
            let headers = with(&headers, signature, wrong);
            let refusal = judge(source, &[secret(source)], &headers, &body, SIGNED_AT).err();
            assert!(matches!(refusal, Some(SignatureError::Malformed | SignatureError::Mismatch)), "{name} {wrong:?}: {refusal:?}");
        }
        if digits != right.trim_end_matches('=') {
            let headers = with(&headers, signature, digits);
            assert_eq!(judge(source, &[secret(source)], &headers, &body, SIGNED_AT).err(), Some(SignatureError::Malformed), "{name}");
        }
    }
}

#[test]
fn a_signature_of_one_source_is_none_of_another() {
    let body = read("aftership-edd_revise");
    let (_, headers) = vector("aftership-edd_revise");
    let signature = signature_of(&headers, "aftership-hmac-sha256");
    let as_shopify = [("x-shopify-hmac-sha256".to_owned(), signature)];
    assert_eq!(judge(Source::Shopify, &[secret(Source::Shopify)], &as_shopify, &body, SIGNED_AT).err(), Some(SignatureError::Mismatch));
    assert_eq!(judge(Source::Api, &[other()], &as_shopify, &body, SIGNED_AT).err(), Some(SignatureError::NoWebhooks));
}

#[test]
fn aftership_signs_under_either_of_its_names() {
    let name = "aftership-tracking_update-delivered";
    let (source, headers) = vector(name);
    let other_name = [("as-signature-hmac-sha256".to_owned(), signature_of(&headers, "aftership-hmac-sha256"))];
    assert!(judge(source, &[secret(source)], &other_name, &read(name), SIGNED_AT).is_ok());
}

#[test]
fn stripe_is_believed_for_five_minutes_on_either_side_and_not_a_second_longer() {
    let name = "stripe-checkout_session_completed";
    let (source, headers) = vector(name);
    let body = read(name);
    let judged = |now| judge(source, &[secret(source)], &headers, &body, now).err();
    let (tolerance, second) = (Duration::from_mins(5), Duration::from_secs(1));
    for now in [SIGNED_AT.plus(tolerance), SIGNED_AT.minus(tolerance)] {
        assert_eq!(judged(now), None);
    }
    for now in [SIGNED_AT.plus(tolerance + second), SIGNED_AT.minus(tolerance + second), Timestamp::from_millis(0)] {
        assert_eq!(judged(now), Some(SignatureError::Stale));
    }
}

#[test]
fn stripe_may_sign_with_several_secrets_and_other_schemes_prove_nothing() {
    let name = "stripe-refund_created";
    let (source, headers) = vector(name);
    let body = read(name);
    let right = signature_of(&headers, "stripe-signature");
    let (moment, v1) = right.split_once(',').unwrap();
    let digits = v1.strip_prefix("v1=").unwrap();
    let zeros = "0".repeat(64);
    let judged = |header: &str| judge(source, &[secret(source)], &with(&headers, "stripe-signature", header), &body, SIGNED_AT).err();
    assert_eq!(judged(&format!("{moment},v1={zeros},{v1},v0={zeros}")), None);
    assert_eq!(judged(&format!("{v1},{moment}")), None);
    assert_eq!(judged(&format!("{moment},v0={digits}")), Some(SignatureError::Malformed));
    assert_eq!(judged(&format!("{moment},v1={}", digits.to_uppercase())), Some(SignatureError::Malformed));
    assert_eq!(judged(&format!("{moment},{moment},{v1}")), Some(SignatureError::Doubled));
    assert_eq!(judged(v1), Some(SignatureError::Malformed));
    for moment in ["t=", "t=-1", "t=+1795255260", "t=1795255260.0", "t=99999999999999999999"] {
        assert!(judged(&format!("{moment},{v1}")).is_some(), "{moment}");
    }
    assert_eq!(judged(&format!("t=1795255261,{v1}")), Some(SignatureError::Mismatch), "the moment is signed, too");
}

#[test]
fn the_source_says_its_topic_its_shop_and_its_id_and_what_is_no_name_is_absent() {
    let name = "shopify-orders_create";
    let (source, headers) = vector(name);
    let body = read(name);
    let label = judge(source, &[secret(source)], &headers, &body, SIGNED_AT).unwrap().label().clone();
    assert_eq!((label.topic.as_deref(), label.shop.as_deref()), (Some("orders/create"), Some("lamp.myshopify.com")));
    for hostile in ["", " ", "ä", &"x".repeat(256), "a\u{1}b"] {
        let headers = with(&headers, "x-shopify-topic", hostile);
        assert_eq!(judge(source, &[secret(source)], &headers, &body, SIGNED_AT).unwrap().label().topic, None, "{hostile:?}");
    }
    let mut twice = headers.clone();
    twice.push(("x-shopify-shop-domain".into(), "other.myshopify.com".into()));
    assert_eq!(judge(source, &[secret(source)], &twice, &body, SIGNED_AT).err(), Some(SignatureError::Doubled));
}

#[test]
fn a_ping_is_woocommerces_form_and_nothing_else() {
    assert!(commerce_webhooks::is_ping(Source::Woocommerce, b"webhook_id=142"));
    for body in
        [&b"webhook_id="[..], b"webhook_id=142&x=1", b"webhook_id=142\n", b"{}", b"", b"webhook_id=a", b"webhook_id=111111111111111111111"]
    {
        assert!(!commerce_webhooks::is_ping(Source::Woocommerce, body));
    }
    assert!(!commerce_webhooks::is_ping(Source::Shopify, b"webhook_id=142"));
}

#[test]
fn a_printed_delivery_shows_no_words() {
    let name = "stripe-customer_created";
    let (source, headers) = vector(name);
    let body = read(name);
    let verified = judge(source, &[secret(source)], &headers, &body, SIGNED_AT).unwrap();
    let job = verified.clone().into_job(None, payloads::RECEIVED_AT, String::new());
    assert!(!format!("{verified:?} {job:?}").contains("keller"));
}

proptest! {
    #[test]
    fn one_changed_bit_is_refused(which in 0_usize..5, byte: prop::sample::Index, bit in 0_u8..8) {
        let (name, _) = SIGNED[which];
        let (source, headers) = vector(name);
        let mut changed = read(name);
        *byte.get_mut(&mut changed) ^= 1 << bit;
        prop_assert_eq!(judge(source, &[secret(source)], &headers, &changed, SIGNED_AT).err(), Some(SignatureError::Mismatch));
    }

    #[test]
    fn no_header_ever_panics(which in 0_usize..5, header: String, body: Vec<u8>) {
        let (name, signature) = SIGNED[which];
        let source = vector(name).0;
        prop_assert!(judge(source, &[other()], &[(signature.to_owned(), header)], &body, SIGNED_AT).is_err());
    }
}
