//! The page on which you are the customer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::json;
use tower::ServiceExt as _;

use crate::desk::Desk;

async fn open(desk: &Desk, path: &str) -> (StatusCode, String) {
    let answer = desk.simulator.page_router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let status = answer.status();
    (status, String::from_utf8(to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

async fn submit(desk: &Desk, path: &str, form: &'static str, origin: Option<&str>) -> StatusCode {
    let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded").header("host", "127.0.0.1:8787");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    desk.simulator.page_router().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn hostile_text_stays_text_wherever_it_stands() {
    let desk = Desk::open_with(None, |settings| settings.reply_hint = Some(Arc::new(|_| "<script>hint</script>".to_owned()))).await;
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> javascript:alert(3)";
    desk.simulator.add_customer(hostile).unwrap();
    desk.simulator.customer_says(&desk.psid, hostile).unwrap();
    let button = json!({"type": "web_url", "title": "<script>t", "url": "https://a/\"onclick=\"x"});
    let payload = json!({"template_type": "button", "text": hostile, "buttons": [button]});
    desk.assert_sent(json!({"attachment": {"type": "template", "payload": payload}})).await;
    let (status, html) = open(&desk, "/").await;
    assert_eq!(status, 200);
    assert_eq!(html.matches("<script").count(), 1, "only the page's own script");
    assert!(!html.contains("<img src=x") && !html.contains("href=\"javascript:") && !html.contains("\"onclick"));
}

#[tokio::test]
async fn a_form_sends_what_the_customer_writes_and_comes_back_to_the_phone() {
    let desk = Desk::open().await;
    let path = format!("/c/{}/say", desk.psid);
    assert_eq!(submit(&desk, &path, "text=Gr%C3%BC%C3%9Fe", Some("http://127.0.0.1:8787")).await, StatusCode::SEE_OTHER);
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap().last().unwrap().text(), "Grüße");
}

#[tokio::test]
async fn another_site_cannot_speak_for_the_customer() {
    let desk = Desk::open().await;
    let path = format!("/c/{}/say", desk.psid);
    assert_eq!(submit(&desk, &path, "text=evil", Some("https://evil.example")).await, StatusCode::FORBIDDEN);
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap().len(), 1);
}

#[tokio::test]
async fn quick_replies_vanish_with_the_next_message() {
    let desk = Desk::open().await;
    desk.assert_sent(json!({"text": "?", "quick_replies": [{"content_type": "text", "title": "Track", "payload": "T"}]})).await;
    assert!(open(&desk, "/").await.1.contains("data-testid=\"quick-reply\""));
    desk.simulator.customer_taps_quick_reply(&desk.psid, "Track", "T").unwrap();
    assert!(!open(&desk, "/").await.1.contains("data-testid=\"quick-reply\""));
}

#[tokio::test]
async fn a_receipt_is_drawn_as_a_receipt() {
    let desk = Desk::open().await;
    desk.assert_sent(crate::desk::golden("request-receipt")["message"].clone()).await;
    let (_, html) = open(&desk, "/").await;
    assert!(html.contains("data-testid=\"receipt\"") && html.contains("91.34 EUR") && html.contains("Torstr. 1"));
}

#[tokio::test]
async fn a_receipt_shows_the_decimals_of_its_currency() {
    let desk = Desk::open().await;
    for (currency, sent, shown) in
        [("JPY", json!(13_600.0), "13600 JPY"), ("KWD", json!(28.156), "28.156 KWD"), ("EUR", json!(9), "9.00 EUR")]
    {
        let mut message = crate::desk::golden("request-receipt")["message"].clone();
        let payload = &mut message["attachment"]["payload"];
        payload["order_number"] = json!(currency);
        payload["currency"] = json!(currency);
        payload["summary"] = json!({"total_cost": sent});
        desk.assert_sent(message).await;
        let total = format!("data-testid=\"receipt-total\">{shown}<");
        assert!(open(&desk, "/").await.1.contains(&total), "{total}");
    }
}

#[tokio::test]
async fn a_poll_answers_when_something_changes() {
    let desk = Desk::open().await;
    let seen = *desk.simulator.changes().borrow();
    let uri = format!("/live?seen={seen}");
    let (answer, ()) = tokio::join!(open(&desk, &uri), async {
        desk.simulator.customer_says(&desk.psid, "something new").unwrap();
    });
    assert!(answer.1.contains("something new"));
}

#[tokio::test]
async fn a_fault_is_switched_on_and_off_from_the_page() {
    let desk = Desk::open().await;
    assert_eq!(submit(&desk, "/faults", "fault=server_error&sends=3", None).await, StatusCode::SEE_OTHER);
    desk.assert_refused(json!({"text": "Hi"}), "error-2").await;
    assert_eq!(submit(&desk, "/faults/off", "place=0", None).await, StatusCode::SEE_OTHER);
    desk.assert_sent(json!({"text": "Hi"})).await;
}
