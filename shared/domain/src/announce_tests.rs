use super::*;
use crate::id::UserId;
use crate::inbound::Postback;

fn at() -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000)
}

fn tap() -> InboundEvent {
    InboundEvent {
        page: PageId::new("1").unwrap(),
        party: Party::Person(UserId::new("2").unwrap()),
        occurred_at: at(),
        standby: false,
        kind: EventKind::Postback(Postback { platform_id: None, title: None, payload: Some("GET_STARTED".into()), referral: None }),
        raw: r#"{"postback":{"payload":"GET_STARTED"}}"#.into(),
    }
}

#[test]
fn every_kind_is_written_by_its_name_and_read_back() {
    for kind in AnnouncementKind::ALL {
        assert_eq!(AnnouncementKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(AnnouncementKind::parse("webhook.test"), None, "nobody asks for tests");
}

#[test]
fn the_same_happening_has_one_id_and_another_has_another() {
    let first = Announcement::message_received(&tap()).unwrap();
    assert_eq!(Announcement::message_received(&tap()).unwrap().id, first.id);
    let later = InboundEvent { occurred_at: Timestamp::from_millis(at().as_millis() + 1_000), ..tap() };
    assert_ne!(Announcement::message_received(&later).unwrap().id, first.id);
    assert_eq!(AnnouncementId::parse(first.id.as_str()), Some(first.id));
}

#[test]
fn what_is_no_word_of_a_customer_is_not_received() {
    let read = InboundEvent { kind: EventKind::Read { up_to: at() }, ..tap() };
    assert_eq!(Announcement::message_received(&read), None);
    assert_eq!(Announcement::message_received(&InboundEvent { party: Party::Page, ..tap() }), None);
}

#[test]
fn a_payload_has_type_timestamp_and_data() {
    let announcement = Announcement::message_received(&tap()).unwrap();
    let payload: Value = serde_json::from_str(&announcement.payload(None)).unwrap();
    assert_eq!(payload["type"], "message.received");
    assert_eq!(payload["timestamp"], "2026-11-21T10:00:00.000Z");
    assert_eq!(payload["data"]["conversation_id"], announcement.message.unwrap().conversation.as_str());
}

#[test]
fn a_notice_is_named_in_its_data_and_one_id_is_one_state() {
    let page = PageId::new("1").unwrap();
    let order = crate::notice::OrderId::of(&page, "20418");
    let notice = NoticeId::of(&order, "receipt");
    let told = |kind| Announcement::notification(kind, &notice, &page, at(), json!({ "state": "sent" }));
    let sent = told(AnnouncementKind::NotificationSent);
    assert_eq!(sent.data, json!({ "state": "sent", "notification_id": notice.as_str() }));
    assert_ne!(sent.id, told(AnnouncementKind::NotificationRead).id);
}

#[test]
fn an_announcement_is_read_as_it_was_written() {
    let announcement = Announcement::message_received(&tap()).unwrap();
    let written = serde_json::to_string(&EventJob::Announce { announcement: announcement.clone() }).unwrap();
    assert_eq!(serde_json::from_str::<EventJob>(&written).unwrap(), EventJob::Announce { announcement });
    assert!(!written.contains("GET_STARTED"), "a job carries no words");
}
