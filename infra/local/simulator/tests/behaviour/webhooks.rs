//! What comes to the app: in which bytes, in which order, how often.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, golden, golden_text, kinds};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_bytes_of_a_text_are_those_that_meta_writes() {
    let desk = Desk::open_with(None, |_| {}).await;
    let mid = desk.simulator.customer_says(&desk.psid, "Größe 40/42? 🙂 \"ja\"\n\u{1}").unwrap();
    desk.settle().await;
    let expected = format!(
        concat!(
            r#"{{"object":"page","entry":[{{"id":"108234567890123","time":1795255200012,"messaging":[{{"sender":{{"id":"{psid}"}},"#,
            r#""recipient":{{"id":"108234567890123"}},"timestamp":1795255200000,"message":{{"mid":"{mid}","#,
            r#""text":"Gr\u00f6\u00dfe 40\/42? \ud83d\ude42 \"ja\"\n\u0001"}}}}]}}]}}"#
        ),
        psid = desk.psid,
        mid = mid
    );
    assert_eq!(desk.app.take_bodies(), [expected]);
}

/// Puts what differs by nature in the place of the documented ids and times.
fn like(golden: &str, body: &Value, path: &[&str]) {
    let mut expected = serde_json::from_str::<Value>(&golden_text(golden)).unwrap();
    expected["entry"][0]["time"] = body["entry"][0]["time"].clone();
    let (theirs, ours) = (&mut expected["entry"][0]["messaging"][0], &body["entry"][0]["messaging"][0]);
    theirs["timestamp"] = ours["timestamp"].clone();
    for side in ["sender", "recipient"] {
        if theirs[side]["id"] == "7402918836412905" {
            theirs[side]["id"] = ours[side]["id"].clone();
        }
    }
    for place in path {
        let pointer = format!("/{}", place.replace('.', "/"));
        *theirs.pointer_mut(&pointer).unwrap() = ours.pointer(&pointer).unwrap().clone();
    }
    assert_eq!(*body, expected, "{golden}");
}

#[tokio::test]
async fn every_event_has_the_documented_shape() {
    let desk = Desk::open().await;
    desk.simulator.customer_says(&desk.psid, "Hi, where is my order 20418?").unwrap();
    desk.simulator.customer_taps_postback(&desk.psid, "Talk to a person", "HUMAN_HANDOFF").unwrap();
    desk.settle().await;
    desk.send(json!({"text": "Your order 20418 left our warehouse today.", "metadata": "{\"outbox\":\"01K8Z6B6Y2QW\"}"})).await;
    desk.clock.advance(2 * SECOND);
    desk.settle().await;
    let bodies = desk.app.take();
    assert_eq!(kinds(&bodies), ["message", "postback", "echo", "delivery", "read"]);
    like("messenger-messages-text", &bodies[0], &["message.mid"]);
    like("messenger-postback", &bodies[1], &["postback.mid"]);
    like("messenger-message_echoes-text", &bodies[2], &["message.mid"]);
    like("messenger-message_deliveries", &bodies[3], &["delivery.mids", "delivery.watermark"]);
    like("messenger-message_reads", &bodies[4], &["read.watermark"]);
}

#[tokio::test]
async fn the_inbox_echoes_with_its_own_app_id() {
    let desk = Desk::open().await;
    desk.simulator.page_inbox_says(&desk.psid, "Hello, Anna from support here.").unwrap();
    desk.settle().await;
    assert_eq!(desk.app.take()[0]["entry"][0]["messaging"][0]["message"]["app_id"], 263_902_037_430_900_u64);
}

#[tokio::test]
async fn nothing_is_read_while_the_phone_is_away() {
    let desk = Desk::open().await;
    desk.simulator.customer_keeps_chat_open(&desk.psid, false).unwrap();
    desk.assert_sent(json!({"text": "Hi"})).await;
    desk.clock.advance(60 * SECOND);
    desk.settle().await;
    assert_eq!(kinds(&desk.app.take()), ["echo", "delivery"]);
    desk.simulator.customer_reads(&desk.psid).unwrap();
    desk.settle().await;
    assert_eq!(kinds(&desk.app.take()), ["read"]);
}

