use local_sqs::{Engine, MoveStatus, NewMessage, QueueName};

use super::{ONE, TEN, bodies, engine, one, queue, receive, seconds, send_all};

/// A queue whose messages are set aside after `receives` receives, and where they go.
async fn with_dead_letters(engine: &Engine, suffix: &str, receives: u8) -> (QueueName, QueueName) {
    let dead = queue(engine, &format!("dead{suffix}"), &[]).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":{receives}}}"#, dead.arn());
    (queue(engine, &format!("q{suffix}"), &[("RedrivePolicy", policy.as_str())]).await, dead)
}

#[tokio::test]
async fn a_message_received_too_often_is_set_aside_as_it_is() {
    let (engine, clock) = engine();
    let (queue, dead) = with_dead_letters(&engine, "", 2).await;
    let sent = engine.send(&queue, NewMessage::new("poison")).await.unwrap();
    for receives in 1..=2 {
        assert_eq!(one(&engine, &queue).await.receive_count, receives);
        assert!(receive(&engine, &dead, TEN).await.is_empty());
        clock.advance(seconds(30));
    }
    assert!(receive(&engine, &queue, TEN).await.is_empty());

    let letter = one(&engine, &dead).await;
    assert_eq!((letter.message_id, letter.body.as_str()), (sent.message_id, "poison"));
    assert_eq!(letter.dead_letter_source_arn, Some(queue.arn()));
}

#[tokio::test]
async fn a_receive_that_only_sets_aside_goes_on_to_the_next_message() {
    let (engine, clock) = engine();
    let (queue, _dead) = with_dead_letters(&engine, "", 1).await;
    engine.send(&queue, NewMessage::new("poison")).await.unwrap();
    one(&engine, &queue).await;
    clock.advance(seconds(30));
    engine.send(&queue, NewMessage::new("good")).await.unwrap();
    assert_eq!(bodies(&engine, &queue, ONE).await, ["good"]);
}

#[tokio::test]
async fn a_group_goes_on_behind_its_dead_letter() {
    let (engine, clock) = engine();
    let (queue, dead) = with_dead_letters(&engine, ".fifo", 1).await;
    send_all(&engine, &queue, &[("g", "1"), ("g", "2")]).await;
    assert_eq!(bodies(&engine, &queue, ONE).await, ["1"]);
    clock.advance(seconds(30));
    assert_eq!(bodies(&engine, &queue, ONE).await, ["2"]);
    let letter = one(&engine, &dead).await;
    assert_eq!((letter.body.as_str(), letter.group_id.as_deref()), ("1", Some("g")));
}

#[tokio::test]
async fn a_dead_letter_wakes_a_poll_of_the_dead_letter_queue() {
    let (engine, clock) = engine();
    let (queue, dead) = with_dead_letters(&engine, "", 1).await;
    engine.send(&queue, NewMessage::new("poison")).await.unwrap();
    one(&engine, &queue).await;
    clock.advance(seconds(30));
    let (waited, taken) = tokio::join!(engine.wait_until_visible(&dead), engine.receive(&queue, TEN));
    waited.unwrap();
    assert!(taken.unwrap().is_empty());
}

#[tokio::test]
async fn a_redrive_brings_dead_letters_back_as_new_messages() {
    let (engine, clock) = engine();
    let (queue, dead) = with_dead_letters(&engine, ".fifo", 1).await;
    send_all(&engine, &queue, &[("g", "1"), ("g", "2")]).await;
    receive(&engine, &queue, TEN).await;
    clock.advance(seconds(30));
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    assert_eq!(engine.dead_letter_sources(&dead).await.unwrap(), std::slice::from_ref(&queue));

    engine.move_messages(&dead, None).await.unwrap();

    let back = receive(&engine, &queue, TEN).await;
    assert_eq!(back.iter().map(|m| (m.body.as_str(), m.receive_count)).collect::<Vec<_>>(), [("1", 1), ("2", 1)]);
    assert!(receive(&engine, &dead, TEN).await.is_empty());
    let tasks = engine.move_tasks(&dead).await.unwrap();
    assert_eq!((tasks[0].moved, &tasks[0].status), (2, &MoveStatus::Completed));
}

#[tokio::test]
async fn a_redrive_of_a_message_of_unknown_origin_needs_a_destination() {
    let (engine, _clock) = engine();
    let (queue, dead) = with_dead_letters(&engine, "", 1).await;
    engine.send(&dead, NewMessage::new("parked by hand")).await.unwrap();
    engine.move_messages(&dead, None).await.unwrap();
    assert!(matches!(engine.move_tasks(&dead).await.unwrap()[0].status, MoveStatus::Failed { .. }));
    engine.move_messages(&dead, Some(queue.clone())).await.unwrap();
    assert_eq!(bodies(&engine, &queue, TEN).await, ["parked by hand"]);
}
