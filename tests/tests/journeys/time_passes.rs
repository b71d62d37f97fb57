//! What happens by itself as time passes, on a clock that the test moves.

use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use local_stack::StackClock;
use messenger_simulator::{ActiveFault, Faults, SendFault, WebhookFaults};
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually_eq};

use super::replies::{a_conversation, outbound, received};

fn start_of_day() -> StackClock {
    StackClock::manual(Timestamp::from_millis(1_795_255_200_000))
}

/// The states of the shop's messages once they are these; the clock is moved a little at a time until then.
async fn states_become(test: &TestStack, clock: &StackClock, conversation: &str, wanted: &[&str]) {
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
    assert!(clock.now() > Timestamp::from_millis(1_795_255_200_000));
    test.stack.stop().await;
}
