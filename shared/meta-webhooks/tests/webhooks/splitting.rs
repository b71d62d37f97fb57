//! A body too large for the queue is cut, and nothing of it is lost.

use meta_webhooks::{Item, ParseError, Split, VerifiedBody};
use proptest::prelude::*;
use serde_json::Value;

use crate::nothing_is_lost::mutated;
use crate::payloads::{PAGE, parse, try_parse};

fn split(body: &str, limit: usize) -> Split {
    meta_webhooks::split(&VerifiedBody::from_intake_queue(body.as_bytes()), |piece| piece.len() <= limit).unwrap()
}

fn message(mid: &str, text: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"1"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1795255200000,"message":{{"mid":"{mid}","text":"{text}"}}}}"#
    )
}

fn raw(item: &Item) -> &str {
    match item {
        Item::Event(event) => &event.raw,
        Item::Broken(broken) => &broken.raw,
    }
}

fn items(bodies: &[String]) -> Vec<Item> {
    bodies.iter().flat_map(|piece| parse(piece).items).collect()
}

#[test]
fn a_body_that_fits_is_one_piece_that_says_the_same() {
    let body = format!(
        r#"{{"object":"page","seal":1,"entry":[{{"id":"{PAGE}","time":1795255200412,"hop_context":[{{"app_id":1}}],"messaging":[{}],"standby":[{}]}}]}}"#,
        message("m_1", "a"),
        message("m_2", "b")
    );
    assert_eq!(split(&body, body.len()), Split { pieces: vec![body], too_large: vec![] });
}

#[test]
fn pieces_are_as_large_as_fits_and_keep_what_stands_around_an_element() {
    let entries: Vec<_> = (0..3)
        .map(|entry| {
            let elements: Vec<_> = (0..4).map(|index| message(&format!("m_{entry}_{index}"), "hello")).collect();
            format!(r#"{{"id":"{entry}","time":1795255200412,"hop_context":null,"messaging":[{}]}}"#, elements.join(","))
        })
        .collect();
    let body = format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","));
    let halves = split(&body, body.len() / 2);
    assert_eq!(halves.pieces.len(), 3, "two and the rest");
    assert!(
        halves
            .pieces
            .iter()
            .all(|piece| piece.starts_with(r#"{"object":"page","entry":[{"id":""#) && piece.contains(r#""hop_context":null"#))
    );
    assert_eq!(items(&halves.pieces), parse(&body).items);
    assert_eq!(split(&body, 260).pieces.len(), 12, "one element a piece");
}

#[test]
fn an_element_that_fits_nowhere_is_told_with_its_page_and_its_size_and_its_neighbours_go_on() {
    let large = message("m_2", &"x".repeat(1000));
    let body =
        format!(r#"{{"object":"page","entry":[{{"messaging":[{},{large},{}]}},{{"id":"77"}}]}}"#, message("m_1", "a"), message("m_3", "c"));
    let split = split(&body, 500);
    let [too_large] = split.too_large.as_slice() else { unreachable!("{split:?}") };
    assert_eq!((too_large.page.as_ref().unwrap().as_str(), too_large.bytes), (PAGE, large.len()));
    assert_eq!(items(&split.pieces).len(), 3);
    assert!(self::split(&body, 0).pieces.is_empty());
    assert_eq!(self::split(&body, 0).too_large.len(), 4);
}

#[test]
fn a_body_that_is_no_envelope_cannot_be_cut() {
    let body = VerifiedBody::from_intake_queue(b"42");
    assert_eq!(meta_webhooks::split(&body, |_| true), Err(ParseError::NotAnEnvelope { found: "a number" }));
}

#[test]
fn three_megabytes_are_cut_with_few_questions() {
    let elements: Vec<_> = (0..10_000).map(|index| message(&format!("m_{index}"), &"x".repeat(200))).collect();
    let body = format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","messaging":[{}]}}]}}"#, elements.join(","));
    let asked = std::cell::Cell::new(0_usize);
    let fits = |piece: &str| {
        asked.set(asked.get() + piece.len());
        piece.len() <= 200_000
    };
    let split = meta_webhooks::split(&VerifiedBody::from_intake_queue(body.as_bytes()), fits).unwrap();
    assert_eq!(items(&split.pieces).len(), 10_000);
    assert!(split.pieces.len() <= body.len() / 200_000 + 1, "{}", split.pieces.len());
    assert!(asked.get() < 20 * body.len(), "written {} times over", asked.get() / body.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_pieces_and_what_was_too_large_are_the_whole(bodies in prop::collection::vec(mutated(), 1..5), wrapped: bool, limit in 0_usize..3000) {
        let body = if wrapped { Value::Array(bodies) } else { merged(bodies) }.to_string();
        let Ok(whole) = try_parse(&body) else { return Ok(()) };
        let split = split(&body, limit);
        prop_assert!(split.pieces.iter().all(|piece| piece.len() <= limit));

        let mut left = items(&split.pieces).into_iter().peekable();
        let missing: Vec<_> = whole.items.into_iter().filter(|item| left.next_if_eq(item).is_none()).collect();
        prop_assert!(left.next().is_none(), "a piece says what the whole did not");
        prop_assert_eq!(missing.len(), split.too_large.len());
        for (item, told) in missing.iter().zip(&split.too_large) {
            // Of an element in the clothes of a change, `raw` is the element alone.
            prop_assert!(told.bytes >= raw(item).len());
        }
    }
}

/// Puts the entries of all envelopes into the first.
fn merged(bodies: Vec<Value>) -> Value {
    let entries: Vec<_> = bodies.iter().filter_map(|body| body.get("entry")?.as_array().cloned()).flatten().collect();
    let mut first = bodies.into_iter().next().unwrap();
    if let Some(entry @ Value::Array(_)) = first.get_mut("entry") {
        *entry = Value::from(entries);
    }
    first
}
