//! Receipts and shipping notices, from what a shop tells to the customer's phone.

use std::time::Duration;

use domain::time::Timestamp;
use futures::future::join_all;
use futures::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use lambda_support::environment::Environment;
use local_stack::{PAGE, StackClock};
use messenger_simulator::{ActiveFault, Direction, Faults, SendFault};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use shopbell_tests::{PATIENCE, TestStack, eventually, eventually_eq, repository};

use super::replies::a_conversation;

/// A minute after the moment at which the golden payloads were signed.
const SIGNED: i64 = 1_795_255_270_000;

fn clock() -> StackClock {
    StackClock::manual(Timestamp::from_millis(SIGNED))
}

/// How many calls of a burst are made at once.
const AT_ONCE: usize = 16;

/// Tells something by `POST /v1/notifications` until it is accepted, as a shop does, and returns the notification.
async fn tell(test: &TestStack, body: Json) -> Json {
    eventually("it is accepted", || async {
        let (status, told) = test.api(Method::POST, "/v1/notifications", Some(body.clone())).await;
        assert!(status == StatusCode::ACCEPTED || status.is_server_error(), "{status} {told}");
        (status == StatusCode::ACCEPTED).then_some(told)
    })
    .await
}

fn receipt(number: &str, recipient: &Json) -> Json {
    json!({
        "type": "receipt", "page_id": PAGE,
        "order": {
            "number": number, "currency": "EUR", "total": 9134, "subtotal": 8100, "shipping": 495, "tax": 1539,
            "lines": [{ "title": "Brass lamp", "subtitle": "40 cm", "quantity": 2, "price": 4050 }],
            "adjustments": [{ "name": "New customer", "amount": 1000 }],
            "payment_method": "Visa 2345", "merchant": "Lamp Shop", "url": "https://shop.example/o/20418",
            "address": { "street_1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "state": "BE", "country": "DE" },
        },
        "recipient": recipient,
    })
}

fn parcel(number: &str, status: &str) -> Json {
    json!({
        "type": "shipping", "page_id": PAGE, "order": { "number": number },
        "parcel": { "status": status, "tracking_number": "0034", "tracking_url": "https://parcel.example/0034", "carrier": "DHL" },
    })
}

/// What the customer's phone shows of the shop's notices: the order number of a receipt, else the text.
fn phone(test: &TestStack, psid: &str) -> Vec<String> {
    let thread = test.stack.simulator().thread(psid).unwrap_or_default();
    let ours = thread.into_iter().filter(|message| message.direction == Direction::FromPage);
    ours.map(|message| {
        let payload = message.content.attachments.first().map(|attachment| attachment["payload"].clone()).unwrap_or_default();
        let number = payload["order_number"].as_str().map(|number| format!("receipt {number}"));
        let words = payload["text"].as_str().or_else(|| payload["elements"][0]["title"].as_str()).map(str::to_owned);
        number.or(words).or(message.content.text).unwrap_or_default()
    })
    .collect()
}

/// Waits until the phone shows so many notices, and returns them.
async fn shown(test: &TestStack, psid: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} notices"), || async { Some(phone(test, psid)).filter(|shown| shown.len() >= count) }).await
}

async fn state_becomes(test: &TestStack, id: &str, wanted: &str) {
    eventually_eq("the notification's state", json!(wanted), || async {
        test.get(&format!("/v1/notifications/{id}")).await["state"].clone()
    })
    .await;
}

/// Posts a golden payload of a source with the headers that sign it.
async fn deliver(test: &TestStack, name: &str) -> StatusCode {
    let folder = repository().join("tests/payloads/commerce");
    let vectors: Json = serde_json::from_slice(&std::fs::read(folder.join("signature-vectors.json")).unwrap()).unwrap();
    let vector = &vectors["vectors"][name];
    let source = vector["source"].as_str().unwrap();
    let body = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
    let mut request = shopbell_tests::client().post(format!("{}/webhooks/{source}?page={PAGE}", test.stack.url())).body(body);
    for (header, value) in vector["headers"].as_object().unwrap() {
        request = request.header(header, value.as_str().unwrap());
    }
    request.header("Content-Type", "application/json").send().await.unwrap().status()
}

