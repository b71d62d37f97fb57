use local_sqs::{EngineError, NewMessage, Receive};

use super::{ONE, TEN, attributes, bodies, engine, one, queue, receive, seconds};

#[tokio::test]
async fn a_received_message_is_hidden_until_its_visibility_timeout_ends() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[("VisibilityTimeout", "30")]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();

    let first = one(&engine, &queue).await;
    clock.advance(seconds(29));
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    clock.advance(seconds(1));
    let second = one(&engine, &queue).await;

    assert_eq!((second.message_id, second.receive_count), (first.message_id, 2));
    assert_ne!(second.receipt_handle, first.receipt_handle);
    assert_eq!(second.first_received_at_ms, first.first_received_at_ms);
}

#[tokio::test]
async fn a_deleted_message_does_not_come_back() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    let message = one(&engine, &queue).await;
    engine.delete(&queue, &message.receipt_handle).await.unwrap();
    engine.delete(&queue, &message.receipt_handle).await.unwrap();
    clock.advance(seconds(60));
    assert!(receive(&engine, &queue, TEN).await.is_empty());
}

#[tokio::test]
async fn a_handle_that_a_later_receive_replaced_deletes_nothing() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    let slow = one(&engine, &queue).await;
    clock.advance(seconds(30));
    one(&engine, &queue).await;
    engine.delete(&queue, &slow.receipt_handle).await.unwrap();
    clock.advance(seconds(30));
    assert_eq!(bodies(&engine, &queue, TEN).await, ["x"]);
}

#[tokio::test]
async fn a_message_given_back_wakes_a_long_poll() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    let message = one(&engine, &queue).await;
    let poll = Receive { wait: Some(seconds(20)), ..ONE };
    let (polled, changed) =
        tokio::join!(engine.receive(&queue, poll), engine.change_visibility(&queue, &message.receipt_handle, seconds(0)),);
    changed.unwrap();
    assert_eq!(polled.unwrap().len(), 1);
}

#[tokio::test]
async fn a_long_poll_ends_empty_when_its_time_is_up() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[("ReceiveMessageWaitTimeSeconds", "20")]).await;
    let polling = tokio::spawn({
        let (engine, queue) = (engine.clone(), queue.clone());
        async move { receive(&engine, &queue, Receive::default()).await }
    });
    // The poll has begun once the queue answers what was asked after it.
    tokio::task::yield_now().await;
    engine.find_queue(&queue).await.unwrap();
    assert!(!polling.is_finished());
    clock.advance(seconds(20));
    assert!(polling.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_poll_wakes_when_a_delay_ends() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    let delayed = NewMessage { delay: Some(seconds(5)), ..NewMessage::new("x") };
    engine.send(&queue, delayed).await.unwrap();
    assert!(receive(&engine, &queue, TEN).await.is_empty());
    let poll = Receive { wait: Some(seconds(20)), ..ONE };
    let (polled, ()) = tokio::join!(engine.receive(&queue, poll), async {
        engine.find_queue(&queue).await.unwrap();
        clock.advance(seconds(5));
    });
    assert_eq!(polled.unwrap().len(), 1);
}

#[tokio::test]
async fn waiting_for_a_visible_message_takes_none() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    one(&engine, &queue).await;
    let (waited, ()) = tokio::join!(engine.wait_until_visible(&queue), async {
        engine.find_queue(&queue).await.unwrap();
        clock.advance(seconds(30));
    });
    waited.unwrap();
    assert_eq!(one(&engine, &queue).await.receive_count, 2);
}

#[tokio::test]
async fn a_message_older_than_the_retention_period_is_gone() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[("MessageRetentionPeriod", "60")]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    clock.advance(seconds(59));
    let counts = engine.attributes(&queue).await.unwrap();
    assert_eq!(counts["ApproximateNumberOfMessages"], "1");
    clock.advance(seconds(1));
    assert!(receive(&engine, &queue, TEN).await.is_empty());
}

#[tokio::test]
async fn a_handle_out_of_flight_cannot_be_extended() {
    let (engine, clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    engine.send(&queue, NewMessage::new("x")).await.unwrap();
    let handle = one(&engine, &queue).await.receipt_handle;
    clock.advance(seconds(30));
    let late = engine.change_visibility(&queue, &handle, seconds(5)).await;
    assert!(matches!(late, Err(EngineError::MessageNotInflight)));
}

#[tokio::test]
async fn one_bad_message_of_a_batch_does_not_cost_the_others() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    let batch = ["a", "", "b\u{b}", "c"].map(NewMessage::new).into();
    let outcomes = engine.send_batch(&queue, batch).await.unwrap();
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
    assert_eq!(bodies(&engine, &queue, TEN).await, ["a", "c"]);
}

#[tokio::test]
async fn a_queue_created_again_must_have_the_same_attributes() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q", &[("VisibilityTimeout", "45")]).await;
    engine.create_queue(&queue, &attributes(&[("VisibilityTimeout", "45")])).await.unwrap();
    engine.create_queue(&queue, &attributes(&[])).await.unwrap();
    let other = engine.create_queue(&queue, &attributes(&[("VisibilityTimeout", "46")])).await;
    assert!(matches!(other, Err(EngineError::QueueNameExists)));
}

#[tokio::test]
async fn attributes_that_a_queue_cannot_have_are_refused() {
    let (engine, _clock) = engine();
    let queue = queue(&engine, "q", &[]).await;
    for (name, value) in [
        ("Colour", "red"),
        ("VisibilityTimeout", "43201"),
        ("ContentBasedDeduplication", "true"),
        ("RedrivePolicy", "{}"),
        ("RedrivePolicy", r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q","maxReceiveCount":1}"#),
    ] {
        assert!(engine.set_attributes(&queue, attributes(&[(name, value)])).await.is_err(), "{name} {value}");
    }
}
