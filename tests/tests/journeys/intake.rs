//! Everything that comes in is stored once, in order.

use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, delivery, eventually, eventually_eq, payloads, text_delivery};

const START_MS: i64 = 1_795_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn duplicated_and_shuffled_deliveries_are_stored_once_and_in_order() {
    const CUSTOMERS: usize = 20;
    const MESSAGES: usize = 320;
    let test = TestStack::start().await;
    let customer = |message: usize| format!("7{:015}", message % CUSTOMERS);
    let mid = |message: usize| format!("m_{message}");
    let body = |message: usize| {
        let at = START_MS + i64::try_from(message).unwrap() * 1000;
        text_delivery(&customer(message), &mid(message), at, &format!("message {message}"))
    };
    // Every fourth comes twice; a multiplication by a number without common factors shuffles them.
    let mut order: Vec<usize> = (0..MESSAGES).chain((0..MESSAGES).step_by(4)).collect();
    order.sort_by_key(|message| (message * 7919) % 997);
    let answers: Vec<_> = stream::iter(order).map(|message| test.deliver(body(message))).buffer_unordered(8).collect().await;
    assert!(answers.iter().all(|status| status.as_u16() == 200));
    test.quiet().await;

    let conversations = test.all("/v1/conversations").await;
    assert_eq!(conversations.len(), CUSTOMERS);
    for conversation in conversations {
        let number: usize = conversation["identity"]["id"].as_str().unwrap().strip_prefix('7').unwrap().parse().unwrap();
        let wanted: Vec<Json> = (number..MESSAGES).step_by(CUSTOMERS).map(|message| json!([mid(message)])).collect();
        let messages = test.messages(conversation["id"].as_str().unwrap()).await;
        let got: Vec<Json> = messages.iter().map(|message| message["platform_ids"].clone()).collect();
        assert_eq!(got, wanted);
        assert_eq!(conversation["unread_count"], wanted.len());
    }
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn every_documented_payload_is_taken_twice_and_stored_once() {
    let test = TestStack::start().await;
    // All are of the same moment, and a person's answer marks what stands before it as read: the Page's side comes first.
    let is_echo = |body: &[u8]| body.windows(14).any(|part| part == br#""is_echo":true"#);
    let (echoes, others): (Vec<_>, Vec<_>) = payloads::meta().into_iter().partition(|(_, body)| is_echo(body));
    assert!(!echoes.is_empty());
    for round in 0..2 {
        for payloads in [&echoes, &others] {
            for (name, body) in payloads {
                assert_eq!(test.deliver(body.clone()).await, 200, "{name}, round {round}");
            }
            test.quiet().await;
        }
    }
    let conversation = test.conversation_of("7402918836412905").await;
    let messages = test.messages(conversation["id"].as_str().unwrap()).await;
    let mut ids: Vec<String> =
        messages.iter().flat_map(|message| message["platform_ids"].as_array().unwrap()).map(Json::to_string).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "no message stands twice");
    let inbound = messages.iter().filter(|message| message["direction"] == "inbound").count();
    assert_eq!(conversation["unread_count"], inbound, "each counts as unread once");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn the_inbox_is_read_page_by_page_newest_first() {
    let test = TestStack::start().await;
    for customer in 0..60_i64 {
        let body = text_delivery(&format!("8{customer:015}"), &format!("m_{customer}"), START_MS + customer * 1000, "Hello");
        assert_eq!(test.deliver(body).await, 200);
    }
    test.quiet().await;
    let mut seen = Vec::new();
    let mut path = String::from("/v1/conversations?limit=7");
    loop {
        let page = test.get(&path).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["last_activity_at"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/conversations?limit=7&cursor={cursor}");
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.is_sorted_by(|earlier, later| earlier > later));
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_reaction_and_an_edit_that_come_before_their_message_are_applied_when_it_comes() {
    let test = TestStack::start().await;
    let who = json!({ "sender": { "id": "7402918836412905" }, "recipient": { "id": "108234567890123" } });
    let element = |at: i64, key: &str, value: Json| {
        let mut element = who.clone();
        element["timestamp"] = json!(at);
        element[key] = value;
        element
    };
    let edit = json!({ "mid": "m_late", "text": "Where is order 20419?", "num_edit": "1" });
    let reaction = json!({ "mid": "m_late", "action": "react", "reaction": "love", "emoji": "❤" });
    assert_eq!(test.deliver(delivery(&[element(START_MS + 2000, "reaction", reaction)])).await, 200);
    assert_eq!(test.deliver(delivery(&[element(START_MS + 1000, "message_edit", edit)])).await, 200);
    test.quiet().await;
    let message = json!({ "mid": "m_late", "text": "Where is order 20418?" });
    assert_eq!(test.deliver(delivery(&[element(START_MS, "message", message)])).await, 200);

    let id = test.conversation_of("7402918836412905").await["id"].as_str().unwrap().to_owned();
    let message = eventually("the message", || async { test.messages(&id).await.pop() }).await;
    assert_eq!(message["text"], "Where is order 20419?");
    assert_eq!(message["edits"][0]["text"], "Where is order 20418?");
    assert_eq!(message["reaction"]["name"], "love");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_in_the_page_inbox_stands_in_the_thread_and_answers_the_customer() {
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    let mia = simulator.customers().unwrap().remove(0);
    simulator.customer_says(&mia.psid, "Anyone there?").unwrap();
    let id = test.conversation_of(&mia.psid).await["id"].as_str().unwrap().to_owned();
    simulator.page_inbox_says(&mia.psid, "Yes, Anna here.").unwrap();
    let echo = eventually("the echo", || async {
        let messages = test.messages(&id).await;
        messages.into_iter().find(|message| message["direction"] == "outbound")
    })
    .await;
    assert_eq!(echo["text"], "Yes, Anna here.");
    assert_eq!(echo["author"]["type"], "agent");
    eventually_eq("nothing unread", json!(0), || async { test.conversation_of(&mia.psid).await["unread_count"].clone() }).await;
    test.stack.stop().await;
}
