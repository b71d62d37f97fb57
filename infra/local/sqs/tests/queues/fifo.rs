use local_sqs::{EngineError, NewMessage};

use super::{ONE, TEN, bodies, engine, grouped, one, queue, receive, seconds, send_all};

#[tokio::test]
async fn a_group_waits_for_its_message_in_flight_and_other_groups_do_not() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    send_all(&engine, &queue, &[("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")]).await;

    let first = one(&engine, &queue).await;
    assert_eq!(first.body, "a1");
    assert_eq!(bodies(&engine, &queue, ONE).await, ["b1"]);
    assert!(receive(&engine, &queue, TEN).await.is_empty());

    engine.delete(&queue, &first.receipt_handle).await.unwrap();
    assert_eq!(bodies(&engine, &queue, TEN).await, ["a2"]);
}

#[tokio::test]
async fn one_receive_gives_several_of_a_group_in_order() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    send_all(&engine, &queue, &[("a", "1"), ("b", "x"), ("a", "2"), ("a", "3")]).await;
    assert_eq!(bodies(&engine, &queue, TEN).await, ["1", "2", "3", "x"]);
}

#[tokio::test]
async fn order_holds_behind_a_message_that_failed() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[("VisibilityTimeout", "30")]).await;
    send_all(&engine, &queue, &[("g", "1"), ("g", "2"), ("g", "3")]).await;

    assert_eq!(bodies(&engine, &queue, ONE).await, ["1"]);
    clock.advance(seconds(29));
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    clock.advance(seconds(1));

    let mut order = Vec::new();
    for _ in 0..3 {
        let message = one(&engine, &queue).await;
        engine.delete(&queue, &message.receipt_handle).await.unwrap();
        order.push(message.body);
    }
    assert_eq!(order, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_message_given_back_waits_for_the_rest_of_its_group_in_flight() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    send_all(&engine, &queue, &[("g", "1"), ("g", "2")]).await;
    let both = receive(&engine, &queue, TEN).await;

    engine.change_visibility(&queue, &both[0].receipt_handle, seconds(0)).await.unwrap();
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    clock.advance(seconds(30));
    assert_eq!(bodies(&engine, &queue, TEN).await, ["1", "2"]);
}

#[tokio::test]
async fn a_duplicate_within_five_minutes_is_not_added_and_one_after_is() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    let first = engine.send(&queue, grouped("g", "x")).await.unwrap();
    let message = one(&engine, &queue).await;
    engine.delete(&queue, &message.receipt_handle).await.unwrap();

    clock.advance(seconds(299));
    let duplicate = engine.send(&queue, grouped("other", "x")).await.unwrap();
    assert_eq!((duplicate.message_id, duplicate.sequence_number), (first.message_id, first.sequence_number));
    assert!(receive(&engine, &queue, TEN).await.is_empty());

    clock.advance(seconds(1));
    engine.send(&queue, grouped("g", "x")).await.unwrap();
    assert_eq!(bodies(&engine, &queue, TEN).await, ["x"]);
}

#[tokio::test]
async fn a_duplicate_of_another_group_is_added_where_the_scope_is_the_group() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q.fifo", &[("DeduplicationScope", "messageGroup")]).await;
    send_all(&engine, &queue, &[("a", "x"), ("b", "x"), ("a", "x")]).await;
    assert_eq!(bodies(&engine, &queue, TEN).await, ["x", "x"]);
}

#[tokio::test]
async fn the_same_content_is_a_duplicate_where_the_queue_says_so() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q.fifo", &[("ContentBasedDeduplication", "true")]).await;
    for body in ["x", "x", "y"] {
        let message = NewMessage { group_id: Some("g".to_owned()), ..NewMessage::new(body) };
        engine.send(&queue, message).await.unwrap();
    }
    let messages = receive(&engine, &queue, TEN).await;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].deduplication_id.as_deref(), Some("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),);
}

#[tokio::test]
async fn a_handle_whose_visibility_has_ended_is_refused() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    send_all(&engine, &queue, &[("g", "x")]).await;
    let handle = one(&engine, &queue).await.receipt_handle;
    clock.advance(seconds(30));
    assert!(matches!(engine.delete(&queue, &handle).await, Err(EngineError::ReceiptHandleExpired)));
}

#[tokio::test]
async fn a_group_is_required() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q.fifo", &[]).await;
    let sent = engine.send(&queue, NewMessage::new("x")).await;
    assert!(matches!(sent, Err(EngineError::MissingParameter("MessageGroupId"))));
}

#[tokio::test]
async fn an_expired_head_frees_its_group() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[("MessageRetentionPeriod", "60"), ("VisibilityTimeout", "600")]).await;
    send_all(&engine, &queue, &[("g", "1")]).await;
    one(&engine, &queue).await;
    clock.advance(seconds(30));
    send_all(&engine, &queue, &[("g", "2")]).await;
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    clock.advance(seconds(30));
    assert_eq!(bodies(&engine, &queue, TEN).await, ["2"]);
}

/// The index of groups must say what the messages say, whatever happens to them: walks many short random-looking lives
/// and checks that no message is lost, doubled or overtaken within its group.
#[tokio::test]
async fn every_group_is_worked_off_in_order_whatever_fails() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q.fifo", &[("VisibilityTimeout", "10")]).await;
    let groups = ["a", "b", "c"];
    for n in 0..60 {
        engine.send(&queue, grouped(groups[n % 3], &format!("{n:02}"))).await.unwrap();
    }
    let mut done: Vec<(String, String)> = Vec::new();
    for step in 0_usize.. {
        let messages = receive(&engine, &queue, TEN).await;
        for (n, message) in messages.iter().enumerate() {
            // What comes after a failure within a group is given back unworked, as a careful consumer does.
            let group = message.group_id.clone().unwrap();
            let failed_before = messages[..n].iter().any(|m| m.group_id == message.group_id && fails(step, &m.body));
            if failed_before || fails(step, &message.body) {
                engine.change_visibility(&queue, &message.receipt_handle, seconds(3)).await.unwrap();
            } else {
                engine.delete(&queue, &message.receipt_handle).await.unwrap();
                done.push((group, message.body.clone()));
            }
        }
        if done.len() == 60 {
            break;
        }
        assert!(step < 500, "stuck after {}", done.len());
        clock.advance(seconds(1));
    }
    for group in groups {
        let order: Vec<_> = done.iter().filter(|(g, _)| g == group).map(|(_, body)| body).collect();
        assert!(order.is_sorted() && order.len() == 20, "{group}: {order:?}");
    }
}

fn fails(step: usize, body: &str) -> bool {
    (step * 7 + body.parse::<usize>().unwrap() * 3).is_multiple_of(5)
}
