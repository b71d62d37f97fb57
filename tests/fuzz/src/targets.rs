use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::PageId;
use domain::ports::SendError;
use domain::reply::LONGEST_REPLY;
use domain::retry::{Retry, Retryable};
use domain::secret::Secret;
use domain::shop::{ShopDelivery, ShopEvent, Source};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use meta_webhooks::{Item, VerifiedBody};
use sha2::Sha256;
use sqs_jobs::intake::{self, QueueBody};
use sqs_jobs::outbound;

use crate::samples::{Folder, Input, body};

const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

/// A signature is accepted when it is the HMAC of the bytes, and only then.
pub fn signatures(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let secret = String::from_utf8_lossy(&[&b"s"[..], input.take(8)].concat()).into_owned();
    let Ok(secrets) = Secret::new(&secret).map(|secret| [secret]) else { return };
    let flip = (input.byte(), input.below(usize::MAX));
    let header = String::from_utf8_lossy(input.take(80)).into_owned();
    let body = input.rest();
    // Our own computation of what Meta would have sent.
    let right = Hmac::<Sha256>::new_from_slice(secret.trim().as_bytes()).map(|mac| mac.chain_update(body).finalize().into_bytes());
    let right = format!("sha256={}", right.map(hex::encode).unwrap_or_default());

    assert!(meta_webhooks::verify(&secrets, body, Some(&right)).is_ok(), "the right signature is refused");
    for made_up in [header.clone(), format!("sha256={header}")] {
        assert_eq!(meta_webhooks::verify(&secrets, body, Some(&made_up)).is_ok(), made_up == right);
    }
    assert!(meta_webhooks::verify(&secrets, body, None).is_err());
    let bit = 1 << (flip.0 % 8);
    let mut changed = body.to_vec();
    let place = flip.1.checked_rem(changed.len()).unwrap_or(0);
    if let Some(byte) = changed.get_mut(place) {
        *byte ^= bit;
        assert!(meta_webhooks::verify(&secrets, &changed, Some(&right)).is_err(), "a changed body is accepted");
    }
    let mut changed = right.clone().into_bytes();
    let place = flip.1.checked_rem(changed.len()).unwrap_or(0);
    if let Some(byte) = changed.get_mut(place) {
        *byte ^= bit;
    }
    if let Ok(changed) = String::from_utf8(changed) {
        assert!(meta_webhooks::verify(&secrets, body, Some(&changed)).is_err(), "a changed signature is accepted");
    }
}

/// A request to delete is read when its payload is signed, and only then; its code is its own.
pub fn signed_requests(bytes: &[u8]) {
    const PAYLOAD: &str = r#"{"user_id":"10223344556677889","algorithm":"HMAC-SHA256","issued_at":1795255200,"expires":0}"#;
    let mut input = Input::new(bytes);
    let Ok(secrets) = Secret::new("an app secret").map(|secret| [secret]) else { return };
    assert!(meta_webhooks::read_deletion(&secrets, bytes).is_err(), "a form that nobody signed is taken");
    let mut payload = PAYLOAD.as_bytes().to_vec();
    while !input.rest().is_empty() {
        let at = input.below(payload.len() + 1);
        let end = (at + input.below(8)).min(payload.len());
        payload.splice(at..end, input.take(4).iter().copied());
    }
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let right = Hmac::<Sha256>::new_from_slice(b"an app secret").map(|mac| mac.chain_update(&payload).finalize().into_bytes());
    let form = |signature: &[u8]| format!("signed_request={}.{payload}", URL_SAFE_NO_PAD.encode(signature)).into_bytes();
    let Ok(right) = right else { return };
    if let Ok(read) = meta_webhooks::read_deletion(&secrets, &form(&right)) {
        assert_eq!(meta_webhooks::read_deletion(&secrets, &form(&right)), Ok(read));
    }
    let mut wrong = right.to_vec();
    if let Some(first) = wrong.first_mut() {
        *first ^= 1;
    }
    assert!(meta_webhooks::read_deletion(&secrets, &form(&wrong)).is_err(), "another signature is accepted");
}

