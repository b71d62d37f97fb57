//! When the Page may write: the second before and the second after.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, golden};

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

async fn send_as(desk: &Desk, kind: &str, tag: Option<&str>) -> Value {
    let mut request = json!({"recipient": {"id": desk.psid}, "messaging_type": kind, "message": {"text": "Hi"}});
    if let Some(tag) = tag {
        request["tag"] = json!(tag);
    }
    desk.post("/me/messages", &request).await.1
}

#[tokio::test]
async fn the_window_closes_after_24_hours() {
    let desk = Desk::open().await;
    desk.clock.advance(24 * HOUR);
    desk.assert_sent(json!({"text": "just in time"})).await;
    desk.clock.advance(SECOND);
    desk.assert_refused(json!({"text": "too late"}), "error-10-2018278").await;
    desk.simulator.customer_says(&desk.psid, "Hi again").unwrap();
    desk.assert_sent(json!({"text": "open again"})).await;
}

#[tokio::test]
async fn the_first_message_after_an_ad_opens_seven_days() {
    let desk = Desk::open_with(None, |_| {}).await;
    desk.simulator.customer_clicks_ad(&desk.psid, "autumn").unwrap();
    desk.assert_refused(json!({"text": "nothing was written yet"}), "error-10-2018278").await;
    desk.simulator.customer_says(&desk.psid, "I saw your ad").unwrap();
    desk.clock.advance(7 * 24 * HOUR);
    desk.assert_sent(json!({"text": "just in time"})).await;
    desk.clock.advance(SECOND);
    desk.assert_refused(json!({"text": "too late"}), "error-10-2018278").await;
}

#[tokio::test]
async fn a_human_agent_may_answer_for_seven_days() {
    let desk = Desk::open().await;
    desk.clock.advance(7 * 24 * HOUR);
    assert!(send_as(&desk, "MESSAGE_TAG", Some("HUMAN_AGENT")).await["message_id"].is_string());
    desk.clock.advance(SECOND);
    assert_eq!(send_as(&desk, "MESSAGE_TAG", Some("HUMAN_AGENT")).await, golden("error-10-2018278"));
}

#[tokio::test]
async fn retired_tags_are_refused_even_inside_the_window() {
    let desk = Desk::open().await;
    for tag in ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "CUSTOMER_FEEDBACK"] {
        assert_eq!(send_as(&desk, "MESSAGE_TAG", Some(tag)).await, golden("error-100"), "{tag}");
        assert_eq!(send_as(&desk, "RESPONSE", Some(tag)).await, golden("error-100"), "{tag}");
    }
    assert_eq!(send_as(&desk, "MESSAGE_TAG", None).await, golden("error-100"));
    assert_eq!(send_as(&desk, "SUBSCRIPTION", None).await, golden("error-100"));
}

#[tokio::test]
async fn a_link_a_tap_and_a_reaction_open_the_window_too() {
    let desk = Desk::open().await;
    let (_, sent) = desk.send(json!({"text": "Hi"})).await;
    let mid = sent["message_id"].as_str().unwrap();
    let actions: [&dyn Fn(); 3] = [
        &|| desk.simulator.customer_opens_link(&desk.psid, "order-20418").unwrap(),
        &|| drop(desk.simulator.customer_taps_postback(&desk.psid, "Track", "TRACK").unwrap()),
        &|| desk.simulator.customer_reacts(&desk.psid, mid, Some("❤️")).unwrap(),
    ];
    for action in actions {
        desk.clock.advance(48 * HOUR);
        desk.assert_refused(json!({"text": "closed"}), "error-10-2018278").await;
        action();
        desk.assert_sent(json!({"text": "open"})).await;
    }
}

#[tokio::test]
async fn a_thread_that_another_app_holds_is_closed_to_us() {
    let desk = Desk::open().await;
    desk.simulator.hand_thread_to(&desk.psid, Some("263902037430900")).unwrap();
    desk.assert_refused(json!({"text": "Hi"}), "error-10-2018300").await;
    desk.settle().await;
    desk.app.take();
    desk.simulator.customer_taps_postback(&desk.psid, "Track", "TRACK").unwrap();
    desk.settle().await;
    let bodies = desk.app.take();
    let element = &bodies[0]["entry"][0]["standby"][0];
    assert_eq!(element["postback"]["title"], "Track");
    assert!(element["postback"].get("payload").is_none());
    let (status, _) = desk.post("/me/take_thread_control", &json!({"recipient": {"id": desk.psid}})).await;
    assert_eq!(status, 200);
    desk.assert_sent(json!({"text": "ours again"})).await;
}
