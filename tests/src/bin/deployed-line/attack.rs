//! What strangers and Meta's bad days throw at the gateway.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use shopbell_tests::sign;

use crate::line::{Line, PAGE, until};
use crate::{Outcome, must_be, ok};

/// How many deliveries are posted when nothing else is said (`REQUESTS`), how many at once, and over how many customers they go.
const REQUESTS: usize = 400;
const AT_ONCE: usize = 16;
const CUSTOMERS: usize = 25;

/// Each delivery of so many comes twice, and each of so many has a wrong signature beside it.
const DOUBLED: usize = 5;
const FORGED: usize = 10;

const STORED_WITHIN: Duration = Duration::from_mins(10);

/// A gateway that is asked for too much takes 10 MB at most, and a function 6 MB.
const LARGE: usize = 3 * 1024 * 1024;

pub(crate) async fn refused_at_the_door(line: &Line) -> Outcome<()> {
    let body = text("7000", "m_forged", "not from Meta");
    let wrong = sign("another secret", &body);
    must_be("a wrong signature", &line.post(body.clone(), Some(&wrong), "application/json").await?, &StatusCode::UNAUTHORIZED)?;
    must_be("no signature", &line.post(body, None, "application/json").await?, &StatusCode::UNAUTHORIZED)?;
    ok("deliveries with a wrong signature or none are refused");
    Ok(())
}

pub(crate) async fn large_bodies(line: &Line) -> Outcome<()> {
    // A media type that is no text: the gateway hands such a body to the function in base64.
    let body = text("7001", "m_base64", "as bytes");
    let signature = sign(crate::line::APP_SECRET, &body);
    must_be("a body in base64", &line.post(body, Some(&signature), "application/octet-stream").await?, &StatusCode::OK)?;

    let words = "long ".repeat(400);
    let elements: Vec<Json> = (0..LARGE / 2_000).map(|number| element("7002", &format!("m_large_{number}"), &words)).collect();
    must_be("a body of 3 MB", &line.deliver(delivery(&elements)).await?, &StatusCode::OK)?;
    until("what came in large bodies", STORED_WITHIN, || async {
        Ok(line.messages_of("7001").await?.len() == 1 && line.messages_of("7002").await?.len() == elements.len())
    })
    .await?;
    ok("a body in base64, and one of 3 MB in pieces, are stored whole");

    let monster = "x".repeat(LARGE);
    let noise: String = (0..LARGE).map(|place| char::from(b'!' + u8::try_from(place * place % 89 % 90).unwrap_or_default())).collect();
    let compressible = line.deliver(text("7003", "m_monster", &monster)).await?;
    must_be("one element of 3 MB that can be compressed", &compressible, &StatusCode::OK)?;
    let status = line.deliver(text("7004", "m_noise", &noise)).await?;
    if status != StatusCode::OK && status != StatusCode::PAYLOAD_TOO_LARGE {
        return Err(format!("one element of 3 MB: {status}").into());
    }
    ok("one element of 3 MB is taken when it can be compressed, and refused with 413 when not");
    Ok(())
}

/// Posts many deliveries side by side, some twice, with forged ones between them: what was answered with 200 is stored, once.
pub(crate) async fn many_deliveries(line: &Line) -> Outcome<()> {
    let requests = std::env::var_os("REQUESTS").and_then(|value| value.to_str()?.parse().ok()).unwrap_or(REQUESTS);
    let refused = AtomicUsize::new(0);
    let begun = std::time::Instant::now();
    let posts = (0..requests).map(|number| {
        let refused = &refused;
        async move {
            let body = text(&psid(number), &format!("m_many_{number}"), &format!("number {number}"));
            for _ in 0..if number % DOUBLED == 0 { 2 } else { 1 } {
                // As Meta does: until it is taken.
                while line.deliver(body.clone()).await? != StatusCode::OK {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
            if number % FORGED == 0 {
                must_be("a forged one", &line.post(body, Some("sha256=00"), "application/json").await?, &StatusCode::UNAUTHORIZED)?;
            }
            Outcome::Ok(())
        }
    });
    let posted: Vec<Outcome<()>> = stream::iter(posts).buffer_unordered(AT_ONCE).collect().await;
    posted.into_iter().collect::<Outcome<Vec<()>>>()?;
    let posted_in = begun.elapsed();
    until("every delivery stored", STORED_WITHIN, || async { Ok(stored(line).await?.len() >= requests) }).await?;
    let mut stored = stored(line).await?;
    stored.sort();
    let mut wanted: Vec<String> = (0..requests).map(|number| format!("number {number}")).collect();
    wanted.sort();
    must_be("the stored messages", &stored, &wanted)?;
    let refused = refused.into_inner();
    ok(&format!(
        "{requests} deliveries, {AT_ONCE} at once, one in {DOUBLED} twice, one in {FORGED} forged: each stored once \
         ({refused} answered 5xx and posted again; posted in {:.1} s, stored after {:.1} s)",
        posted_in.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

async fn stored(line: &Line) -> Outcome<Vec<String>> {
    let mut texts = Vec::new();
    for customer in 0..CUSTOMERS {
        let messages = line.messages_of(&psid(customer)).await?;
        texts.extend(messages.iter().filter_map(|message| message["text"].as_str().map(str::to_owned)));
    }
    Ok(texts)
}

fn psid(number: usize) -> String {
    format!("71{:03}", number % CUSTOMERS)
}

pub(crate) fn text(psid: &str, mid: &str, text: &str) -> Vec<u8> {
    delivery(&[element(psid, mid, text)])
}

fn element(psid: &str, mid: &str, text: &str) -> Json {
    json!({ "sender": { "id": psid }, "recipient": { "id": PAGE }, "timestamp": now_ms(), "message": { "mid": mid, "text": text } })
}

fn delivery(elements: &[Json]) -> Vec<u8> {
    json!({ "object": "page", "entry": [{ "id": PAGE, "time": now_ms(), "messaging": elements }] }).to_string().into_bytes()
}

fn now_ms() -> i64 {
    messenger_simulator::Clock::system().now_ms()
}
