use local_sqs::{Clock, Engine, NewMessage};

use super::{ONE, START_MS, TEN, bodies, engine, grouped, one, queue, receive, seconds, send_all};

#[tokio::test]
async fn messages_order_and_deduplication_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.sqlite");
    let clock = Clock::manual(START_MS);

    let engine = Engine::open(&file, clock.clone()).unwrap();
    let queue = queue(&engine, "q.fifo", &[]).await;
    send_all(&engine, &queue, &[("g", "1"), ("g", "2"), ("h", "3")]).await;
    let in_flight = one(&engine, &queue).await;
    drop(engine);

    let engine = Engine::open(&file, clock.clone()).unwrap();
    engine.send(&queue, grouped("g", "2")).await.unwrap();
    assert_eq!(bodies(&engine, &queue, TEN).await, ["3"], "the message in flight still holds its group");
    engine.delete(&queue, &in_flight.receipt_handle).await.unwrap();
    assert_eq!(bodies(&engine, &queue, ONE).await, ["2"]);
    clock.advance(seconds(30));
    assert_eq!(bodies(&engine, &queue, TEN).await, ["2", "3"]);
    assert!(receive(&engine, &queue, TEN).await.is_empty());
}

#[tokio::test]
async fn a_file_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.sqlite");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(Engine::open(&file, Clock::system()).is_err());
}

#[tokio::test]
async fn a_receive_that_nobody_waits_for_hides_nothing() {
    let engine = Engine::in_memory(Clock::manual(START_MS)).unwrap();
    let queue = queue(&engine, "q.fifo", &[]).await;
    let poll = tokio::spawn({
        let (engine, queue) = (engine.clone(), queue.clone());
        async move { engine.receive(&queue, local_sqs::Receive { wait: Some(seconds(20)), ..TEN }).await }
    });
    tokio::task::yield_now().await;
    poll.abort();
    assert!(poll.await.is_err());
    send_all(&engine, &queue, &[("g", "1")]).await;
    assert_eq!(bodies(&engine, &queue, TEN).await, ["1"]);
}

#[tokio::test]
async fn after_a_restart_what_was_in_flight_is_given_out_again_in_order() {
    let (engine, _) = engine();
    let fifo = queue(&engine, "r.fifo", &[("VisibilityTimeout", "600")]).await;
    let standard = queue(&engine, "r", &[("VisibilityTimeout", "600")]).await;
    send_all(&engine, &fifo, &[("a", "a1"), ("a", "a2"), ("b", "b1")]).await;
    engine.send(&standard, NewMessage::new("s1")).await.unwrap();
    assert_eq!(bodies(&engine, &fifo, TEN).await.len(), 3);
    assert_eq!(bodies(&engine, &standard, TEN).await, ["s1"]);
    assert_eq!(engine.release_in_flight().await.unwrap(), 4);
    let mut again = bodies(&engine, &fifo, TEN).await;
    again.sort();
    assert_eq!(again, ["a1", "a2", "b1"]);
    assert_eq!(bodies(&engine, &standard, TEN).await, ["s1"]);
}
