use super::*;
use crate::conversation::Status;
use crate::id::{AppId, PlatformMessageId};
use crate::inbound::{NotedKind, OptIn, Reaction};
use crate::window;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_795_255_200_000 + ms)
}

fn mid() -> PlatformMessageId {
    PlatformMessageId::new("m_1").unwrap()
}

fn mia() -> UserId {
    UserId::new("7402918836412905").unwrap()
}

fn event(ms: i64, kind: EventKind) -> InboundEvent {
    let page = PageId::new("108234567890123").unwrap();
    InboundEvent { page, party: Party::Person(mia()), occurred_at: at(ms), standby: false, kind, raw: format!("{{\"at\":{ms}}}") }
}

fn text(said: &str) -> CustomerMessage {
    CustomerMessage {
        platform_id: mid(),
        text: Some(said.into()),
        quick_reply: None,
        reply_to: None,
        attachments: Vec::new(),
        referral: None,
    }
}

fn echo(app: Option<&str>) -> Echo {
    Echo {
        platform_id: mid(),
        app: app.map(|app| AppId::new(app).unwrap()),
        metadata: None,
        text: Some("Hello".into()),
        reply_to: None,
        attachments: Vec::new(),
    }
}

fn picture() -> Attachment {
    Attachment { kind: "image".into(), url: Some("https://cdn.example/1.jpg".into()), title: None, details: None }
}

fn ad() -> Referral {
    Referral { reference: None, source: Some("ADS".into()), kind: None, ad_id: Some("77".into()), product_id: None }
}

/// The conversation after the customer wrote at `at(0)`.
fn begun() -> Conversation {
    apply(None, &mia(), &event(0, EventKind::Message(text("Hi")))).unwrap().conversation
}

fn message(change: &Change) -> &Message {
    match &change.entry {
        Some(Entry::Message(message)) => message,
        other @ (Some(Entry::Event(_)) | None) => panic!("{other:?}"),
    }
}

#[test]
fn a_customers_message_begins_a_conversation_is_unread_and_opens_the_window() {
    let change = apply(None, &mia(), &event(0, EventKind::Message(text("Hi")))).unwrap();
    let conversation = &change.conversation;
    assert_eq!((conversation.unread_count, conversation.version, conversation.created_at), (1, 0, at(0)));
    assert_eq!(conversation.last_inbound_at, Some(at(0)));
    assert_eq!(conversation.window_ends_at, Some(window::ends_at(OpeningAction::Ordinary, at(0))));
    let message = message(&change);
    assert_eq!((message.direction, message.kind, message.author.kind), (Direction::Inbound, MessageKind::Text, AuthorKind::Customer));
    assert_eq!((message.text.as_deref(), message.raw.as_deref()), (Some("Hi"), Some("{\"at\":0}")));
    assert_eq!((message.platform_ids.as_slice(), message.sending.as_ref()), ([mid()].as_slice(), None));
}

#[test]
fn the_same_event_makes_the_same_row() {
    let event = event(0, EventKind::Message(text("Hi")));
    assert_eq!(apply(None, &mia(), &event), apply(None, &mia(), &event));
    assert_eq!(TimelineEvent::of(&event), TimelineEvent::of(&event));
}

#[test]
fn a_picture_without_words_is_an_attachment_and_with_words_a_text() {
    let bare = CustomerMessage { text: None, attachments: vec![picture()], ..text("") };
    assert_eq!(message(&apply(None, &mia(), &event(0, EventKind::Message(bare))).unwrap()).kind, MessageKind::Attachment);
    let both = CustomerMessage { attachments: vec![picture()], ..text("look") };
    assert_eq!(message(&apply(None, &mia(), &event(0, EventKind::Message(both))).unwrap()).kind, MessageKind::Text);
}

#[test]
fn a_late_message_moves_no_moment_back() {
    let late = apply(Some(&begun()), &mia(), &event(-5000, EventKind::Message(text("late")))).unwrap().conversation;
    assert_eq!((late.last_activity_at, late.last_inbound_at, late.unread_count), (at(0), Some(at(0)), 2));
    assert_eq!(late.window_ends_at, begun().window_ends_at);
}

#[test]
fn a_question_after_the_last_case_opens_the_next() {
    let mut resolved = begun();
    resolved.case.status = Status::Resolved;
    let next = apply(Some(&resolved), &mia(), &event(9, EventKind::Message(text("One more thing")))).unwrap().conversation;
    assert_eq!((next.case.number, next.status()), (2, Status::Open));
}

