//! Bodies and headers that mean harm: each ends in the answer of the contract, its neighbours are stored, and the stack goes on.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, delivery, sign, text_delivery};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::hostile_deliveries::{rows, text};

const AT: i64 = 1_795_000_000_000;
const PSID: &str = "7402918836412905";
const PAGE: &str = "108234567890123";

/// A message as JSON text, with `more` inside it as it is.
fn message(mid: &str, more: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"{PSID}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":{AT},"message":{{"mid":"{mid}","text":"hi"{more}}}}}"#
    )
}

fn envelope(elements: &[String]) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1,"messaging":[{}]}}]}}"#, elements.join(","))
}

async fn stored(test: &TestStack) -> Vec<String> {
    test.quiet().await;
    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    let mut mids: Vec<String> =
        test.messages(&id).await.iter().map(|message| message["platform_ids"][0].as_str().unwrap().to_owned()).collect();
    mids.sort();
    mids
}

#[tokio::test(flavor = "multi_thread")]
async fn monstrous_elements_cost_their_neighbours_nothing() {
    let test = TestStack::start().await;
    let depth = 200;
    let monsters = [
        format!(r#","deep":{}{}"#, "[".repeat(depth), "]".repeat(depth)),
        format!(r#","deeper":{}1{}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth)),
        format!(r#","{}":1"#, "k".repeat(100_000)),
        String::from(r#","huge":18446744073709551616,"small":-9223372036854775809,"float":1e400,"long":0.1e-9999"#),
        String::from(r#","half":"\ud800","other":"\udc00 \ud83d","mixed":"\ude00\ud83d""#),
        String::from(r#","nul":"\u0000\u0007\ufffe""#),
        String::from(r#","mid":"m_again","text":"twice the same key""#),
    ];
    for (number, monster) in monsters.iter().enumerate() {
        let body = envelope(&[message(&format!("m_{number}_monster"), monster), message(&format!("m_{number}_neighbour"), "")]);
        let unsigned = test.post_webhook(body.clone().into_bytes(), None, "application/json").await;
        assert_eq!(unsigned, StatusCode::UNAUTHORIZED, "{number}");
        assert_eq!(test.deliver(body).await, StatusCode::OK, "{number}");
    }
    let stored = stored(&test).await;
    for number in 0..monsters.len() {
        assert!(stored.contains(&format!("m_{number}_neighbour")), "{number}: {stored:?}");
    }
    let parked = rows(&test).await.iter().filter(|row| text(row, "pk").starts_with("PARKED#")).count();
    assert_eq!(stored.len() + parked, 2 * monsters.len(), "each is stored, or parked with its reason: {stored:?}");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_beyond_every_number_is_no_reason_to_lose_a_message() {
    let test = TestStack::start().await;
    let of = |mid: &str, moment: &str| message(mid, "").replace(&format!("\"timestamp\":{AT}"), &format!("\"timestamp\":{moment}"));
    let moments = ["18446744073709551616", "-1", "1e400", "\"soon\"", "null", "9223372036854775807", "[]"];
    let elements: Vec<String> = moments.iter().enumerate().map(|(number, moment)| of(&format!("m_{number}"), moment)).collect();
    assert_eq!(test.deliver(envelope(&elements)).await, StatusCode::OK);
    let parked = || async { rows(&test).await.iter().filter(|row| text(row, "pk").starts_with("PARKED#")).count() };
    assert_eq!(stored(&test).await.len() + parked().await, moments.len());
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_entries_and_three_megabytes_are_taken_whole() {
    let test = TestStack::start().await;
    let entries: Vec<Json> = (0..1000)
        .map(|number| {
            let element = json!({ "sender": { "id": PSID }, "recipient": { "id": PAGE }, "timestamp": AT + number,
                                  "message": { "mid": format!("m_{number:04}"), "text": "x".repeat(3_000) } });
            json!({ "id": PAGE, "time": 1, "messaging": [element] })
        })
        .collect();
    let body = json!({ "object": "page", "entry": entries }).to_string();
    assert!(body.len() > 3_000_000);
    assert_eq!(test.post_webhook(body.clone().into_bytes(), None, "application/json").await, StatusCode::UNAUTHORIZED);
    assert_eq!(test.deliver(body).await, StatusCode::OK);
    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    test.quiet().await;
    assert_eq!(test.messages(&id).await.len(), 1000);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_parked_as_they_came() {
    let test = TestStack::start().await;
    let mut body = text_delivery(PSID, "m_1", AT, "a word");
    let place = body.windows(6).position(|window| window == b"a word").unwrap();
    body[place] = 0xff;
    assert_eq!(test.post_webhook(body.clone(), Some("sha256=00"), "application/json").await, StatusCode::UNAUTHORIZED);
    assert_eq!(test.deliver(body).await, StatusCode::OK);
    test.quiet().await;
    let rows = rows(&test).await;
    let parked: Vec<_> = rows.iter().filter(|row| text(row, "pk").starts_with("PARKED#")).collect();
    assert_eq!(parked.len(), 1);
    assert!(text(parked[0], "reason").contains("not UTF-8"), "{parked:?}");
    test.stack.stop().await;
}

/// The end of a request whose sender goes away in the middle.
const CUT: &[u8] = b"<cut>";

/// Writes a request byte for byte and returns the status of its answer; nothing when the connection was closed without one.
async fn raw(test: &TestStack, request: &[u8]) -> Option<u16> {
    let address = test.stack.url().strip_prefix("http://").unwrap().to_owned();
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The other side may answer and close before everything is written.
    drop(connection.write_all(request).await);
    if request.ends_with(CUT) {
        drop(connection.shutdown().await);
    }
    let mut answer = Vec::new();
    drop(tokio::time::timeout(shopbell_tests::PATIENCE, connection.read_to_end(&mut answer)).await.unwrap());
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

fn request(headers: &[String], body: &[u8]) -> Vec<u8> {
    let head = format!("POST /webhooks/meta HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n{}\r\n\r\n", headers.join("\r\n"));
    [head.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn tricks_with_headers_let_nothing_pass_that_is_not_signed() {
    let test = TestStack::start().await;
    let body = text_delivery(PSID, "m_trick", AT, "tricked");
    let right = sign(test.stack.secrets().app_secret(), &body);
    let length = format!("Content-Length: {}", body.len());
    let kind = String::from("Content-Type: application/json");
    let signed = |value: &str| format!("X-Hub-Signature-256: {value}");
    let upper = right.replace("sha256=", "").to_uppercase();
    let refused: [(&str, Vec<String>); 9] = [
        ("doubled", vec![signed(&right), signed(&right)]),
        ("a wrong one beside the right one", vec![signed("sha256=00"), signed(&right)]),
        ("upper-case digits", vec![signed(&format!("sha256={upper}"))]),
        ("a space inside", vec![signed(&right.replace('=', "= "))]),
        ("quoted", vec![signed(&format!("\"{right}\""))]),
        ("a name beside it", vec![format!("X-Hub-Signature: {right}")]),
        ("far too long", vec![signed(&format!("{right}{}", "0".repeat(8_000)))]),
        ("with a tail", vec![signed(&format!("{right}; v=1"))]),
        ("no text", vec![signed("sha256=\u{e4}")]),
    ];
    for (trick, headers) in refused {
        let headers = [vec![length.clone(), kind.clone()], headers].concat();
        assert_eq!(raw(&test, &request(&headers, &body)).await, Some(401), "{trick}");
    }
    // What the HTTP server itself refuses never comes to the function.
    let long = (0..200).map(|number| format!("X-Padding-{number}: {}", "x".repeat(4_000))).collect::<Vec<_>>();
    let chunked = String::from("Transfer-Encoding: chunked");
    let smuggled: [(&str, Vec<String>, Vec<u8>); 4] = [
        ("two lengths", vec![length.clone(), format!("Content-Length: {}", body.len() - 1), signed(&right)], body.clone()),
        ("headers without end", [vec![length.clone(), signed(&right)], long].concat(), body.clone()),
        ("a body cut short", vec![format!("Content-Length: {}", body.len() + 10), signed(&right)], [&body, CUT].concat()),
        ("a broken chunk", vec![chunked.clone(), signed(&right)], [b"zz\r\n", body.as_slice()].concat()),
    ];
    for (trick, headers, body) in smuggled {
        let status = raw(&test, &request(&headers, &body)).await;
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{trick}: {status:?}");
    }
    test.quiet().await;
    assert!(test.all("/v1/conversations").await.is_empty(), "nothing of it came in");

    // And what is only unusual is taken: white space around a value means nothing, and neither do chunks or the case of a name.
    let chunks = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    assert_eq!(raw(&test, &request(&[chunked.clone(), signed(&right)], &chunks)).await, Some(200), "chunks");
    let spaced = vec![length.clone(), format!("x-HUB-signature-256: \t {right} \t")];
    assert_eq!(raw(&test, &request(&spaced, &body)).await, Some(200), "white space");
    // Both at once: the chunks count, and what stands behind them is never taken for another request.
    let behind = request(&[length.clone(), signed(&right)], &body);
    let both = [chunks, behind].concat();
    let status = raw(&test, &request(&[chunked, length, signed(&right)], &both)).await;
    assert!(matches!(status, None | Some(200 | 400)), "{status:?}");
    assert_eq!(stored(&test).await, ["m_trick"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_trickle_hold_nobody_up() {
    const SLOW: usize = 200;
    let test = TestStack::start().await;
    let address = test.stack.url().strip_prefix("http://").unwrap().to_owned();
    let mut slow = Vec::new();
    for number in 0..SLOW {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        // Some stop in the headers, the others in the body.
        let begun = if number % 2 == 0 {
            "POST /webhooks/meta HTTP/1.1\r\nHost: sh"
        } else {
            "POST /webhooks/meta HTTP/1.1\r\nHost: shop\r\nContent-Length: 900\r\n\r\n{"
        };
        connection.write_all(begun.as_bytes()).await.unwrap();
        slow.push(connection);
    }
    for number in 0..20 {
        for connection in &mut slow {
            drop(connection.write_all(b" ").await);
        }
        let body = text_delivery(PSID, &format!("m_{number:02}"), AT + number, "in a hurry");
        let answered = tokio::time::timeout(Duration::from_secs(30), test.deliver(body)).await;
        assert_eq!(answered.expect("an answer while others trickle"), StatusCode::OK);
    }
    assert_eq!(stored(&test).await.len(), 20);
    drop(slow);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_wrong_media_type_changes_nothing() {
    let test = TestStack::start().await;
    let address = |mid: &str| {
        delivery(&[
            json!({ "sender": { "id": PSID }, "recipient": { "id": PAGE }, "timestamp": AT, "message": { "mid": mid, "text": "Grüße" } }),
        ])
    };
    let kinds = [
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "image/png",
        "application/json;charset=utf-16",
        "\u{7f}",
    ];
    for (number, kind) in kinds.iter().enumerate() {
        let body = address(&format!("m_{number}"));
        let mut headers = vec![
            format!("Content-Length: {}", body.len()),
            format!("X-Hub-Signature-256: {}", sign(test.stack.secrets().app_secret(), &body)),
        ];
        if !kind.is_empty() {
            headers.push(format!("Content-Type: {kind}"));
        }
        let status = raw(&test, &request(&headers, &body)).await;
        let wanted = if *kind == "\u{7f}" { 400 } else { 200 };
        assert_eq!(status, Some(wanted), "{kind:?}");
    }
    assert_eq!(stored(&test).await.len(), kinds.len() - 1);
    test.stack.stop().await;
}
