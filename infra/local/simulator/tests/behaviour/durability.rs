//! What a crash must not cost.

use std::time::Duration;

use messenger_simulator::MessageState;
use serde_json::json;

use crate::desk::{Desk, kinds};

#[tokio::test]
async fn a_crash_loses_no_thread_and_no_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open_with(Some(folder.path()), |_| {}).await;
    desk.simulator.customer_says(&desk.psid, "Hi").unwrap();
    desk.settle().await;
    desk.app.answer([500; 3]);
    desk.simulator.customer_says(&desk.psid, "told after the crash").unwrap();
    desk.assert_sent(json!({"text": "accepted before the crash"})).await;
    desk.settle().await;
    let before = desk.simulator.thread(&desk.psid).unwrap();
    desk.kill();

    let desk = Desk::open_with(Some(folder.path()), |_| {}).await;
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap(), before);
    desk.clock.advance(Duration::from_secs(2));
    desk.settle().await;
    assert_eq!(kinds(&desk.app.take()), ["message", "echo", "delivery", "read"]);
    assert_eq!(desk.simulator.thread(&desk.psid).unwrap().last().unwrap().state, MessageState::Read);
}

#[tokio::test]
async fn message_ids_never_repeat_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut mids = Vec::new();
    for _ in 0..2 {
        let desk = Desk::open_with(Some(folder.path()), |_| {}).await;
        mids.push(desk.simulator.customer_says(&desk.psid, "Hi").unwrap());
        desk.settle().await;
        desk.kill();
    }
    assert_ne!(mids[0], mids[1]);
}

#[tokio::test]
async fn the_same_names_get_the_same_ids_on_every_desk() {
    let (one, two) = (Desk::open().await, Desk::open().await);
    let ids = |desk: &Desk| desk.simulator.customers().unwrap().into_iter().map(|it| it.psid).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&two));
    let namesake = one.simulator.add_customer("Mia Keller").unwrap();
    assert_ne!(namesake.psid, one.psid);
}