#[test]
fn an_ad_opens_a_week_for_the_first_message_and_no_other() {
    let led = || EventKind::Message(CustomerMessage { referral: Some(ad()), ..text("Hi") });
    let first = apply(None, &mia(), &event(0, led())).unwrap().conversation;
    assert_eq!(first.window_ends_at, Some(window::ends_at(OpeningAction::FirstMessageAfterAd, at(0))));
    let second = apply(Some(&begun()), &mia(), &event(9, led())).unwrap().conversation;
    assert_eq!(second.window_ends_at, Some(window::ends_at(OpeningAction::Ordinary, at(9))));
    // An echo came first: the thread is there, and nobody wrote in it.
    let greeted = apply(None, &mia(), &event(-9, EventKind::Echo(echo(None)))).unwrap().conversation;
    let answered = apply(Some(&greeted), &mia(), &event(0, led())).unwrap().conversation;
    assert_eq!(answered.window_ends_at, first.window_ends_at);
    let link = Referral { source: Some("SHORTLINK".into()), ..ad() };
    let linked = EventKind::Message(CustomerMessage { referral: Some(link), ..text("Hi") });
    let linked = apply(None, &mia(), &event(0, linked)).unwrap().conversation;
    assert_eq!(linked.window_ends_at, Some(window::ends_at(OpeningAction::Ordinary, at(0))));
}

#[test]
fn a_tap_is_a_message_of_its_own_kind() {
    let tap = Postback { platform_id: Some(mid()), title: Some("Get Started".into()), payload: Some("START".into()), referral: Some(ad()) };
    let change = apply(None, &mia(), &event(0, EventKind::Postback(tap))).unwrap();
    assert_eq!(change.conversation.window_ends_at, Some(window::ends_at(OpeningAction::FirstMessageAfterAd, at(0))));
    let message = message(&change);
    assert_eq!(
        (message.kind, message.text.as_deref(), message.payload.as_deref()),
        (MessageKind::Postback, Some("Get Started"), Some("START"))
    );
    let bare = Postback { platform_id: None, title: None, payload: None, referral: None };
    let change = apply(None, &mia(), &event(0, EventKind::Postback(bare))).unwrap();
    assert!(change.entry.is_some_and(|entry| matches!(entry, Entry::Message(message) if message.platform_ids.is_empty())));
}

#[test]
fn a_foreign_echo_is_an_agents_from_an_inbox_and_a_bots_from_an_app() {
    for (app, kind, unread) in [
        (None, AuthorKind::Agent, 0),
        (Some("263902037430900"), AuthorKind::Agent, 0),
        (Some("26390203743090"), AuthorKind::Agent, 0),
        (Some("1217981644879628"), AuthorKind::Agent, 0),
        (Some("1517776481860111"), AuthorKind::Bot, 1),
    ] {
        let change = apply(Some(&begun()), &mia(), &event(5, EventKind::Echo(echo(app)))).unwrap();
        let message = message(&change);
        assert_eq!((message.direction, message.author.kind), (Direction::Outbound, kind));
        assert_eq!((change.conversation.unread_count, change.conversation.last_outbound_at), (unread, Some(at(5))), "{app:?}");
        assert_eq!(change.conversation.window_ends_at, begun().window_ends_at, "we do not open the window");
    }
}

#[test]
fn marks_move_a_conversation_that_is_there_and_add_no_row() {
    for kind in [EventKind::Delivered { up_to: at(5), platform_ids: vec![mid()] }, EventKind::Read { up_to: at(5) }] {
        assert_eq!(apply(None, &mia(), &event(6, kind.clone())), None);
        let change = apply(Some(&begun()), &mia(), &event(6, kind.clone())).unwrap();
        assert_eq!(change.entry, None);
        assert_eq!(change.conversation.last_activity_at, at(0), "reading is no activity");
        assert_eq!(apply(Some(&change.conversation), &mia(), &event(7, kind)), None, "it stands there already");
    }
}

#[test]
fn a_reaction_opens_the_window_of_a_conversation_that_is_there() {
    let love = Some(Reaction { name: "love".into(), emoji: None });
    let reaction = |reaction| EventKind::Reaction { platform_id: mid(), reaction };
    assert_eq!(apply(None, &mia(), &event(5, reaction(love.clone()))), None);
    let change = apply(Some(&begun()), &mia(), &event(5, reaction(love.clone()))).unwrap();
    assert_eq!((change.conversation.window_ends_at, change.entry), (Some(window::ends_at(OpeningAction::Ordinary, at(5))), None));
    assert_eq!(apply(Some(&begun()), &mia(), &event(5, reaction(None))), None, "taking it back opens nothing");
    assert_eq!(apply(Some(&begun()), &mia(), &event(-5, reaction(love))), None, "a late one opens nothing");
}

