//! STOP, START, and what a shop passes on.

use super::*;

#[tokio::test]
async fn stop_ends_notices_and_not_the_conversation_and_start_brings_them_back() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.says("STOP").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }), "the checkout does not outdo it");
    assert!(desk.store.conversation(&mia()).await.unwrap().unwrap().window_ends_at.is_some());
    desk.clock.advance(Duration::from_secs(1));
    desk.says("START").await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Shipped]);
}

#[tokio::test]
async fn a_stop_reaches_what_is_on_its_way_already() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, known()).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
    desk.clock.advance(Duration::from_secs(1));
    let calls = desk.api.calls().len();
    desk.says("STOP").await;
    desk.work().await;
    assert_eq!(desk.api.calls().len(), calls, "nothing leaves");
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn a_no_that_the_shop_passes_on_reaches_what_is_on_its_way_already() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, known()).await;
    desk.clock.advance(Duration::from_secs(1));
    let calls = desk.api.calls().len();
    let email = EmailHash::of("mia@example.com").unwrap();
    let no = Entry {
        subject: Subject::Email { page: page(PAGE), email },
        at: desk.clock.now(),
        purpose: Purpose::OrderUpdates,
        channel: Channel::Messenger,
        given: false,
        words: String::new(),
        origin: Origin::Api,
        event: String::new(),
    };
    desk.store.append(&no).await.unwrap();
    desk.says("Is anybody there?").await;
    assert_eq!(desk.api.calls().len(), calls, "nothing leaves");
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn an_empty_box_at_the_next_checkout_does_not_undo_a_stop() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.says("STOP").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.placed("20418", 9134, agreed(known(), false, true)).await;
    desk.placed("20419", 9134, known()).await;
    for number in ["20418", "20419"] {
        assert_eq!(desk.ways(number, "receipt").await, [WayOut::Drop], "{number}");
    }
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn consent_that_a_checkout_passed_stands_in_the_ledger_once() {
    let desk = Desk::new();
    for _ in 0..3 {
        desk.placed("20418", 9134, agreed(buyer(), true, false)).await;
        desk.clock.advance(Duration::from_secs(5));
    }
    let email = domain::email::EmailHash::of("mia@example.com").unwrap();
    let entries = desk.store.entries(&Subject::Email { page: PageId::new(PAGE).unwrap(), email }).await.unwrap();
    let said: Vec<(Channel, bool, Origin)> = entries.iter().map(|entry: &Entry| (entry.channel, entry.given, entry.origin)).collect();
    assert_eq!(said, [(Channel::Messenger, true, Origin::Checkout), (Channel::Email, false, Origin::Checkout)]);
    assert!(entries.iter().all(|entry| entry.purpose == Purpose::OrderUpdates && entry.words == "Send me news"));
}
