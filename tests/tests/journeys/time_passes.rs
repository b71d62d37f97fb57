//! What happens by itself as time passes, on a clock that the test moves.

use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use local_stack::{PAGE, StackClock};
use messenger_simulator::{ActiveFault, Faults, SendFault, WebhookFaults};
use reqwest::Method;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually_eq};

use super::replies::{a_conversation, outbound, received};

fn start_of_day() -> StackClock {
    StackClock::manual(Timestamp::from_millis(1_795_255_200_000))
}

/// The states of the shop's messages once they are these; the clock is moved a little at a time until then.
pub(super) async fn states_become(test: &TestStack, clock: &StackClock, conversation: &str, wanted: &[&str]) {
    eventually_eq("the states", json!(wanted), || async {
        clock.advance(Duration::from_secs(5));
        outbound(test, conversation).await.iter().map(|message| message["state"].clone()).collect::<Json>()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_and_echo_are_lost_is_found_in_metas_record_and_not_sent_twice() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    test.stack
        .simulator()
        .set_faults(Faults {
            sends: vec![ActiveFault::next(1, SendFault::AcceptedThenUnknown)],
            webhooks: WebhookFaults { drop_echo: true, ..WebhookFaults::default() },
        })
        .unwrap();
    test.reply(&id, "It left this morning.").await;
    eventually_eq("in doubt", json!("unconfirmed"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    test.reply(&id, "Anything else?").await;
    // Two minutes later the sweep brings it back, and Meta's record settles it.
    states_become(&test, &clock, &id, &["read", "read"]).await;
    assert_eq!(received(&test, &psid), ["It left this morning.", "Anything else?"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_metas_record_lacks_is_sent_again() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    // The connection ends after the request was written, and nothing was taken.
    test.stack.simulator().set_faults(Faults { sends: vec![ActiveFault::next(1, SendFault::ConnectionLost)], ..Faults::none() }).unwrap();
    test.reply(&id, "one").await;
    eventually_eq("in doubt", json!("unconfirmed"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    states_become(&test, &clock, &id, &["read"]).await;
    assert_eq!(received(&test, &psid), ["one"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_send_is_tried_again_and_nothing_is_lost() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::TokenDead)], ..Faults::none() }).unwrap();
    test.reply(&id, "one").await;
    test.reply(&id, "two").await;
    eventually_eq("waiting", json!("waiting"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    assert_eq!(test.conversation_of(&psid).await["waiting_for"], "page");
    simulator.set_faults(Faults::none()).unwrap();
    states_become(&test, &clock, &id, &["read", "read"]).await;
    assert_eq!(received(&test, &psid), ["one", "two"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_page_on_hold_is_left_alone_until_its_probe_and_then_all_that_waited_goes() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let simulator = test.stack.simulator();
    let mut conversations = Vec::new();
    for customer in simulator.customers().unwrap() {
        simulator.customer_says(&customer.psid, "Hello").unwrap();
        let id = test.conversation_of(&customer.psid).await["id"].as_str().unwrap().to_owned();
        conversations.push((customer.psid, id));
    }
    simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::PageRestricted)], ..Faults::none() }).unwrap();
    for (_, id) in &conversations {
        test.reply(id, "one").await;
        eventually_eq("waiting", json!("waiting"), || async { outbound(&test, id).await[0]["state"].clone() }).await;
        let reason = outbound(&test, id).await[0]["state_reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("The Page is tried again at 2026-11-21 10:30"), "{reason}");
    }
    let calls = simulator.counters().sends_refused;
    assert_eq!(calls, 1, "the first was refused, and nothing else was tried");
    assert_eq!(test.get("/v1/pages").await["data"][0]["hold"]["cause"], "restricted");
    simulator.set_faults(Faults::none()).unwrap();
    clock.advance(Duration::from_mins(31));
    for (psid, id) in &conversations {
        states_become(&test, &clock, id, &["read"]).await;
        assert_eq!(received(&test, psid), ["one"]);
    }
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_person_who_has_mended_a_page_need_not_wait_for_its_next_probe() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::PageRestricted)], ..Faults::none() }).unwrap();
    test.reply(&id, "one").await;
    eventually_eq("waiting", json!("waiting"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    simulator.set_faults(Faults::none()).unwrap();
    let resume = format!("/v1/pages/{PAGE}/resume");
    assert_eq!(test.api(Method::POST, &resume, None).await.0, 202);
    let start = clock.now();
    states_become(&test, &clock, &id, &["read"]).await;
    assert!(clock.now() < start.plus(Duration::from_mins(10)), "long before the probe");
    assert_eq!(received(&test, &psid), ["one"]);
    assert_eq!(test.api(Method::POST, &resume, None).await.0, 404, "it is not on hold any more");
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_wrote_does_not_leave_after_a_day_and_what_a_person_wrote_does_for_a_week() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let path = format!("/v1/conversations/{id}/messages");
    let write = async |author: &str| {
        let body = json!({ "text": format!("by {author}"), "author": { "type": author, "name": "Ada" } });
        test.api(Method::POST, &path, Some(body)).await
    };
    clock.advance(Duration::from_hours(25));
    let (status, problem) = write("bot").await;
    assert_eq!((status.as_u16(), &problem["title"]), (409, &json!("Conflict")));
    assert!(problem["detail"].as_str().unwrap().contains("An agent may write to them until 2026-11-28"), "{problem}");
    assert_eq!(write("agent").await.0, 202);
    eventually_eq("it arrives", vec![String::from("by agent")], || async { received(&test, &psid) }).await;
    clock.advance(Duration::from_hours(6 * 24));
    let (status, problem) = write("agent").await;
    assert_eq!((status.as_u16(), &problem["ways"]), (409, &json!([{ "way": "customer_writes" }])));
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn when_nobody_can_tell_a_person_sends_again_or_gives_up() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    for (text, decision, end) in [("one", "resend", "read"), ("two", "discard", "failed")] {
        simulator.set_faults(Faults { sends: vec![ActiveFault::next(1, SendFault::ConnectionLost)], ..Faults::none() }).unwrap();
        let message = test.reply(&id, text).await["id"].as_str().unwrap().to_owned();
        let last = async || outbound(&test, &id).await.pop().unwrap();
        eventually_eq("in doubt", json!("unconfirmed"), || async { last().await["state"].clone() }).await;
        let path = format!("/v1/messages/{message}/{decision}");
        if decision == "resend" {
            let (status, problem) = test.api(Method::POST, &path, None).await;
            assert_eq!(status, 409, "it may yet be found: {problem}");
        }
        // The record is closed to us: nobody can tell.
        simulator.set_faults(Faults { sends: vec![ActiveFault::until_off(SendFault::TokenDead)], ..Faults::none() }).unwrap();
        eventually_eq("for a person", true, || async {
            clock.advance(Duration::from_secs(5));
            last().await["state_reason"].as_str().is_some_and(|reason| reason.starts_with("Nobody can tell"))
        })
        .await;
        simulator.set_faults(Faults::none()).unwrap();
        let (status, answer) = test.api(Method::POST, &path, None).await;
        assert!(status.is_success(), "{answer}");
        eventually_eq("the end", json!(end), || async {
            clock.advance(Duration::from_secs(5));
            last().await["state"].clone()
        })
        .await;
    }
    assert_eq!(received(&test, &psid), ["one"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_page_that_was_unsubscribed_is_subscribed_again_and_what_was_missed_is_read() {
    let clock = start_of_day();
    let test = TestStack::start_with(clock.clone(), &[]).await;
    let (psid, id) = a_conversation(&test).await;
    let simulator = test.stack.simulator();
    // The sweep has seen that all is well before it is not.
    clock.advance(Duration::from_mins(2));
    simulator.disable(PAGE).unwrap();
    simulator.customer_says(&psid, "Nobody hears this").unwrap();
    simulator.customer_says(&psid, "nor this").unwrap();
    let texts = async || -> Vec<Json> { test.messages(&id).await.into_iter().map(|message| message["text"].clone()).collect() };
    eventually_eq("what was missed", vec![json!("Hello"), json!("Nobody hears this"), json!("nor this")], || async {
        clock.advance(Duration::from_secs(30));
        texts().await
    })
    .await;
    simulator.customer_says(&psid, "Heard again").unwrap();
    eventually_eq("webhooks come again", Some(json!("Heard again")), || async { texts().await.pop() }).await;
    test.stack.stop().await;
}
