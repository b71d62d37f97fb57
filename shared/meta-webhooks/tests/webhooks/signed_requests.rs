use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use domain::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use meta_webhooks::signed_request::{SignedRequestError, read_deletion};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "an app secret";

fn secrets() -> Vec<Secret> {
    vec![Secret::new("another").unwrap(), Secret::new(SECRET).unwrap()]
}

fn signature(payload: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.chain_update(payload).finalize().into_bytes().to_vec()
}

/// A form whose payload is signed as it is.
fn signed(payload: &str) -> String {
    format!("signed_request={}.{payload}", URL_SAFE_NO_PAD.encode(signature(payload)))
}

fn form(payload: &Value) -> String {
    signed(&URL_SAFE_NO_PAD.encode(payload.to_string()))
}

fn request() -> Value {
    json!({ "user_id": "10223344556677889", "algorithm": "HMAC-SHA256", "issued_at": 1_795_255_200, "expires": 0 })
}

fn refusal(form: &str) -> SignedRequestError {
    read_deletion(&secrets(), form.as_bytes()).unwrap_err()
}

#[test]
fn the_golden_request_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/payloads/deletion/meta-data_deletion_request.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let secret = Secret::new(golden["test_app_secret"].as_str().unwrap()).unwrap();
    let form = format!("signed_request={}", golden["form"]["signed_request"].as_str().unwrap());
    let read = read_deletion(&[secret], form.as_bytes()).unwrap();
    assert_eq!(read.user.as_str(), golden["decoded_payload"]["user_id"].as_str().unwrap());
    assert_eq!(read.code.as_str().len(), 32);
}

#[test]
fn the_same_request_has_the_same_code_and_another_has_another() {
    let read = |form: &str| read_deletion(&secrets(), form.as_bytes()).unwrap();
    let first = read(&form(&request()));
    assert_eq!(read(&form(&request())), first);
    let mut later = request();
    later["issued_at"] = json!(1_795_255_201);
    assert_ne!(read(&form(&later)).code, first.code);
    let payload = URL_SAFE_NO_PAD.encode(request().to_string());
    assert!(!hex::encode(signature(&payload)).starts_with(first.code.as_str()), "the signature tells nothing of it");
}

#[test]
fn padding_and_escapes_change_nothing() {
    let mut padded = request();
    padded["user_id"] = json!("1");
    let payload = URL_SAFE.encode(padded.to_string());
    let form = format!("signed_request={}.{}", URL_SAFE.encode(signature(&payload)), payload).replace("==", "%3D%3D").replace('.', "%2E");
    assert_eq!(read_deletion(&secrets(), form.as_bytes()).unwrap().user.as_str(), "1");
    let mut number = request();
    number["user_id"] = json!(10_223_344_556_677_889_u64);
    assert_eq!(read_deletion(&secrets(), self::form(&number).as_bytes()).unwrap().user.as_str(), "10223344556677889");
}

#[test]
fn a_request_of_a_stranger_is_refused() {
    let stranger = Secret::new("a stranger's").unwrap();
    assert_eq!(read_deletion(&[stranger], form(&request()).as_bytes()), Err(SignedRequestError::Mismatch));
    assert_eq!(read_deletion(&[], form(&request()).as_bytes()), Err(SignedRequestError::Mismatch));
    let payload = URL_SAFE_NO_PAD.encode(request().to_string());
    for signature in ["", "AAAA"] {
        assert_eq!(refusal(&format!("signed_request={signature}.{payload}")), SignedRequestError::Mismatch);
    }
}

#[test]
fn each_broken_form_has_its_reason() {
    let payload = URL_SAFE_NO_PAD.encode(request().to_string());
    for form in ["", "a=b", "Signed_request=a.b", "signed_request", "%00", "&&&="] {
        let wanted = if form == "signed_request" { SignedRequestError::Malformed } else { SignedRequestError::Missing };
        assert_eq!(refusal(form), wanted, "{form}");
    }
    let once = form(&request());
    assert_eq!(refusal(&format!("{once}&{once}")), SignedRequestError::Doubled);
    assert_eq!(refusal(&format!("{once}&signed_request=")), SignedRequestError::Doubled);
    assert_eq!(refusal(&format!("{once}&a={}", "x".repeat(20_000))), SignedRequestError::TooLarge);
    for field in [payload.clone(), format!("{payload}+/"), format!("!.{payload}"), "AA.+/+/".into(), "AA.AA.AA".into()] {
        assert_eq!(refusal(&format!("signed_request={field}")), SignedRequestError::Malformed, "{field}");
    }
}

#[test]
fn a_payload_that_is_signed_and_no_request_is_refused() {
    let with = |name: &str, value: Value| {
        let mut request = request();
        request[name] = value;
        form(&request)
    };
    for algorithm in [json!("none"), json!("HMAC-SHA1"), Value::Null] {
        assert_eq!(refusal(&with("algorithm", algorithm)), SignedRequestError::Algorithm);
    }
    for user in [json!(""), json!("  "), Value::Null, json!({}), json!(-1), json!(1.5), json!("1".repeat(2_000))] {
        assert_eq!(refusal(&with("user_id", user.clone())), SignedRequestError::Payload, "{user}");
    }
    for payload in ["", "null", "[]", "{", "\"\"", r#"{"algorithm":"HMAC-SHA256","user_id":"1","user_id":"2"}"#] {
        let refused = refusal(&signed(&URL_SAFE_NO_PAD.encode(payload)));
        assert!(matches!(refused, SignedRequestError::Payload), "{payload}: {refused}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read_deletion(&secrets(), &bytes).is_err());
        let field = [b"signed_request=".as_slice(), &bytes].concat();
        prop_assert!(read_deletion(&secrets(), &field).is_err());
    }
}
