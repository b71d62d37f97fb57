//! Whose an order is: links, names, questions.

use super::*;

#[tokio::test]
async fn a_customer_who_is_not_known_gets_the_receipt_when_they_tap_the_link() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let waiting = desk.notice("20418", "receipt").await;
    assert!(matches!(waiting.state, NoticeState::Waiting { on: WaitsFor::Link, .. }), "{:?}", waiting.state);
    desk.clock.advance(DAY * 3);
    desk.taps(&target("20418")).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::WaitForLink, WayOut::ReceiptTemplate]);
    desk.taps(&target("20418")).await;
    assert_eq!(desk.messages().await.len(), 1, "a second tap tells nothing twice");
}

#[tokio::test]
async fn a_link_that_says_whose_it_is_brings_all_orders_of_that_customer_and_one_of_an_order_only_that() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.placed("20419", 100, buyer()).await;
    desk.taps(&target("20419")).await;
    desk.placed("20420", 100, buyer()).await;
    assert_eq!(desk.messages().await.len(), 1, "whoever has the link of an order is not its customer yet");
    let email = domain::email::EmailHash::of("mia@example.com");
    desk.taps(&LinkTarget { order: None, email, ..target("") }).await;
    assert_eq!(desk.messages().await.len(), 3);
    desk.placed("20421", 100, buyer()).await;
    assert_eq!(desk.messages().await.len(), 4, "the next order of the same address finds the thread by itself");
}

#[tokio::test]
async fn a_link_that_was_tapped_before_the_checkout_and_lies_in_the_cart_ties_the_order() {
    let desk = Desk::new();
    let before = LinkTarget { order: None, customer_id: Some("c1".into()), ..target("") };
    let reference = link::make(desk.secrets.first().unwrap(), &before, desk.clock.now().plus(DAY)).unwrap();
    desk.placed("20418", 9134, Buyer { reference: Some("sb1-made-up".into()), ..buyer() }).await;
    desk.refers("sb1-made-up").await;
    assert!(desk.messages().await.is_empty(), "it is none of ours");
    desk.placed("20419", 9134, Buyer { reference: Some(reference.as_str().into()), ..buyer() }).await;
    desk.refers(reference.as_str()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_link_that_was_tapped_before_the_order_was_told_ties_it_all_the_same() {
    let desk = Desk::new();
    desk.taps(&target("20418")).await;
    desk.placed("20418", 9134, buyer()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_link_that_was_tampered_with_or_has_expired_ties_nothing_and_opens_the_conversation() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let reference = link::make(desk.secrets.first().unwrap(), &target("20418"), desk.clock.now().plus(DAY)).unwrap();
    desk.refers(&format!("{}x", reference.as_str())).await;
    desk.clock.advance(DAY * 2);
    desk.refers(reference.as_str()).await;
    assert!(desk.messages().await.is_empty());
    assert!(desk.store.conversation(&mia()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_order_stays_whose_it_was_when_its_link_is_passed_on() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.taps(&target("20418")).await;
    let other = event(EventKind::Referral(Referral {
        reference: Some(link::make(desk.secrets.first().unwrap(), &target("20418"), at(9_999)).unwrap().as_str().into()),
        source: None,
        kind: None,
        ad_id: None,
        product_id: None,
    }));
    desk.ingest(other.by(testkit::ids::JONAS).at(at(5)).build()).await;
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    assert_eq!(order.conversation, Some(mia()));
}

#[tokio::test]
async fn a_question_that_names_an_order_is_tied_to_it_and_gets_none_of_its_news() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.says("Where is my order #20418?").await;
    let tied = desk.store.tied_orders(&mia()).await.unwrap();
    assert_eq!(tied.len(), 1);
    assert_eq!(tied[0].named_in.len(), 1);
    assert!(desk.messages().await.is_empty(), "to name a number is not to own it");
}