/// The secrets that the golden payloads were signed with.
const SHOPS: [(&str, &str); 5] = [
    ("SHOPIFY_WEBHOOK_SECRETS", "test-shopify-client-secret"),
    ("WOOCOMMERCE_WEBHOOK_SECRETS", "test-woo-webhook-secret"),
    ("STRIPE_WEBHOOK_SECRETS", "whsec_test_stripe_endpoint_secret"),
    ("EASYPOST_WEBHOOK_SECRETS", "s\u{e9}cret-de-test-\u{fb01}n"),
    ("AFTERSHIP_WEBHOOK_SECRETS", "test-aftership-webhook-secret"),
];

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn an_order_is_told_step_by_step_in_the_thread_where_its_customer_answers() {
    let test = TestStack::start().await;
    let (psid, conversation) = a_conversation(&test).await;
    let mia = json!({ "name": "Mia Keller", "email": "mia@example.com", "conversation_id": conversation });
    let told = tell(&test, receipt("20418", &mia)).await;
    assert_eq!(shown(&test, &psid, 1).await, ["receipt 20418"]);
    state_becomes(&test, told["id"].as_str().unwrap(), "read").await;

    for status in ["label_created", "in_transit", "in_transit", "delivered", "out_for_delivery"] {
        tell(&test, parcel("20418", status)).await;
        test.quiet().await;
    }
    let all = shown(&test, &psid, 3).await;
    assert_eq!(all.len(), 3, "nothing twice and nothing backwards: {all:?}");
    assert!(all[1].contains("20418") && all[2].contains("delivered"), "{all:?}");

    test.stack.simulator().customer_says(&psid, "My order 20418 lacks a screw").unwrap();
    let beside = eventually("the question tied to its order", || async {
        let orders = test.get(&format!("/v1/conversations/{conversation}")).await["orders"].clone();
        (orders[0]["named_in"] != Json::Null).then_some(orders)
    })
    .await;
    assert_eq!((&beside[0]["number"], &beside[0]["total"], &beside[0]["currency"]), (&json!("20418"), &json!(9134), &json!("EUR")));
    assert_eq!(beside[0]["parcels"][0]["status"], "delivered");
    let order = test.get(&format!("/v1/orders/{}", told["order_id"].as_str().unwrap())).await;
    assert_eq!(order["notifications"].as_array().unwrap().len(), 3);
    assert_eq!(order["notifications"][0]["way"], "receipt_template");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_fifty_times_at_once_is_one_receipt_to_the_minor_unit() {
    let test = TestStack::start().await;
    let (psid, conversation) = a_conversation(&test).await;
    let body = receipt("20418", &json!({ "name": "Mia Keller", "conversation_id": conversation }));
    let told = join_all((0..50).map(|_| tell(&test, body.clone()))).await;
    assert!(told.iter().all(|one| one["id"] == told[0]["id"]), "{told:?}");
    shown(&test, &psid, 1).await;
    test.quiet().await;
    let thread = test.stack.simulator().thread(&psid).unwrap();
    let receipts: Vec<&Json> = thread.iter().filter_map(|message| message.content.attachments.first()).collect();
    assert_eq!(receipts.len(), 1);
    let summary = &receipts[0]["payload"]["summary"];
    assert_eq!(summary.to_string(), r#"{"shipping_cost":4.95,"subtotal":81.0,"total_cost":91.34,"total_tax":15.39}"#);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_link_that_is_tapped_late_brings_the_receipt_that_waited() {
    let clock = clock();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let told = tell(&test, receipt("20418", &json!({ "name": "Mia Keller", "email": "mia@example.com" }))).await;
    let id = told["id"].as_str().unwrap();
    state_becomes(&test, id, "waiting").await;
    let words = "Get news of your order in Messenger";
    let body = json!({ "page_id": PAGE, "order_number": "20418", "consent_words": words });
    let (status, link) = test.api(Method::POST, "/v1/links", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{link}");
    assert!(link["url"].as_str().unwrap().starts_with(&format!("https://m.me/{PAGE}?ref=sb1-")), "{link}");
    let mia = test.stack.simulator().customers().unwrap().remove(0);
    test.stack.simulator().customer_opens_link(&mia.psid, "sb1-nonsense").unwrap();
    test.conversation_of(&mia.psid).await;
    test.quiet().await;
    assert!(phone(&test, &mia.psid).is_empty(), "a link that was tampered with opens the conversation and ties nothing");

    for _ in 0..3 {
        clock.advance(Duration::from_hours(24));
        test.quiet().await;
    }
    test.stack.simulator().customer_opens_link(&mia.psid, link["reference"].as_str().unwrap()).unwrap();
    assert_eq!(shown(&test, &mia.psid, 1).await, ["receipt 20418"]);
    let conversation = test.conversation_of(&mia.psid).await["id"].as_str().unwrap().to_owned();
    let ledger = test.all(&format!("/v1/consents?conversation_id={conversation}")).await;
    assert_eq!((&ledger[0]["words"], &ledger[0]["given"]), (&json!(words), &json!(true)), "{ledger:?}");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn outside_the_window_a_notice_waits_and_goes_when_the_customer_writes() {
    let clock = clock();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, conversation) = a_conversation(&test).await;
    clock.advance(Duration::from_hours(25));
    let told = tell(&test, receipt("20418", &json!({ "name": "Mia Keller", "conversation_id": conversation }))).await;
    let id = told["id"].as_str().unwrap();
    state_becomes(&test, id, "waiting").await;
    let waiting = test.get(&format!("/v1/notifications/{id}")).await;
    assert_eq!(waiting["way"], "wait_for_window");
    assert!(waiting["state_reason"].as_str().unwrap().contains("goes out when the customer writes"), "{waiting}");
    assert!(phone(&test, &psid).is_empty());
    test.stack.simulator().customer_says(&psid, "Did my order go through?").unwrap();
    assert_eq!(shown(&test, &psid, 1).await, ["receipt 20418"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn outside_the_window_an_approved_template_goes_and_one_that_meta_refuses_does_not_hold_the_thread() {
    let clock = clock();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, conversation) = a_conversation(&test).await;
    create_template(&test, "receipt").await;
    clock.advance(Duration::from_hours(25));
    let recipient = json!({ "name": "Mia #1 Keller 🙂", "email": "mia@example.com", "conversation_id": conversation });
    let agreed = |number: &str| {
        let mut body = receipt(number, &recipient);
        body["consent"] = json!({ "messenger": true, "words": "Send me news" });
        body
    };
    let told = tell(&test, agreed("20418")).await;
    let all = shown(&test, &psid, 1).await;
    assert!(all[0].contains("Hello Mia 1 Keller") && all[0].contains("91.34 EUR"), "cleaned of what Meta refuses: {all:?}");
    assert_eq!(test.get(&format!("/v1/notifications/{}", told["id"].as_str().unwrap())).await["way"], "utility_template");

    // Meta pauses the template, and its webhook has not come yet.
    let name = domain::template::wording(domain::notice::NoticeKind::Receipt, None).unwrap().name.clone();
    assert!(test.stack.simulator().set_template_status(PAGE, &name, "PAUSED").unwrap());
    let told = tell(&test, agreed("20419")).await;
    state_becomes(&test, told["id"].as_str().unwrap(), "waiting").await;
    let notification = test.get(&format!("/v1/notifications/{}", told["id"].as_str().unwrap())).await;
    assert!(notification["state_reason"].as_str().unwrap().contains("Meta refused the utility template"), "{notification}");
    test.reply(&conversation, "Anna here: your order is confirmed.").await;
    eventually("an agent's words pass it", || async { phone(&test, &psid).iter().any(|text| text.starts_with("Anna")).then_some(()) })
        .await;
    test.stack.stop().await;
}

/// Creates a template of the catalogue on the Page, and lets Meta tell that it is approved.
async fn create_template(test: &TestStack, kind: &str) {
    let kind = domain::notice::NoticeKind::parse(kind).unwrap();
    let wording = domain::template::wording(kind, None).unwrap();
    let example: Vec<Json> = wording.example.iter().map(|(name, value)| json!({ "param_name": name, "example": value })).collect();
    let body = json!({
        "name": wording.name, "language": "en", "category": "UTILITY", "parameter_format": "NAMED",
        "components": [{ "type": "BODY", "text": wording.body, "example": { "body_text_named_params": example } }],
    });
    let secrets = test.stack.secrets();
    let token = secrets.page_tokens.split_once('=').unwrap().1;
    let mut mac = Hmac::<Sha256>::new_from_slice(secrets.app_secret().as_bytes()).unwrap();
    mac.update(token.as_bytes());
    let proof = hex::encode(mac.finalize().into_bytes());
    let url = format!("{}/graph/v26.0/{PAGE}/message_templates?appsecret_proof={proof}", test.stack.url());
    let created = shopbell_tests::client().post(url).bearer_auth(token).json(&body).send().await.unwrap();
    assert_eq!(created.status(), 200, "{}", created.text().await.unwrap());
    let value = json!({
        "event": "APPROVED", "message_template_id": 1, "message_template_name": wording.name, "message_template_language": "en", "reason": "NONE",
    });
    let change = json!({
        "object": "page",
        "entry": [{ "id": PAGE, "time": SIGNED / 1000, "changes": [{ "field": "message_template_status_update", "value": value }] }],
    });
    assert_eq!(test.deliver(change.to_string()).await, 200);
    test.quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_notice_that_nobody_came_for_is_dropped_when_its_time_is_over() {
    let clock = clock();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let told = tell(&test, receipt("20418", &json!({ "name": "Mia Keller", "email": "mia@example.com" }))).await;
    let id = told["id"].as_str().unwrap();
    state_becomes(&test, id, "waiting").await;
    clock.advance(Duration::from_hours(31 * 24));
    state_becomes(&test, id, "dropped").await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_hold_keeps_its_notices_and_sends_them_when_it_goes_on() {
    let clock = clock();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, conversation) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::TokenDead)], ..Faults::none() }).unwrap();
    let told = tell(&test, receipt("20418", &json!({ "name": "Mia Keller", "conversation_id": conversation }))).await;
    state_becomes(&test, told["id"].as_str().unwrap(), "waiting").await;
    simulator.set_faults(Faults::none()).unwrap();
    eventually("the receipt", || async {
        clock.advance(Duration::from_secs(5));
        (!phone(&test, &psid).is_empty()).then_some(())
    })
    .await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn every_source_is_taken_by_its_own_scheme_and_its_orders_are_exact() {
    let test = TestStack::start_with(clock(), &SHOPS).await;
    for (name, wanted) in [
        ("shopify-orders_create", 200),
        ("shopify-orders_paid-jpy", 200),
        ("shopify-fulfillments_create", 200),
        ("woocommerce-order_updated-kwd", 200),
        ("stripe-checkout_session_completed", 200),
        ("easypost-tracker_updated-in_transit", 200),
        ("aftership-tracking_update-delivered", 200),
        ("shopify-customers_redact", 200),
    ] {
        assert_eq!(deliver(&test, name).await, wanted, "{name}");
    }
    test.quiet().await;
    let wrong =
        shopbell_tests::client().post(format!("{}/webhooks/shopify", test.stack.url())).header("X-Shopify-Hmac-Sha256", "AAAA").body("{}");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    assert_eq!(test.stack.counted("notify").get("ShopEventsIgnored"), Some(&1));
    assert_eq!(test.stack.counted("notify").get("Parked"), None, "everything was understood");
    let page = domain::id::PageId::new(PAGE).unwrap();
    let order = |number: &str| format!("/v1/orders/{}", domain::notice::OrderId::of(&page, number));
    for (name, number) in [
        ("shopify-orders_paid-jpy", number_in("shopify-orders_paid-jpy")),
        ("woocommerce-order_updated-kwd", number_in("woocommerce-order_updated-kwd")),
    ] {
        let stored = test.get(&order(&number)).await;
        assert_eq!(stored["total"], total_in(name), "{name}: {stored}");
    }
    test.stack.stop().await;
}

fn payload(name: &str) -> Json {
    serde_json::from_slice(&std::fs::read(repository().join(format!("tests/payloads/commerce/{name}.json"))).unwrap()).unwrap()
}

fn number_in(name: &str) -> String {
    let payload = payload(name);
    let number = payload["name"].as_str().or_else(|| payload["number"].as_str()).unwrap();
    number.trim_start_matches('#').to_owned()
}

/// The total's digits, which are its minor units: the payloads write all decimals of their currencies.
fn total_in(name: &str) -> Json {
    let payload = payload(name);
    let total = payload["total_price"].as_str().or_else(|| payload["total"].as_str()).unwrap();
    json!(total.replace('.', "").parse::<i64>().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn trouble_opens_a_case_and_a_rollout_is_turned_up_and_stopped_by_one_call() {
    let test = TestStack::start().await;
    let (psid, conversation) = a_conversation(&test).await;
    let path = format!("/v1/conversations/{conversation}");
    assert_eq!(test.api(Method::PATCH, &path, Some(json!({ "status": "resolved" }))).await.0, 200);
    let agreed = |number: &str| {
        let mut body = receipt(number, &json!({ "name": "Mia Keller", "customer_id": "c1", "conversation_id": conversation }));
        body["consent"] = json!({ "messenger": true, "words": "Send me news" });
        body
    };
    let set = |percent: u32| test.api(Method::PUT, "/v1/rollouts/receipt", Some(json!({ "page_id": PAGE, "percent": percent })));
    let (status, rollout) = set(0).await;
    assert!(status.is_success(), "{rollout}");
    let held = tell(&test, agreed("20418")).await;
    state_becomes(&test, held["id"].as_str().unwrap(), "held_out").await;
    set(100).await;
    tell(&test, agreed("20419")).await;
    assert_eq!(shown(&test, &psid, 1).await, ["receipt 20419"]);
    let id = rollout["id"].as_str().unwrap();
    eventually_eq("both arms counted", json!([1, 1]), || async {
        let report = test.get(&format!("/v1/rollouts/{id}/report")).await;
        json!([report["arms"]["hold_out"]["chosen"], report["arms"]["notified"]["read"]])
    })
    .await;
    assert_eq!(test.api(Method::POST, &format!("/v1/rollouts/{id}/stop"), None).await.0, 200);

    tell(&test, parcel("20419", "exception")).await;
    eventually_eq("the next case", json!(2), || async { test.get(&path).await["case"]["number"].clone() }).await;
    test.stack.stop().await;
}

/// Waits until none of many things is left to come, for as long as some come.
async fn none_is_left(what: &str, mut left: impl AsyncFnMut() -> usize) {
    let (mut look, mut progress) = (tokio::time::interval(Duration::from_millis(500)), tokio::time::Instant::now());
    let mut before = usize::MAX;
    loop {
        look.tick().await;
        match left().await {
            0 => return,
            fewer if fewer < before => (before, progress) = (fewer, tokio::time::Instant::now()),
            still => assert!(progress.elapsed() < PATIENCE, "{still} {what} are missing"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "`make burst` is run for it")]
async fn a_burst_of_orders_reaches_everybody_at_the_pages_pace() {
    let count = Environment::of_process().optional("BURST").map_or(60, |count| count.parse().unwrap());
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    let buyers: Vec<String> = (0..count).map(|number| simulator.add_customer(&format!("Buyer {number}")).unwrap().psid).collect();
    for psid in &buyers {
        simulator.customer_says(psid, "Hello").unwrap();
    }
    none_is_left("greetings", async || count - test.all("/v1/conversations").await.len()).await;
    let told = buyers
        .iter()
        .enumerate()
        .map(|(number, psid)| tell(&test, receipt(&format!("B{number}"), &json!({ "name": "Buyer", "user_id": psid }))));
    stream::iter(told).buffer_unordered(AT_ONCE).collect::<Vec<Json>>().await;
    let mut waiting: Vec<&String> = buyers.iter().collect();
    none_is_left("receipts", async || {
        waiting.retain(|psid| phone(&test, psid).is_empty());
        waiting.len()
    })
    .await;
    for (number, psid) in buyers.iter().enumerate() {
        assert_eq!(phone(&test, psid), [format!("receipt B{number}")]);
    }
    let mut moments: Vec<i64> = buyers
        .iter()
        .flat_map(|psid| simulator.thread(psid).unwrap())
        .filter(|message| message.direction == Direction::FromPage)
        .map(|message| message.at_ms)
        .collect();
    moments.sort_unstable();
    let within = |from: i64| moments.iter().filter(|at| (from..from + 1000).contains(*at)).count();
    let most = moments.iter().map(|from| within(*from)).max().unwrap();
    assert!(most < 40, "Meta stops a Page that sends more than forty a second: {most}");
    println!("{count} orders at once: {most} sends in the fullest second");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn the_shops_own_endpoint_is_told_what_became_of_its_notice() {
    let test = TestStack::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (taken, mut told) = tokio::sync::mpsc::unbounded_channel::<(String, Json)>();
    let hooks = axum::Router::new().route(
        "/hooks",
        axum::routing::post(async move |headers: axum::http::HeaderMap, body: String| {
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            taken.send((id, serde_json::from_str(&body).unwrap())).unwrap();
        }),
    );
    let server = tokio::spawn(async move { axum::serve(listener, hooks).await });
    let (status, endpoint) = test.api(Method::POST, "/v1/webhook-endpoints", Some(json!({ "url": url }))).await;
    assert_eq!(status, StatusCode::CREATED, "{endpoint}");
    assert!(endpoint["secret"].as_str().unwrap().starts_with("whsec_"));
    let (psid, conversation) = a_conversation(&test).await;
    tell(&test, receipt("20418", &json!({ "name": "Mia Keller", "conversation_id": conversation }))).await;
    shown(&test, &psid, 1).await;
    let mut kinds = std::collections::BTreeSet::new();
    while !kinds.contains("notification.read") {
        let (id, body) = tokio::time::timeout(shopbell_tests::PATIENCE, told.recv()).await.unwrap().unwrap();
        assert!(id.starts_with("evt_"));
        kinds.insert(body["type"].as_str().unwrap().to_owned());
    }
    assert!(kinds.contains("notification.sent"), "{kinds:?}");
    let id = endpoint["id"].as_str().unwrap();
    let deliveries = test.all(&format!("/v1/webhook-endpoints/{id}/deliveries")).await;
    assert!(!deliveries.is_empty());
    let replay = format!("/v1/webhook-endpoints/{id}/deliveries/{}/replay", deliveries[0]["id"].as_str().unwrap());
    assert!(test.api(Method::POST, &replay, None).await.0.is_success());
    assert_eq!(test.api(Method::POST, "/v1/webhook-endpoints", Some(json!({ "url": "https://10.0.0.1/x" }))).await.0, 422);
    server.abort();
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn the_demo_shop_brings_a_receipt_to_the_phone() {
    let test = TestStack::start().await;
    let mia = test.stack.simulator().customers().unwrap().remove(0);
    let client = shopbell_tests::client();
    let post = |path: &str, form: String| {
        let request = client.post(format!("{}{path}", test.stack.url())).header("Content-Type", "application/x-www-form-urlencoded");
        request.body(form).send()
    };
    let thanks = post("/shop/orders", format!("psid={}&currency=KWD&consent=yes", mia.psid)).await.unwrap();
    assert_eq!(thanks.status(), 200, "{}", thanks.url());
    let order = thanks.url().path().to_owned();
    let tapped = post(&format!("{order}/link"), format!("psid={}", mia.psid)).await.unwrap();
    assert_eq!(tapped.status(), 200);
    let number = order.rsplit('/').next().unwrap().to_owned();
    assert_eq!(shown(&test, &mia.psid, 1).await, [format!("receipt {number}")]);
    assert_eq!(post(&format!("{order}/parcel"), format!("psid={}&status=in_transit", mia.psid)).await.unwrap().status(), 200);
    assert_eq!(shown(&test, &mia.psid, 2).await.len(), 2);
    let thread = test.stack.simulator().thread(&mia.psid).unwrap();
    let receipt = thread.iter().find_map(|message| message.content.attachments.first()).unwrap();
    assert_eq!(receipt["payload"]["summary"]["total_cost"].to_string(), "28.156", "2 × 13.250 and an eighth of one, in dinars");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_name_their_field_and_keys_their_request() {
    let test = TestStack::start().await;
    let good = || receipt("20418", &json!({ "name": "Mia Keller", "email": "mia@example.com" }));
    for (field, pointer, value) in [
        ("#/order/currency", "/order/currency", json!("EURO")),
        ("#/order/total", "/order/total", json!(-1)),
        ("#/order/number", "/order/number", json!("  ")),
        ("#/order/url", "/order/url", json!("javascript:alert(1)")),
        ("#/recipient/name", "/recipient/name", Json::Null),
        ("#/recipient/email", "/recipient/email", json!("mia")),
        ("#/order/address/country", "/order/address/country", json!("Germany")),
    ] {
        let mut body = good();
        *body.pointer_mut(pointer).unwrap() = value;
        let (status, problem) = test.api(Method::POST, "/v1/notifications", Some(body)).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    assert_eq!(test.post_once("/v1/notifications", "key-1", &good()).await.0, 202);
    assert_eq!(test.post_once("/v1/notifications", "key-1", &good()).await.0, 202);
    let (status, problem) = test.post_once("/v1/notifications", "key-1", &parcel("20418", "delivered")).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("Idempotency-Key")), "{problem}");
    assert_eq!(test.api(Method::GET, "/v1/notifications/ntf_x", None).await.0, 404);
    assert_eq!(test.api(Method::GET, "/v1/orders/ord_x", None).await.0, 404);
    test.stack.stop().await;
}
