use domain::secret::Secret;
use meta_webhooks::{SignatureError, VerifiedBody, verify};
use proptest::prelude::*;
use serde_json::Value;

use crate::payloads;

struct Vector {
    name: String,
    body: Vec<u8>,
    sha256: String,
    sha1: String,
}

fn vectors() -> (Secret, Vec<Vector>) {
    let file: Value = serde_json::from_slice(&payloads::read("signature-vectors")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let vector = |(name, facts): (&String, &Value)| Vector {
        name: name.clone(),
        body: payloads::read(name),
        sha256: text(facts.get("sha256").unwrap()),
        sha1: text(facts.get("sha1").unwrap()),
    };
    let member = |key| file.get(key).unwrap();
    (secret(&text(member("app_secret"))), member("vectors").as_object().unwrap().iter().map(vector).collect())
}

fn secret(value: &str) -> Secret {
    Secret::new(value).unwrap()
}

fn refusal(secrets: &[Secret], body: &[u8], header: Option<&str>) -> Option<SignatureError> {
    verify(secrets, body, header).err()
}

#[test]
fn every_vector_is_accepted_and_gives_the_bytes_back() {
    let (key, vectors) = vectors();
    assert_eq!(vectors.len(), payloads::all().len());
    for Vector { name, body, sha256, .. } in vectors {
        let verified = verify(std::slice::from_ref(&key), &body, Some(&sha256)).map(|body| body.as_bytes().to_vec());
        assert_eq!(verified, Ok(body), "{name}");
    }
}

#[test]
fn a_missing_header_is_refused() {
    let (key, vectors) = vectors();
    assert_eq!(refusal(&[key], &vectors[0].body, None), Some(SignatureError::Missing));
}

#[test]
fn a_header_of_any_other_form_is_refused() {
    let (key, vectors) = vectors();
    let Vector { body, sha256, sha1, .. } = &vectors[0];
    let digits = sha256.strip_prefix("sha256=").unwrap();
    let truncated: String = sha256.chars().take(70).collect();
    for header in [
        "",
        "sha256=",
        digits,
        sha1,
        &truncated,
        &format!("{sha256}0"),
        &format!("{sha256}00"),
        &format!("sha256={}", digits.to_uppercase()),
        &sha256.to_uppercase(),
        &format!("SHA256={digits}"),
        &format!("sha1={digits}"),
        &format!(" {sha256}"),
        &format!("{sha256} "),
        &format!("{sha256}\n"),
        &format!("sha256={}", "g".repeat(64)),
        &format!("sha256={}", "ä".repeat(32)),
        &format!("{sha256},{sha256}"),
    ] {
        assert_eq!(refusal(std::slice::from_ref(&key), body, Some(header)), Some(SignatureError::Malformed), "{header:?}");
    }
}

#[test]
fn another_key_or_another_body_is_refused() {
    let (key, vectors) = vectors();
    let [first, second] = [&vectors[0], &vectors[1]];
    let mismatch = Some(SignatureError::Mismatch);
    assert_eq!(refusal(&[secret("another-secret")], &first.body, Some(&first.sha256)), mismatch);
    assert_eq!(refusal(&[], &first.body, Some(&first.sha256)), mismatch, "no secret, no proof");
    assert_eq!(refusal(std::slice::from_ref(&key), &second.body, Some(&first.sha256)), mismatch);
    assert_eq!(refusal(std::slice::from_ref(&key), b"", Some(&first.sha256)), mismatch);
    let mut longer = first.body.clone();
    longer.push(b'\n');
    assert_eq!(refusal(&[key], &longer, Some(&first.sha256)), mismatch, "a newline counts");
}

#[test]
fn a_body_that_was_decoded_and_written_again_is_refused() {
    let (key, vectors) = vectors();
    let escaped = vectors.iter().find(|vector| vector.body.windows(2).any(|pair| pair == b"\\/")).unwrap();
    let rewritten = serde_json::from_slice::<Value>(&escaped.body).unwrap().to_string();
    assert_eq!(refusal(&[key], rewritten.as_bytes(), Some(&escaped.sha256)), Some(SignatureError::Mismatch));
}

#[test]
fn during_a_rotation_either_secret_is_enough() {
    let (key, vectors) = vectors();
    let Vector { body, sha256, .. } = &vectors[0];
    assert!(verify(&[secret("new"), key.clone()], body, Some(sha256)).is_ok());
    assert!(verify(&[key, secret("new")], body, Some(sha256)).is_ok());
}

#[test]
fn a_printed_body_shows_no_words() {
    assert_eq!(format!("{:?}", VerifiedBody::from_intake_queue(b"words")), "VerifiedBody(5 bytes)");
}

#[test]
fn a_body_from_the_intake_queue_is_taken_as_it_is() {
    assert_eq!(VerifiedBody::from_intake_queue(b"bytes").as_bytes(), b"bytes");
}

proptest! {
    #[test]
    fn one_changed_bit_is_refused(vector: prop::sample::Index, byte: prop::sample::Index, bit in 0_u8..8) {
        let (key, vectors) = vectors();
        let Vector { body, sha256, .. } = vector.get(&vectors);
        let mut changed = body.clone();
        *byte.get_mut(&mut changed) ^= 1 << bit;
        prop_assert_eq!(refusal(&[key], &changed, Some(sha256)), Some(SignatureError::Mismatch));
    }

    #[test]
    fn no_header_ever_panics(header: String, body: Vec<u8>) {
        prop_assert!(verify(&[secret("key")], &body, Some(&header)).is_err());
    }
}
