//! Notices by e-mail.

use super::*;

#[tokio::test]
async fn an_email_of_which_nobody_knows_is_not_sent_twice() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::Unknown { reason: "the connection was lost".into() });
    desk.placed("20418", 9134, agreed(known(), false, true)).await;
    let NoticeState::Failed { reason } = desk.notice("20418", "receipt").await.state else { panic!("it has not failed") };
    assert!(reason.contains("not sent twice"), "{reason}");
    desk.sweep().await;
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn a_mail_server_that_takes_nothing_holds_no_other_notice_up() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), true, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.approve_template(NoticeKind::Shipped).await;
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let shipped = desk.event(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit));
    let taken = take(&desk.store, &page(PAGE), &shipped, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), undecided.last().unwrap()).await.unwrap();
    assert_eq!(desk.kinds().await, [NoticeKind::Shipped]);
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn what_follows_from_an_e_mail_that_left_is_made_up_for_when_it_is_broken_off() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.store.put_endpoint(&testkit::announcements::endpoint_at("https://shop.example/", 1)).await.unwrap();
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.events.refuse();
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), false, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    let sent = || desk.announced().iter().filter(|kind| **kind == AnnouncementKind::NotificationSent).count();
    assert_eq!((desk.mail.taken().len(), sent()), (1, 0));
    desk.clock.advance(Duration::from_mins(2));
    desk.sweep().await;
    assert_eq!((desk.mail.taken().len(), sent()), (1, 1), "it left once, and is announced");
    desk.clock.advance(Duration::from_mins(2));
    desk.placed("20418", 8000, agreed(known(), false, true)).await;
    assert_eq!(desk.mail.taken().len(), 1, "an e-mail is not repeated");
}

#[tokio::test]
async fn a_mail_server_that_does_not_let_us_in_is_asked_every_five_minutes() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), false, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.clock.advance(Duration::from_mins(4));
    desk.sweep().await;
    assert!(desk.mail.taken().is_empty());
    desk.clock.advance(Duration::from_mins(1));
    desk.sweep().await;
    assert_eq!(desk.mail.taken().len(), 1);
}