/// Whatever comes is read the same way each time, and cutting it into pieces loses, doubles and moves nothing.
pub fn deliveries(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let longest = 64 + input.below(4_000);
    let body = body(&mut input, Folder::Meta);
    let whole = VerifiedBody::from_intake_queue(&body);
    let read = meta_webhooks::parse(whole, NOW);
    assert_eq!(read, meta_webhooks::parse(whole, NOW));
    let cut = meta_webhooks::split(&whole, |piece| piece.len() <= longest);
    assert_eq!(read.as_ref().err(), cut.as_ref().err(), "what can be read can be cut, and else neither");
    let (Ok(read), Ok(cut)) = (read, cut) else { return };
    for item in &read.items {
        if let Item::Event(event) = item {
            assert_eq!(event.dedupe_key(), event.clone().dedupe_key());
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(&event.raw).is_ok(), "an event keeps its element: JSON");
        }
    }
    let mut in_pieces = Vec::new();
    for piece in &cut.pieces {
        assert!(piece.len() <= longest);
        let piece = meta_webhooks::parse(VerifiedBody::from_intake_queue(piece.as_bytes()), NOW);
        in_pieces.extend(piece.map(|piece| piece.items).unwrap_or_default());
    }
    if cut.too_large.is_empty() {
        assert_eq!(in_pieces, read.items);
    } else {
        assert_eq!(in_pieces.len() + cut.too_large.len(), read.items.len());
        let mut rest = read.items.iter();
        assert!(in_pieces.iter().all(|item| rest.any(|other| other == item)), "the pieces hold what was there, in its order");
    }
}

/// What a shop or a carrier sends is read or refused. What was read is bounded, comes back from where it is stored, and is not to come.
pub fn shops(bytes: &[u8]) {
    const TOPICS: [&str; 6] =
        ["orders/create", "orders/cancelled", "orders/fulfilled", "refunds/create", "fulfillments/update", "order.updated"];
    let mut input = Input::new(bytes);
    let source = Source::WEBHOOKS.get(input.below(Source::WEBHOOKS.len())).copied().unwrap_or(Source::Stripe);
    let topic = TOPICS.get(input.below(TOPICS.len())).map(|topic| (*topic).to_owned());
    let body = body(&mut input, Folder::Commerce);
    let (shop, delivery_id, page) = (Some(String::from("lamp.example")), None, None);
    let delivery = ShopDelivery { source, topic, shop, delivery_id, page, received_at: NOW, request_id: String::new(), body };
    let Ok(parsed) = commerce_webhooks::parse(&delivery) else { return };
    assert!(parsed.ignored.is_none() || parsed.events.is_empty());
    assert!(parsed.events.len() <= 101);
    for event in parsed.events {
        assert!(event.occurred_at <= NOW);
        let written = serde_json::to_string(&event).unwrap_or_default();
        assert_eq!(serde_json::from_str::<ShopEvent>(&written).ok(), Some(event), "it is not read back");
    }
}

/// Whatever Meta answers, nothing that it may have sent is taken for not sent.
pub fn graph_answers(bytes: &[u8]) {
    const STATUSES: [u16; 12] = [200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 502, 503];
    let mut input = Input::new(bytes);
    let status = STATUSES.get(input.below(STATUSES.len())).copied().unwrap_or(200);
    let names = ["x-app-usage", "x-page-usage", "x-business-use-case-usage", "retry-after"];
    let values: Vec<&[u8]> = names
        .iter()
        .map(|_| {
            let count = usize::from(input.byte() % 64);
            input.take(count)
        })
        .collect();
    let headers: Vec<(&str, &[u8])> = names.into_iter().zip(values).collect();
    let body = body(&mut input, Folder::Graph);
    let Some(outcome) = futures::executor::block_on(graph_api::reading::outcome_of_send(status, &headers, body.clone())) else { return };
    let json: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let code = json.as_ref().and_then(|json| json.get("error")?.get("code")).is_some();
    match outcome {
        Ok(id) => {
            let told = json.as_ref().and_then(|json| json.get("message_id")?.as_str());
            assert!((200..300).contains(&status) && told.map(str::trim) == Some(id.as_str()), "{status}: sent as {id}");
        }
        Err(error) => {
            if !code && ((200..300).contains(&status) || status >= 500) {
                assert!(matches!(error, SendError::Unknown { .. }), "{status}: {error:?}");
            }
            if let Retry::After(pause) = error.retry() {
                assert!((1..=3600).contains(&pause.as_secs()), "{pause:?}");
            }
        }
    }
}

