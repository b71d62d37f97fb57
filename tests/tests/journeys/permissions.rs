//! What each function's role allows.

use local_stack::PAGE;
use serde_json::json;
use shopbell_tests::roles::{allowed, used};
use shopbell_tests::{TestStack, delivery, eventually_eq, text_delivery};

use super::replies::{a_conversation, outbound};
use super::{first_minute, hostile_deliveries, intake, notices, replies, time_passes};

/// Every journey fails when a function calls what its role does not allow. These together call all that is ever called, so that what a role
/// allows beyond it is found as well.
#[test]
fn each_role_allows_what_its_function_calls_and_no_more() {
    first_minute::a_question_comes_in_and_the_answer_is_delivered_and_read();
    first_minute::a_resolved_conversation_opens_its_next_case_when_the_customer_writes();
    hostile_deliveries::what_cannot_be_read_is_parked_with_its_reason_and_its_neighbours_are_stored();
    intake::every_documented_payload_is_taken_twice_and_stored_once();
    intake::the_inbox_is_read_page_by_page_newest_first();
    intake::a_reaction_and_an_edit_that_come_before_their_message_are_applied_when_it_comes();
    replies::a_message_waits_for_the_window_and_leaves_when_the_customer_writes();
    time_passes::a_page_on_hold_is_left_alone_until_its_probe_and_then_all_that_waited_goes();
    time_passes::a_person_who_has_mended_a_page_need_not_wait_for_its_next_probe();
    time_passes::when_nobody_can_tell_a_person_sends_again_or_gives_up();
    time_passes::a_page_that_was_unsubscribed_is_subscribed_again_and_what_was_missed_is_read();
    notices::an_order_is_told_step_by_step_in_the_thread_where_its_customer_answers();
    notices::a_link_that_is_tapped_late_brings_the_receipt_that_waited();
    notices::every_source_is_taken_by_its_own_scheme_and_its_orders_are_exact();
    notices::outside_the_window_a_notice_waits_and_goes_when_the_customer_writes();
    notices::outside_the_window_an_approved_template_goes_and_one_that_meta_refuses_does_not_hold_the_thread();
    notices::a_notice_that_nobody_came_for_is_dropped_when_its_time_is_over();
    notices::the_demo_shop_brings_a_receipt_to_the_phone();
    notices::the_shops_own_endpoint_is_told_what_became_of_its_notice();
    notices::trouble_opens_a_case_and_a_rollout_is_turned_up_and_stopped_by_one_call();
    work_that_the_table_does_not_take_is_given_back_and_done_later();
    two_customers_of_one_delivery_are_stored_together();
    let (allowed, used) = (allowed(), used());
    let unused: Vec<_> = allowed.difference(&used).collect();
    assert!(unused.is_empty(), "template.yaml allows what nobody calls: {unused:#?}");
    assert!(!used.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_the_table_does_not_take_is_given_back_and_done_later() {
    // A call is tried three times before it fails.
    let once = 3;
    let test = TestStack::start().await;
    test.guard.table_fails("ingest", once);
    test.deliver(text_delivery("4711", "m_first", 1_795_255_200_000, "Hello?")).await;
    test.conversation_of("4711").await;
    let (psid, id) = a_conversation(&test).await;
    test.guard.table_fails("deliver", once);
    test.reply(&id, "Here we are.").await;
    test.guard.table_fails("notify", once);
    test.stack.simulator().customer_says(&psid, "And my order #20418?").unwrap();
    eventually_eq("sent", json!("read"), || async { outbound(&test, &id).await[0]["state"].clone() }).await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_customers_of_one_delivery_are_stored_together() {
    let test = TestStack::start().await;
    let element = |psid: &str| json!({ "sender": { "id": psid }, "recipient": { "id": PAGE }, "timestamp": 1_795_255_200_000_i64, "message": { "mid": format!("m_{psid}"), "text": "Hello?" } });
    test.deliver(delivery(&[element("4711"), element("4712")])).await;
    test.conversation_of("4711").await;
    test.conversation_of("4712").await;
    test.stack.stop().await;
}
