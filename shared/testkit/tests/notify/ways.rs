//! The way that a notice takes, and what becomes of it.

use super::*;

#[tokio::test]
async fn outside_the_window_a_notice_waits_for_the_customer_and_is_dropped_when_it_is_old_news() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    desk.parcel("20418", ParcelStatus::Delivered).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Waiting { on: WaitsFor::Window, .. }));
    assert!(desk.messages().await.is_empty());
    desk.says("Where is it?").await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Delivered]);
    assert!(matches!(desk.notice("20418", "shipped:shopify:ship-1").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn outside_the_window_an_approved_template_goes_to_who_asked_for_it() {
    let desk = Desk::new();
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::UtilityTemplate]);
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
    desk.placed("20419", 9134, Buyer { email: Some("other@example.com".into()), ..known() }).await;
    assert_eq!(desk.ways("20419", "receipt").await, [WayOut::WaitForWindow], "nobody asked under that name");
}

#[tokio::test]
async fn what_meta_refuses_takes_the_next_way() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.api.refuse(SendError::Refused { reason: "A parameter of the template is not allowed (100/1893043).".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    let notice = desk.notice("20418", "receipt").await;
    assert!(matches!(notice.state, NoticeState::Mailed { .. }), "{:?}", notice.decisions);
    assert_eq!(notice.refused, [WayOut::UtilityTemplate]);
    assert!(notice.decisions.iter().any(|decision| decision.reason.contains("1893043")), "the reason is kept");
    let mails = desk.mail.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].to.as_str(), mails[0].subject.as_str()), ("mia@example.com", "Lamp Shop: #20418"));
}

#[tokio::test]
async fn a_notice_that_a_person_gives_up_has_ended_and_takes_no_other_way() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    let message = desk.messages().await.remove(0).id;
    let calls = desk.api.calls().len();
    let decide = async |decision| {
        let intervention = Intervention { decision, by: "Anna", request: None };
        intervene(&desk.store, &desk.queue, &message, &intervention, desk.clock.now()).await
    };
    decide(Decision::Discard).await.unwrap();
    desk.clock.advance(Duration::from_hours(2));
    desk.sweep().await;
    let NoticeState::Failed { reason } = desk.notice("20418", "receipt").await.state else { panic!("it went on") };
    assert!(reason.contains("Given up by Anna"), "{reason}");
    assert_eq!((desk.api.calls().len(), desk.mail.taken().len()), (calls, 0));
    assert!(matches!(decide(Decision::Resend).await, Err(InterveneError::NoticeWentOn)));
    desk.placed("20418", 8000, agreed(known(), true, true)).await;
    assert_eq!(desk.messages().await.len(), 1, "what was not to be told is not corrected");
}

#[tokio::test]
async fn what_was_refused_as_a_notice_is_not_sent_again_beside_the_way_that_it_took() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.api.refuse(SendError::OutOfReach { reason: "551".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    assert_eq!(desk.mail.taken().len(), 1);
    let message = desk.messages().await.remove(0).id;
    let intervention = Intervention { decision: Decision::Resend, by: "Anna", request: None };
    let again = intervene(&desk.store, &desk.queue, &message, &intervention, desk.clock.now()).await;
    assert!(matches!(again, Err(InterveneError::NoticeWentOn)), "{again:?}");
}

#[tokio::test]
async fn who_is_out_of_reach_gets_no_second_form_and_counts_as_blocked() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let all = Setting { share: Some(Share::EVERYBODY), ..Setting::default() };
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &all, at(0)).await.unwrap();
    desk.api.refuse(SendError::OutOfReach { reason: "They blocked the Page. (Meta error 551)".into() });
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.api.calls().len(), 1);
    assert_eq!(desk.ways("20418", "receipt").await.last(), Some(&WayOut::GiveUp));
    let report = desk.store.report(&rollout::RolloutId::of(&page(PAGE), Kind::Receipt)).await.unwrap();
    assert_eq!((report.notified.blocked, report.notified.sent), (1, 0));
}

#[tokio::test]
async fn what_became_of_a_notice_is_seen_from_its_message() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    let message = desk.messages().await.remove(0);
    desk.clock.advance(Duration::from_secs(9));
    desk.ingest(read_up_to(desk.clock.now()).at(desk.clock.now()).build()).await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    assert_eq!(message.state(conversation.marks), MessageState::Read);
    let reached: Vec<_> = desk.notice("20418", "receipt").await.reached.iter().map(|reached| reached.step).collect();
    assert_eq!(reached, [Step::Sent, Step::Delivered, Step::Read]);
    assert!(desk.announced().is_empty(), "nobody listens");
}

#[tokio::test]
async fn a_rollout_holds_its_hold_out_back_and_counts_both_arms() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let setting = |points| Setting { share: Share::from_basis_points(points), ..Setting::default() };
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(0), at(0)).await.unwrap();
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.notice("20418", "receipt").await.state, NoticeState::HeldOut);
    desk.says("And my receipt?").await;
    let id = rollout::RolloutId::of(&page(PAGE), Kind::Receipt);
    let report = desk.store.report(&id).await.unwrap();
    assert_eq!((report.hold_out.chosen, report.hold_out.answered, report.notified.chosen), (1, 1, 0));
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(10_000), at(1)).await.unwrap();
    desk.placed("20419", 9134, agreed(known(), true, false)).await;
    let report = desk.store.report(&id).await.unwrap();
    assert_eq!((report.notified.chosen, report.notified.sent), (1, 1));
    desk.placed("20420", 9134, Buyer { email: None, ..known() }).await;
    assert_eq!(desk.store.report(&id).await.unwrap().notified.chosen, 1, "only those who agreed are counted");
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(0), at(2)).await.unwrap();
    desk.placed("20421", 9134, Buyer { email: None, ..known() }).await;
    assert_eq!(desk.notice("20421", "receipt").await.state, NoticeState::HeldOut, "nobody is nobody");
}

#[tokio::test]
async fn what_was_stored_and_never_decided_is_found_by_the_sweep() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))));
    take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    assert!(desk.messages().await.is_empty());
    desk.sweep().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_notice_that_waited_too_long_is_dropped() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.clock.advance(DAY * 31);
    desk.sweep().await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn news_that_waited_behind_another_app_is_not_told_when_it_is_old() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let before = desk.api.calls().len();
    desk.clock.advance(Duration::from_hours(1));
    desk.parcel("20418", ParcelStatus::Delivered).await;
    desk.clock.advance(Duration::from_hours(1));
    desk.says("Thank you!").await;
    desk.work().await;
    assert!(matches!(desk.notice("20418", "shipped:shopify:ship-1").await.state, NoticeState::Dropped { .. }));
    assert!(matches!(desk.notice("20418", "delivered:shopify:ship-1").await.state, NoticeState::Message { .. }));
    assert_eq!(desk.api.calls().len(), before + 1, "only the delivery");
}

#[tokio::test]
async fn who_was_out_of_reach_outside_the_window_gets_the_notice_when_they_write() {
    let desk = Desk::new();
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.api.refuse(SendError::OutOfReach { reason: "551".into() });
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Waiting { on: WaitsFor::Window, .. }));
    desk.says("Did my order arrive?").await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
}