#[tokio::test]
async fn a_link_into_a_new_thread_comes_with_get_started_and_into_an_old_one_at_once() {
    let desk = Desk::open_with(None, |_| {}).await;
    for _ in 0..2 {
        desk.simulator.customer_opens_link(&desk.psid, "order-20418").unwrap();
    }
    desk.settle().await;
    let bodies = desk.app.take();
    assert_eq!(kinds(&bodies), ["postback", "referral"]);
    let referral = json!({"ref": "order-20418", "source": "SHORTLINK", "type": "OPEN_THREAD"});
    assert_eq!(bodies[0]["entry"][0]["messaging"][0]["postback"]["referral"], referral);
    assert_eq!(bodies[1]["entry"][0]["messaging"][0]["referral"], referral);
}

#[tokio::test]
async fn a_refused_webhook_comes_again_and_holds_back_only_its_own_customer() {
    let desk = Desk::open().await;
    let jonas = desk.simulator.customer("Jonas Weber").unwrap().unwrap().psid;
    desk.app.answer([500, 500, 500]);
    desk.simulator.customer_says(&desk.psid, "one").unwrap();
    desk.simulator.customer_says(&desk.psid, "two").unwrap();
    desk.settle().await;
    assert!(desk.app.take().is_empty());
    desk.simulator.customer_says(&jonas, "three").unwrap();
    desk.settle().await;
    assert_eq!(texts(&desk.app.take()), ["three"]);
    desk.clock.advance(2 * SECOND);
    desk.settle().await;
    assert_eq!(texts(&desk.app.take()), ["one", "two"]);
    assert_eq!(desk.simulator.counters().webhooks_failed, 3);
}

fn texts(bodies: &[Value]) -> Vec<&str> {
    bodies.iter().map(|body| body["entry"][0]["messaging"][0]["message"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_hour_of_failure_disables_the_webhooks_until_the_app_subscribes_again() {
    let desk = Desk::open().await;
    desk.app.answer([503; 100]);
    desk.simulator.customer_says(&desk.psid, "lost").unwrap();
    for _ in 0..40 {
        desk.settle().await;
        desk.clock.advance(100 * SECOND);
    }
    desk.settle().await;
    assert!(desk.simulator.subscription("108234567890123").unwrap().unwrap().disabled);
    assert_eq!(desk.get("/me/subscribed_apps").await.1, json!({"data": []}));
    desk.app.answer_200_again();
    desk.simulator.customer_says(&desk.psid, "not told").unwrap();
    let (_, answer) = desk.post("/me/subscribed_apps", &json!({"subscribed_fields": "messages,message_echoes"})).await;
    assert_eq!(answer, json!({"success": true}));
    desk.simulator.customer_says(&desk.psid, "told").unwrap();
    desk.settle().await;
    assert_eq!(texts(&desk.app.take()), ["told"]);
}

#[tokio::test]
async fn the_app_proves_that_it_knows_the_verify_token() {
    let desk = Desk::open().await;
    desk.simulator.handshake().await.unwrap();
    let app_token = "1834920057713346|test-app-secret-do-not-use";
    let body = |verify_token: &str| {
        json!({"access_token": app_token, "object": "page", "callback_url": desk.simulator.settings().webhook_url,
               "verify_token": verify_token, "fields": "messages"})
    };
    // The header would win over the parameter, so this call goes without.
    let path = "/1834920057713346/subscriptions";
    assert_eq!(crate::access::without_header(&desk, path, &body("test-verify-token")).await, json!({"success": true}));
    assert_eq!(crate::access::without_header(&desk, path, &body("wrong")).await["error"]["code"], 2200);
}

#[tokio::test]
async fn a_missed_webhook_can_be_read_up_in_the_conversation() {
    let desk = Desk::open().await;
    for number in 0..20 {
        desk.simulator.customer_says(&desk.psid, &format!("{number}")).unwrap();
    }
    let first = desk.simulator.thread(&desk.psid).unwrap()[0].mid.clone();
    let (_, list) = desk.get(&format!("/me/conversations?platform=messenger&user_id={}", desk.psid)).await;
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let (_, conversation) = desk.get(&format!("/{id}?fields=messages%7Bid,created_time,from,to,message%7D")).await;
    let newest = &conversation["messages"]["data"][0];
    assert_eq!((newest["message"].as_str(), newest["created_time"].as_str()), (Some("19"), Some("2026-11-21T10:00:00+0000")));
    assert_eq!(conversation["messages"]["data"].as_array().unwrap().len(), 20);
    assert_eq!(desk.get(&format!("/{first}?fields=message")).await.1, golden("error-613"));
    desk.clock.advance(SECOND);
    assert_eq!(desk.get(&format!("/{first}?fields=message")).await.1["error"]["code"], 9_000_001);
}