/// Meta's record of a thread is taken as complete only when each of its entries was read.
pub fn threads(bytes: &[u8]) {
    const THREAD: &str = r#"{"messages":{"data":[
        {"id":"m_3","created_time":"2026-11-21T10:00:30+0000","from":{"id":"1"},"message":"Hi"},
        {"id":"m_2","created_time":"2026-11-21T10:00:20+0000","from":{"id":"2"},"message":"Hello"},
        {"id":"m_1","created_time":"2026-11-21T10:00:10+0000","from":{"id":"1"},"message":""}]}}"#;
    let mut input = Input::new(bytes);
    let since = NOW.minus(std::time::Duration::from_secs(u64::try_from(input.below(100)).unwrap_or(0)));
    let mut thread = THREAD.as_bytes().to_vec();
    while !input.rest().is_empty() {
        let at = input.below(thread.len());
        let end = (at + input.below(8)).min(thread.len());
        thread.splice(at..end, input.take(2).iter().copied());
    }
    let (Some(page), Ok(answer)) = (PageId::new("1"), serde_json::from_slice::<serde_json::Value>(&thread)) else { return };
    let record = graph_api::reading::thread_record(&page, &answer, since);
    assert!(record.sends.is_sorted_by_key(|send| send.at));
    assert!(record.sends.iter().all(|send| send.at >= since));
    let entries = answer.pointer("/messages/data").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    assert!(record.sends.len() <= entries);
    let unread = answer.pointer("/messages/data").and_then(serde_json::Value::as_array).into_iter().flatten();
    if unread.clone().any(|entry| entry.get("id").is_none() || entry.get("created_time").is_none()) {
        assert!(!record.complete, "an entry that cannot be read might be the one");
    }
}

/// A cursor reads as it was written, or not at all.
pub fn cursors(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(message) = api::reading::message_cursor(&text) {
        assert_eq!(api::reading::message_cursor(&api::reading::write_message_cursor(&message)), Some(message));
    }
    drop(api::reading::conversation_cursor(&text));
    let mut input = Input::new(bytes);
    let mut number = || input.take(8).iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // What a ULID can hold of time: 48 bits.
    let at = Timestamp::from_millis(i64::try_from(number() >> 16).unwrap_or(0));
    let message = domain::id::MessageId::new(at, u128::from(number()));
    assert_eq!(api::reading::message_cursor(&api::reading::write_message_cursor(&message)), Some(message));
}

/// A job reads as it was written; anything else is refused in words that repeat nothing of it.
pub fn jobs(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let tags = ["plain", "gzip+base64", "rot13", ""];
    let tag = tags.get(input.below(tags.len())).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(input.rest());
    if let Ok(job) = outbound::read(&text) {
        let written = outbound::write(&job).unwrap_or_default();
        assert_eq!(outbound::read(&written), Ok(job));
    }
    drop(intake::read(&message(&text, tag), NOW));
    drop(intake::read_deletion(&message(&text, tag)));
    if let Some(written) = QueueBody::of(input.rest()) {
        let (text, encoding) = written.as_written();
        assert!(text.len() <= sqs_jobs::LONGEST_BODY);
        let delivery = intake::read(&message(text, encoding), NOW);
        assert_eq!(delivery.map(|delivery| delivery.body).ok().as_deref(), Some(input.rest()));
    }
}

fn message(text: &str, encoding: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.body = Some(text.to_owned());
    let mut attribute = SqsMessageAttribute::default();
    attribute.string_value = Some(encoding.to_owned());
    message.message_attributes.insert(String::from("encoding"), attribute);
    message
}

/// Bodies of API requests: what is taken can be worked, however it came about.
pub fn requests(bytes: &[u8]) {
    const REPLY: &str = r#"{"text":"It left our warehouse.","author":{"type":"agent","id":"anna","name":"Anna"}}"#;
    const DECISION: &str = r#"{"status":"resolved","assignee":"anna","unread_count":0}"#;
    for sample in [REPLY, DECISION, ""] {
        let mut input = Input::new(bytes);
        let mut body = sample.as_bytes().to_vec();
        while !input.rest().is_empty() {
            let at = input.below(body.len() + 1);
            let end = (at + input.below(8)).min(body.len());
            body.splice(at..end, input.take(4).iter().copied());
        }
        if let Some(draft) = api::reading::reply(&body) {
            let parts = domain::text::split(&draft.text, domain::text::LONGEST_PART);
            assert!(parts.iter().all(|part| !part.trim().is_empty() && part.encode_utf16().count() <= domain::text::LONGEST_PART));
            assert!(draft.text.encode_utf16().count() > LONGEST_REPLY || parts.len() <= 64);
        }
        drop(api::reading::decision(&body));
    }
}