#[test]
fn edits_and_unsends_do_nothing_to_a_conversation() {
    for kind in [EventKind::Edit { platform_id: mid(), text: "x".into(), number: 1 }, EventKind::Unsend { platform_id: mid() }] {
        assert_eq!(apply(Some(&begun()), &mia(), &event(5, kind.clone())), None);
        assert_eq!(apply(None, &mia(), &event(5, kind)), None);
    }
}

#[test]
fn a_link_into_the_thread_is_activity_and_opens_the_window() {
    let change = apply(Some(&begun()), &mia(), &event(5, EventKind::Referral(ad()))).unwrap();
    assert_eq!(change.conversation.last_activity_at, at(5));
    assert_eq!(change.conversation.unread_count, 1);
    assert_eq!(change.conversation.window_ends_at, Some(window::ends_at(OpeningAction::Ordinary, at(5))));
    assert!(matches!(change.entry, Some(Entry::Event(event)) if event.kind == "referral"));
}

#[test]
fn control_of_the_thread_is_noted_and_given_back() {
    let owner = AppId::new("1517776481860111").unwrap();
    let taken = apply(Some(&begun()), &mia(), &event(5, EventKind::ThreadControl { owner: Some(owner.clone()) })).unwrap();
    assert_eq!(taken.conversation.thread_owner, Some(owner));
    let back = apply(Some(&taken.conversation), &mia(), &event(6, EventKind::ThreadControl { owner: None })).unwrap();
    assert_eq!(back.conversation.thread_owner, None);
    assert!(matches!(back.entry, Some(Entry::Event(_))));
}

#[test]
fn what_changes_nothing_else_is_a_row_of_the_timeline() {
    let opt_in = OptIn { kind: None, reference: None, payload: None, status: None };
    for (kind, name) in [
        (EventKind::OptIn(opt_in), "opt_in"),
        (EventKind::Enforcement { action: "block".into(), reason: None }, "enforcement"),
        (EventKind::TemplateStatus { name: None, language: None, status: "APPROVED".into(), reason: None }, "template_status"),
        (EventKind::Noted(NotedKind::Feedback), "feedback"),
        (EventKind::Unknown("message_hologram".into()), "unknown:message_hologram"),
    ] {
        let change = apply(Some(&begun()), &mia(), &event(5, kind)).unwrap();
        assert_eq!(change.conversation, begun());
        assert!(matches!(change.entry, Some(Entry::Event(event)) if event.kind == name && event.conversation == Some(begun().id)));
    }
}

#[test]
fn an_event_of_no_person_stands_beside_every_conversation() {
    for party in [Party::Page, Party::Reference("checkbox-7".into())] {
        let event = InboundEvent { party, ..event(5, EventKind::Noted(NotedKind::Feed)) };
        assert_eq!(TimelineEvent::of(&event).conversation, None);
    }
}

#[test]
fn standby_is_remembered() {
    let event = InboundEvent { standby: true, ..event(0, EventKind::Message(text("Hi"))) };
    assert!(message(&apply(None, &mia(), &event).unwrap()).standby);
}

#[test]
fn what_is_too_long_for_a_row_is_cut_and_stays_whole_in_the_raw_event() {
    let long = "€".repeat(LONGEST_TEXT);
    let huge = Attachment {
        kind: long.clone(),
        url: Some(long.clone()),
        title: Some(long.clone()),
        details: Some(serde_json::json!({ "note": long.clone() })),
    };
    let small = Attachment { details: Some(serde_json::json!({ "id": 7 })), ..picture() };
    let mut attachments = vec![huge; MOST_ATTACHMENTS - 1];
    attachments.extend([small.clone(), picture()]);
    let said = CustomerMessage { quick_reply: Some(long.clone()), attachments, ..text(&long) };
    let change = apply(None, &mia(), &event(0, EventKind::Message(said))).unwrap();
    let message = message(&change);
    assert_eq!(message.text.as_ref().map(String::len), Some(LONGEST_TEXT));
    assert_eq!(message.payload.as_ref().map(String::len), Some(LONGEST_TEXT));
    assert_eq!(message.attachments.len(), MOST_ATTACHMENTS);
    assert_eq!(message.attachments.last(), Some(&small));
    let first = &message.attachments[0];
    assert!(first.url.as_ref().is_some_and(|url| url.len() <= LONGEST_DETAILS));
    assert_eq!(first.details, None, "half a JSON value is none");
}
