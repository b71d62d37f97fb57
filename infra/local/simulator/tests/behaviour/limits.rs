//! Every documented limit: the value below passes, the one above is refused with the documented body.

use serde_json::{Value, json};

use crate::desk::{Desk, golden, response_to};

const REFUSED: &str = "error-100";

async fn holds(desk: &Desk, most: usize, message: impl Fn(usize) -> Value) {
    desk.assert_sent(message(most)).await;
    desk.assert_refused(message(most + 1), REFUSED).await;
}

fn button(title: usize, payload: usize) -> Value {
    json!({"type": "postback", "title": "t".repeat(title), "payload": "p".repeat(payload)})
}

fn template(payload: &Value) -> Value {
    json!({"attachment": {"type": "template", "payload": payload}})
}

fn buttons(text: usize, buttons: &[Value]) -> Value {
    template(&json!({"template_type": "button", "text": "t".repeat(text), "buttons": buttons}))
}

fn quick_replies(count: usize, title: usize, payload: usize) -> Value {
    let choice = json!({"content_type": "text", "title": "t".repeat(title), "payload": "p".repeat(payload)});
    json!({"text": "?", "quick_replies": vec![choice; count]})
}

fn generic(elements: usize, title: usize, subtitle: usize) -> Value {
    let element = json!({"title": "t".repeat(title), "subtitle": "s".repeat(subtitle)});
    template(&json!({"template_type": "generic", "elements": vec![element; elements]}))
}

#[tokio::test]
async fn text_ends_below_2000_characters_of_any_alphabet() {
    let desk = Desk::open().await;
    holds(&desk, 1_999, |length| json!({"text": "ä".repeat(length)})).await;
    desk.assert_refused(json!({"text": ""}), REFUSED).await;
    desk.assert_refused(json!({}), REFUSED).await;
}

#[tokio::test]
async fn metadata_ends_below_1000_characters() {
    let desk = Desk::open().await;
    holds(&desk, 999, |length| json!({"text": "Hi", "metadata": "m".repeat(length)})).await;
}

#[tokio::test]
async fn quick_replies_keep_to_13_with_short_titles_and_payloads() {
    let desk = Desk::open().await;
    holds(&desk, 13, |count| quick_replies(count, 1, 1)).await;
    holds(&desk, 20, |title| quick_replies(1, title, 1)).await;
    holds(&desk, 1_000, |payload| quick_replies(1, 1, payload)).await;
    desk.assert_refused(json!({"text": "?", "quick_replies": [{"content_type": "location"}]}), REFUSED).await;
}

#[tokio::test]
async fn a_button_template_keeps_to_640_characters_and_three_buttons() {
    let desk = Desk::open().await;
    holds(&desk, 640, |text| buttons(text, &[button(1, 1)])).await;
    holds(&desk, 3, |count| buttons(1, &vec![button(1, 1); count])).await;
    holds(&desk, 20, |title| buttons(1, &[button(title, 1)])).await;
    holds(&desk, 1_000, |payload| buttons(1, &[button(1, payload)])).await;
    desk.assert_refused(buttons(1, &[]), REFUSED).await;
}

#[tokio::test]
async fn a_generic_template_keeps_to_ten_elements_of_80_characters() {
    let desk = Desk::open().await;
    holds(&desk, 10, |count| generic(count, 1, 1)).await;
    holds(&desk, 80, |title| generic(1, title, 1)).await;
    holds(&desk, 80, |subtitle| generic(1, 1, subtitle)).await;
    let bare = json!({"template_type": "generic", "elements": [{"title": "nothing else"}]});
    desk.assert_refused(template(&bare), REFUSED).await;
}

#[tokio::test]
async fn several_pictures_keep_to_thirty_and_are_only_pictures() {
    let desk = Desk::open().await;
    let of = |kind: &str| json!({"type": kind, "payload": {"url": "https://shop.example/a.png"}});
    holds(&desk, 30, |count| json!({"attachments": vec![of("image"); count]})).await;
    desk.assert_refused(json!({"attachments": [of("video")]}), REFUSED).await;
}

