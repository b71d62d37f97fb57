//! Replies leave once, in the order in which they were accepted, and end visibly.

use domain::ports::Clock;
use futures::future::join_all;
use local_stack::StackClock;
use messenger_simulator::{ActiveFault, Direction, Faults, SendFault, WebhookFaults};
use reqwest::Method;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually, eventually_eq, text_delivery};

#[tokio::test(flavor = "multi_thread")]
async fn many_replies_reach_each_customer_once_and_in_order() {
    const EACH: usize = 12;
    let test = TestStack::start().await;
    let simulator = test.stack.simulator();
    // Webhooks come doubled and out of order, as they do after trouble.
    let webhooks = WebhookFaults { duplicate_percent: 30, reorder: true, ..WebhookFaults::default() };
    simulator.set_faults(Faults { webhooks, ..Faults::none() }).unwrap();
    let mut conversations = Vec::new();
    for customer in simulator.customers().unwrap() {
        simulator.customer_says(&customer.psid, "Hello").unwrap();
        let id = test.conversation_of(&customer.psid).await["id"].as_str().unwrap().to_owned();
        conversations.push((customer.psid, id));
    }
    join_all(conversations.iter().map(|(_, id)| async {
        for number in 0..EACH {
            test.reply(id, &format!("reply {number}")).await;
        }
    }))
    .await;
    for (psid, id) in &conversations {
        let wanted: Vec<String> = (0..EACH).map(|number| format!("reply {number}")).collect();
        eventually_eq("every reply in the thread", wanted.clone(), || async { received(&test, psid) }).await;
        eventually_eq("every reply settled", EACH, || async {
            let messages = test.messages(id).await;
            messages.iter().filter(|message| ["delivered", "read"].contains(&message["state"].as_str().unwrap_or(""))).count()
        })
        .await;
        let ours: Vec<String> = outbound(&test, id).await.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ours, wanted, "no echo stands beside its message");
    }
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_posted_many_times_under_one_key_is_sent_once() {
    let test = TestStack::start().await;
    let (psid, id) = a_conversation(&test).await;
    let path = format!("/v1/conversations/{id}/messages");
    let body = json!({ "text": "once", "author": { "type": "agent", "name": "Anna" } });
    let answers = join_all((0..10).map(|_| test.post_once(&path, "order-20418", &body))).await;
    assert!(answers.iter().all(|(status, answer)| *status == 202 && *answer == answers[0].1), "{answers:?}");
    let other = json!({ "text": "another", "author": { "type": "agent", "name": "Anna" } });
    let (status, problem) = test.post_once(&path, "order-20418", &other).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("Idempotency-Key")), "{problem}");
    assert_eq!(test.post_once(&path, "not a key", &body).await.0, 422);
    eventually_eq("read", json!("read"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    assert_eq!(test.post_once(&path, "order-20418", &body).await.1, answers[0].1, "the first answer, also later");
    assert_eq!(received(&test, &psid), ["once"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_leaves_in_parts_that_are_one_message() {
    let test = TestStack::start().await;
    let (psid, id) = a_conversation(&test).await;
    let long = "Your lamp is on its way. 💡 ".repeat(170);
    test.reply(&id, &long).await;
    let message = eventually("all parts read", || async {
        let message = outbound(&test, &id).await.pop()?;
        (message["state"] == "read").then_some(message)
    })
    .await;
    let parts = received(&test, &psid);
    assert!(parts.len() > 1);
    assert!(parts.iter().all(|part| part.encode_utf16().count() < 2000));
    assert_eq!(parts.join(" "), long.trim_end());
    assert_eq!(message["platform_ids"].as_array().unwrap().len(), parts.len());
    assert_eq!(outbound(&test, &id).await.len(), 1);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_was_taken_but_not_answered_is_settled_by_its_echo_and_not_sent_twice() {
    let test = TestStack::start().await;
    let (psid, id) = a_conversation(&test).await;
    test.stack.simulator().set_faults(next_send(SendFault::AcceptedThenUnknown)).unwrap();
    test.reply(&id, "It left this morning.").await;
    test.reply(&id, "Anything else?").await;
    eventually_eq("both settled", vec![json!("read"), json!("read")], || async {
        outbound(&test, &id).await.iter().map(|message| message["state"].clone()).collect::<Vec<_>>()
    })
    .await;
    assert_eq!(received(&test, &psid), ["It left this morning.", "Anything else?"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_fails_with_a_reason_and_lets_the_next_one_go() {
    let test = TestStack::start().await;
    let (psid, id) = a_conversation(&test).await;
    test.stack.simulator().set_faults(next_send(SendFault::CustomerUnavailable)).unwrap();
    test.reply(&id, "one").await;
    test.reply(&id, "two").await;
    eventually_eq("the second arrives", vec![String::from("two")], || async { received(&test, &psid) }).await;
    let first = outbound(&test, &id).await.remove(0);
    assert_eq!(first["state"], "failed");
    assert!(first["state_reason"].as_str().unwrap().contains("551"), "{first}");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_message_waits_for_the_window_and_leaves_when_the_customer_writes() {
    let test = TestStack::start().await;
    let (psid, id) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::WindowClosed)], ..Faults::none() }).unwrap();
    test.bot_replies(&id, "one").await;
    test.bot_replies(&id, "two").await;
    eventually_eq("waiting", json!("waiting"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    // Meta's verdict counts for more than our estimate: what a program writes is not even accepted now, what a person writes is.
    let path = format!("/v1/conversations/{id}/messages");
    let (status, problem) = test.api(Method::POST, &path, Some(json!({ "text": "An offer", "author": { "type": "bot" } }))).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["ways"][0]["way"], "customer_writes");
    assert_eq!(problem["ways"][1]["way"], "person_writes");
    eventually_eq("the inbox says so", json!("window"), || async { test.conversation_of(&psid).await["waiting_for"].clone() }).await;
    assert!(received(&test, &psid).is_empty());
    simulator.set_faults(Faults::none()).unwrap();
    simulator.customer_says(&psid, "Are you there?").unwrap();
    eventually_eq("both arrive in order", vec![String::from("one"), String::from("two")], || async { received(&test, &psid) }).await;
    eventually_eq("nothing waits", Json::Null, || async { test.conversation_of(&psid).await["waiting_for"].clone() }).await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_message_came_from_elsewhere_is_met_by_it() {
    let test = TestStack::start().await;
    let now = StackClock::system().now().as_millis();
    assert_eq!(test.deliver(text_delivery("7000000000000001", "m_1", now, "Hi")).await, 200);
    let id = test.conversation_of("7000000000000001").await["id"].as_str().unwrap().to_owned();
    test.reply(&id, "Hello").await;
    eventually_eq("sent", true, || async { !received(&test, "7000000000000001").is_empty() }).await;
    test.stack.stop().await;
}

pub(super) async fn a_conversation(test: &TestStack) -> (String, String) {
    let customer = test.stack.simulator().customers().unwrap().remove(0);
    test.stack.simulator().customer_says(&customer.psid, "Hello").unwrap();
    let id = test.conversation_of(&customer.psid).await["id"].as_str().unwrap().to_owned();
    (customer.psid, id)
}

fn next_send(fault: SendFault) -> Faults {
    Faults { sends: vec![ActiveFault::next(1, fault)], ..Faults::none() }
}

/// The texts that the shop sent, as they stand in the customer's thread.
pub(super) fn received(test: &TestStack, psid: &str) -> Vec<String> {
    let thread = test.stack.simulator().thread(psid).unwrap_or_default();
    let ours = thread.into_iter().filter(|message| message.direction == Direction::FromPage);
    ours.filter_map(|message| message.content.text).collect()
}

/// The shop's messages, as they stand in the history.
pub(super) async fn outbound(test: &TestStack, conversation: &str) -> Vec<Json> {
    let messages = test.messages(conversation).await;
    messages.into_iter().filter(|message| message["direction"] == "outbound").collect()
}
