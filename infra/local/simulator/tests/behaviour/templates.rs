//! Receipts and utility templates.

use std::time::Duration;

use messenger_simulator::{ActiveFault, Faults, SendFault};
use serde_json::{Value, json};

use crate::desk::{Desk, golden};

fn receipt(change: impl FnOnce(&mut Value)) -> Value {
    let mut message = golden("request-receipt")["message"].clone();
    change(&mut message["attachment"]["payload"]);
    message
}

#[tokio::test]
async fn an_order_number_is_taken_once() {
    let desk = Desk::open().await;
    desk.assert_sent(receipt(|_| {})).await;
    desk.assert_refused(receipt(|_| {}), "error-100").await;
    desk.assert_sent(receipt(|payload| payload["order_number"] = json!("20418-2"))).await;
}

#[tokio::test]
async fn a_refused_receipt_does_not_use_up_its_order_number() {
    let desk = Desk::open().await;
    desk.clock.advance(Duration::from_hours(25));
    desk.assert_refused(receipt(|_| {}), "error-10-2018278").await;
    desk.simulator.customer_says(&desk.psid, "Hi").unwrap();
    desk.assert_sent(receipt(|_| {})).await;
}

#[tokio::test]
async fn a_receipt_needs_its_required_fields() {
    let desk = Desk::open().await;
    for key in ["recipient_name", "order_number", "currency", "payment_method", "summary"] {
        desk.assert_refused(receipt(|payload| drop(payload.as_object_mut().unwrap().remove(key))), "error-100").await;
    }
    desk.assert_refused(receipt(|payload| payload["summary"] = json!({"subtotal": 1})), "error-100").await;
    desk.assert_refused(receipt(|payload| payload["address"]["city"] = json!(null)), "error-100").await;
    desk.assert_refused(receipt(|payload| payload["timestamp"] = json!(1_795_255_200)), "error-100").await;
    desk.assert_refused(receipt(|payload| payload["summary"]["total_cost"] = json!("91.34")), "error-100").await;
    let elements = |count| receipt(move |payload| payload["elements"] = json!(vec![json!({"title": "Lamp", "price": 0}); count]));
    desk.assert_sent(elements(100)).await;
    desk.assert_refused(elements(101), "error-100").await;
}

async fn with_template() -> Desk {
    let desk = Desk::open().await;
    let (_, answer) = desk.post("/me/message_templates", &golden("request-utility_template_create")).await;
    assert_eq!(answer["status"], "APPROVED");
    desk
}

async fn send_utility(desk: &Desk, change: impl FnOnce(&mut Value)) -> Value {
    let mut request = golden("request-utility_send");
    request["recipient"]["id"] = json!(desk.psid);
    change(&mut request);
    desk.post("/me/messages", &request).await.1
}

#[tokio::test]
async fn an_approved_template_goes_out_long_after_the_window() {
    let desk = with_template().await;
    desk.clock.advance(Duration::from_hours(24 * 30));
    assert!(send_utility(&desk, |_| {}).await["message_id"].is_string());
    let thread = desk.simulator.thread(&desk.psid).unwrap();
    let element = &thread.last().unwrap().content.attachments[0]["payload"]["elements"][0];
    assert_eq!(element["title"], "Good news Mia, order 20418 was handed to DHL today. We will write again when it arrives.");
    assert_eq!(element["buttons"][0]["url"], "https://shop.example/t/20418");
}

#[tokio::test]
async fn an_approved_template_goes_out_while_the_window_is_switched_off() {
    let desk = with_template().await;
    let closed = ActiveFault::until_off(SendFault::WindowClosed).to(&desk.psid);
    desk.simulator.set_faults(Faults { sends: vec![closed], ..Faults::none() }).unwrap();
    desk.assert_refused(receipt(|_| {}), "error-10-2018278").await;
    assert!(send_utility(&desk, |_| {}).await["message_id"].is_string());
    assert!(desk.simulator.set_template_status("108234567890123", "order_shipped_v1", "PAUSED").unwrap());
    assert_eq!(send_utility(&desk, |_| {}).await, golden("error-100"));
}

#[tokio::test]
async fn a_template_that_is_unknown_or_not_approved_is_refused() {
    let desk = with_template().await;
    assert_eq!(send_utility(&desk, |request| request["message"]["template"]["name"] = json!("other")).await, golden("error-100"));
    assert_eq!(send_utility(&desk, |request| request["message"]["template"]["language"]["code"] = json!("de")).await, golden("error-100"));
    assert!(desk.simulator.set_template_status("108234567890123", "order_shipped_v1", "PAUSED").unwrap());
    assert_eq!(send_utility(&desk, |_| {}).await, golden("error-100"));
}

#[tokio::test]
async fn a_parameter_with_a_forbidden_character_is_refused() {
    let desk = with_template().await;
    for text in ["#20418", "12 $", "10 %", "🙂"] {
        let answer = send_utility(&desk, |request| {
            request["message"]["template"]["components"][0]["parameters"][1]["text"] = json!(text);
        });
        assert_eq!(answer.await, golden("error-100-1893043"), "{text}");
    }
}

#[tokio::test]
async fn a_missing_parameter_is_refused() {
    let desk = with_template().await;
    let answer = send_utility(&desk, |request| {
        drop(request["message"]["template"]["components"][0]["parameters"].as_array_mut().unwrap().pop());
    });
    assert_eq!(answer.await, golden("error-100"));
}

#[tokio::test]
async fn a_body_may_not_end_with_a_parameter() {
    let desk = Desk::open().await;
    let mut request = golden("request-utility_template_create");
    request["components"][0]["text"] = json!("Your parcel is with {{carrier}}");
    assert_eq!(desk.post("/me/message_templates", &request).await.1, golden("error-100"));
}