#[tokio::test]
async fn a_coupon_code_has_no_spaces() {
    let desk = Desk::open().await;
    let coupon = |code: &str| template(&json!({"template_type": "coupon", "title": "Off", "coupon_code": code}));
    desk.assert_sent(coupon("AUTUMN10")).await;
    desk.assert_refused(coupon("AUTUMN 10"), REFUSED).await;
}

#[tokio::test]
async fn a_media_template_refuses_addresses_outside_facebook() {
    let desk = Desk::open().await;
    let media = |url: &str| template(&json!({"template_type": "media", "elements": [{"media_type": "image", "url": url}]}));
    desk.assert_sent(media("https://www.facebook.com/photo/1")).await;
    let (_, answer) = desk.send(media("https://shop.example/facebook.com/a.png")).await;
    assert_eq!(answer["error"]["error_subcode"], 2_018_185);
}

#[tokio::test]
async fn an_address_that_is_none_cannot_be_fetched() {
    let desk = Desk::open().await;
    desk.assert_refused(json!({"attachment": {"type": "image", "payload": {"url": "ftp://x"}}}), "error-100-2018008").await;
}

#[tokio::test]
async fn a_reusable_attachment_can_be_sent_again_by_its_id() {
    let desk = Desk::open().await;
    let (_, first) =
        desk.send(json!({"attachment": {"type": "image", "payload": {"url": "https://shop.example/a.png", "is_reusable": true}}})).await;
    desk.assert_sent(json!({"attachment": {"type": "image", "payload": {"attachment_id": first["attachment_id"]}}})).await;
    let (_, other) = desk.send(json!({"attachment": {"type": "image", "payload": {"attachment_id": "1"}}})).await;
    assert_eq!(other["error"]["error_subcode"], 2_018_074);
}

#[tokio::test]
async fn the_41st_message_of_a_second_stops_the_page_for_a_while() {
    let desk = Desk::open().await;
    for _ in 0..40 {
        desk.assert_sent(json!({"text": "Hi"})).await;
    }
    desk.assert_refused(json!({"text": "Hi"}), "error-613").await;
    desk.clock.advance(std::time::Duration::from_secs(5));
    desk.assert_refused(json!({"text": "Hi"}), "error-613").await;
    assert_eq!(desk.simulator.counters().sends_too_fast, 2);
    desk.clock.advance(std::time::Duration::from_secs(5));
    desk.assert_sent(json!({"text": "Hi"})).await;
}

#[tokio::test]
async fn nobody_but_the_pages_own_customers_can_be_written_to() {
    let desk = Desk::open().await;
    let (_, answer) = desk.post("/me/messages", &response_to("7402918836412905", &json!({"text": "Hi"}))).await;
    assert_eq!(answer, golden("error-100-2018001"));
}

#[tokio::test]
async fn a_sender_action_is_answered_with_the_recipient_alone() {
    let desk = Desk::open().await;
    let (_, answer) = desk.post("/me/messages", &json!({"recipient": {"id": desk.psid}, "sender_action": "typing_on"})).await;
    assert_eq!(answer, json!({"recipient_id": desk.psid}));
    let (_, answer) = desk.post("/me/messages", &json!({"recipient": {"id": desk.psid}, "sender_action": "dance"})).await;
    assert_eq!(answer, golden("error-100"));
}

#[tokio::test]
async fn the_documented_requests_are_taken() {
    let desk = Desk::open().await;
    for name in ["text", "quick_replies", "receipt", "customer_feedback", "human_agent", "typing_on", "thread_control_pass"] {
        let mut request = golden(&format!("request-{name}"));
        request["recipient"]["id"] = json!(desk.psid);
        let (status, answer) = desk.post("/108234567890123/messages", &request).await;
        assert_eq!(status, 200, "{name}: {answer}");
    }
}
