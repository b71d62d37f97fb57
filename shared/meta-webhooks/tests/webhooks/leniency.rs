//! Meta contradicts itself. What is harmless is read.

use domain::id::{AppId, PlatformMessageId, UserId};
use domain::inbound::{Attachment, CustomerMessage, Echo, EventKind, InboundEvent, Party, Reaction};
use domain::time::Timestamp;

use crate::payloads::{self, CUSTOMER, PAGE, RECEIVED_AT, broken, change, delivery_of, event, from_customer, kind};

const ENTRY_TIME: Timestamp = Timestamp::from_millis(1_795_255_200_412);

fn message(content: &str) -> CustomerMessage {
    let kind = kind(from_customer(&format!(r#""message":{{"mid":"m_1",{content}}}"#)));
    let EventKind::Message(message) = kind else { unreachable!("{kind:?}") };
    message
}

fn echo(element: &str) -> (InboundEvent, Echo) {
    let event = event(delivery_of(element));
    let EventKind::Echo(echo) = event.kind.clone() else { unreachable!("{event:?}") };
    (event, echo)
}

fn kinds_of(attachments: &[Attachment]) -> Vec<&str> {
    attachments.iter().map(|attachment| attachment.kind.as_str()).collect()
}

fn person(id: &str) -> Party {
    Party::Person(UserId::new(id).unwrap())
}

fn mid(id: &str) -> PlatformMessageId {
    PlatformMessageId::new(id).unwrap()
}

#[test]
fn ids_come_as_numbers_or_strings_of_any_length() {
    let huge = "123456789012345678901234567890123456789";
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":{PAGE},"messaging":[{{"sender":{{"id":{huge}}},"recipient":{{"id":{PAGE}}},"message":{{"mid":7}}}}]}}]}}"#
    );
    let event = event(body);
    assert_eq!(event.page.as_str(), PAGE);
    assert_eq!(event.party, person(huge));
    assert!(matches!(event.kind, EventKind::Message(message) if message.platform_id == mid("7")));
    let passed = kind(from_customer(&format!(r#""pass_thread_control":{{"new_owner_app_id":{huge}}}"#)));
    assert_eq!(passed, EventKind::ThreadControl { owner: AppId::new(huge) });
}

#[test]
fn timestamps_come_in_seconds_or_milliseconds_as_numbers_strings_or_floats() {
    for timestamp in
        ["1795255200000", r#""1795255200000""#, "1795255200", r#""1795255200""#, "1795255200.0", "1795255200.9", "1.7952552e12"]
    {
        let element = format!(r#"{{"sender":{{"id":"1"}},"timestamp":{timestamp},"message":{{"mid":"m_1"}}}}"#);
        assert_eq!(event(delivery_of(&element)).occurred_at, Timestamp::from_millis(1_795_255_200_000), "{timestamp}");
    }
}

#[test]
fn without_a_timestamp_the_entry_and_then_the_clock_tell_the_time() {
    for timestamp in ["null", "0", "-1", r#""""#, r#""yesterday""#, "{}", "[1795255200]", "true", "1e999", r#""NaN""#] {
        let element = format!(r#"{{"sender":{{"id":"1"}},"timestamp":{timestamp},"message":{{"mid":"m_1"}}}}"#);
        assert_eq!(event(delivery_of(&element)).occurred_at, ENTRY_TIME, "{timestamp}");
    }
    let element = r#"{"sender":{"id":"1"},"message":{"mid":"m_1"}}"#;
    assert_eq!(event(delivery_of(element)).occurred_at, ENTRY_TIME);
    let timeless = format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","messaging":[{element}]}}]}}"#);
    assert_eq!(event(timeless).occurred_at, RECEIVED_AT);
}

#[test]
fn a_change_happened_when_it_says_so_and_not_when_the_comment_was_made() {
    let at = |value: &str| event(change("feed", value)).occurred_at.as_millis() / 1000;
    assert_eq!(at(r#"{"verb":"add","created_time":1795255100}"#), 1_795_255_100);
    assert_eq!(at(r#"{"created_time":1795255100}"#), 1_795_255_100);
    assert_eq!(at(r#"{"verb":"edited","created_time":1795255100,"edited_time":1795255150}"#), 1_795_255_150);
    assert_eq!(at(r#"{"verb":"hide","created_time":1795255100}"#), 1_795_255_200, "the time of the entry");
    assert_eq!(event(change("business_integrity", r#"{"status":"OK","timestamp":1795255111}"#)).occurred_at.as_millis(), 1_795_255_111_000);
}

#[test]
fn watermarks_come_in_seconds_too() {
    assert_eq!(
        kind(from_customer(r#""read":{"watermark":1795255199}"#)),
        EventKind::Read { up_to: Timestamp::from_millis(1_795_255_199_000) }
    );
    assert_eq!(
        kind(from_customer(r#""delivery":{"watermark":"1795255199","mids":["m_1",null,"",{},"m_2"]}"#)),
        EventKind::Delivered { up_to: Timestamp::from_millis(1_795_255_199_000), platform_ids: vec![mid("m_1"), mid("m_2")] }
    );
    assert!(
        matches!(kind(from_customer(r#""delivery":{"watermark":1795255199,"mids":null}"#)), EventKind::Delivered { platform_ids, .. } if platform_ids.is_empty())
    );
}

#[test]
fn without_an_entry_id_the_recipient_is_the_page_and_in_an_echo_the_sender() {
    let body = |element: &str| format!(r#"{{"object":"page","entry":[{{"messaging":[{element}]}}]}}"#);
    let incoming = event(body(&format!(r#"{{"sender":{{"id":"{CUSTOMER}"}},"recipient":{{"id":"{PAGE}"}},"message":{{"mid":"m_1"}}}}"#)));
    assert_eq!((incoming.page.as_str(), incoming.party), (PAGE, person(CUSTOMER)));
    let echo = event(body(&format!(
        r#"{{"sender":{{"id":"{PAGE}"}},"recipient":{{"id":"{CUSTOMER}"}},"message":{{"is_echo":true,"mid":"m_1"}}}}"#
    )));
    assert_eq!((echo.page.as_str(), echo.party), (PAGE, person(CUSTOMER)));
    let nowhere = broken(body(r#"{"sender":{"id":"1"},"message":{"mid":"m_1"}}"#));
    assert_eq!(nowhere.reason, "recipient: expected the id of a Page, here or in the entry, found nothing");
    let lead = event(r#"{"object":"page","entry":[{"changes":[{"field":"leadgen","value":{"page_id":77}}]}]}"#);
    assert_eq!(lead.page.as_str(), "77");
}

#[test]
fn an_echo_is_told_by_its_mark_or_by_its_sender() {
    let parties = format!(r#""sender":{{"id":"{PAGE}"}},"recipient":{{"id":"{CUSTOMER}"}}"#);
    for mark in [r#""is_echo":true,"#, r#""is_echo":"true","#, r#""is_echo":1,"#, ""] {
        let (event, echo) = echo(&format!(r#"{{{parties},"message":{{{mark}"mid":"m_1","text":"hi","app_id":42,"metadata":"msg_1"}}}}"#));
        assert_eq!(event.party, person(CUSTOMER), "{mark}");
        assert_eq!((echo.app.unwrap().as_str(), echo.metadata.as_deref()), ("42", Some("msg_1")), "{mark}");
    }
    let to_reference =
        event(delivery_of(r#"{"sender":{"id":"1"},"recipient":{"user_ref":"cbx_1"},"message":{"is_echo":true,"mid":"m_1"}}"#));
    assert_eq!(to_reference.party, Party::Reference(String::from("cbx_1")));
}

#[test]
fn a_message_taken_back_is_an_unsend_on_either_side() {
    assert_eq!(kind(from_customer(r#""message":{"mid":"m_1","is_deleted":true}"#)), EventKind::Unsend { platform_id: mid("m_1") });
    let echo = format!(
        r#"{{"sender":{{"id":"{PAGE}"}},"recipient":{{"id":"{CUSTOMER}"}},"message":{{"is_echo":true,"mid":"m_1","is_deleted":true}}}}"#
    );
    let event = event(delivery_of(&echo));
    assert_eq!((event.party, event.kind), (person(CUSTOMER), EventKind::Unsend { platform_id: mid("m_1") }));
}

#[test]
fn a_message_may_have_neither_text_nor_attachments() {
    for content in
        [r#""text":null"#, r#""text":"","attachments":[]"#, r#""attachments":null,"quick_reply":null,"reply_to":null,"referral":null"#]
    {
        let message = message(content);
        assert_eq!((message.text, message.attachments, message.quick_reply, message.reply_to), (None, vec![], None, None), "{content}");
    }
}

#[test]
fn an_odd_attachment_never_costs_the_message() {
    let message = message(
        r#""text":"hi","attachments":[null,7,"x",{"type":"fallback"},{"type":"fallback","payload":null},{"type":"image","payload":"odd"},{"type":"like_heart"},{"payload":{"url":"https://x"}}]"#,
    );
    assert_eq!(message.text.as_deref(), Some("hi"));
    assert_eq!(kinds_of(&message.attachments), ["unknown", "unknown", "fallback", "fallback", "image", "like_heart", "unknown"]);
    assert_eq!(message.attachments.last().unwrap().url.as_deref(), Some("https://x"));
    let single = self::message(r#""attachments":{"type":"image","payload":{"url":"https://x"}}"#);
    assert_eq!(kinds_of(&single.attachments), ["image"], "one without its array");
}

#[test]
fn a_stickers_twin_is_left_out_and_another_picture_is_kept() {
    let sticker = r#"{"type":"sticker","payload":{"url":"https://cdn/a.png?oh=1","sticker_id":369239263222822}}"#;
    for twin in [
        r#"{"type":"image","payload":{"url":"https://cdn/a.png?oh=2"}}"#,
        r#"{"type":"image","payload":{"url":"https://cdn/b.png","sticker_id":"369239263222822"}}"#,
    ] {
        assert_eq!(kinds_of(&message(&format!(r#""attachments":[{twin},{sticker}]"#)).attachments), ["sticker"]);
        assert_eq!(kinds_of(&message(&format!(r#""attachments":[{sticker},{twin}]"#)).attachments), ["sticker"]);
    }
    let photo = r#"{"type":"image","payload":{"url":"https://cdn/b.png?oh=1"}}"#;
    assert_eq!(kinds_of(&message(&format!(r#""attachments":[{photo},{sticker}]"#)).attachments), ["image", "sticker"]);
    let nameless = r#"{"type":"image"},{"type":"sticker"}"#;
    assert_eq!(kinds_of(&message(&format!(r#""attachments":[{nameless}]"#)).attachments), ["image", "sticker"]);
    assert_eq!(
        kinds_of(&message(&format!(r#""attachments":[{photo},{photo}]"#)).attachments),
        ["image", "image"],
        "twice the same photo is meant"
    );
}

#[test]
fn numbers_that_no_integer_holds_do_not_matter_where_we_do_not_use_them() {
    let message = message(r#""seq":99999999999999999999999999,"nlp":{"x":1e999},"attachments":[{"type":"post","payload":{"id":1e999}}]"#);
    assert_eq!(message.attachments.first().unwrap().details, Some(serde_json::json!({"id": "1e999"})));
}

#[test]
fn half_an_emoji_does_not_cost_the_message() {
    for (came, read) in
        [(r"\ud83d", "\u{fffd}"), (r"a \uDE00 b", "a \u{fffd} b"), (r"\ud83d\ude00 \ud83d", "😀 \u{fffd}"), (r"\\ud83d", r"\ud83d")]
    {
        assert_eq!(message(&format!(r#""text":"{came}""#)).text.as_deref(), Some(read));
    }
    let event = event(from_customer(r#""message":{"mid":"m_1","text":"\ud83d","\ud83d":1}"#));
    assert!(event.raw.contains(r#""text":"\ud83d""#), "raw stays as it came");
}

#[test]
fn of_a_key_that_stands_twice_the_last_counts() {
    assert_eq!(message(r#""text":"first","text":"last""#).text.as_deref(), Some("last"));
    let twice = kind(from_customer(r#""message":{"mid":"m_1"},"message":{"mid":"m_2"}"#));
    assert!(matches!(twice, EventKind::Message(message) if message.platform_id == mid("m_2")));
}

#[test]
fn a_reaction_is_read_in_each_of_its_shapes() {
    let reaction = |content: &str| kind(from_customer(&format!(r#""reaction":{{"mid":"m_1",{content}}}"#)));
    let of = |name: &str, emoji: Option<&str>| EventKind::Reaction {
        platform_id: mid("m_1"),
        reaction: Some(Reaction { name: name.to_owned(), emoji: emoji.map(str::to_owned) }),
    };
    assert_eq!(reaction(r#""action":"react","reaction":"love","emoji":"\u2764""#), of("love", Some("❤")));
    assert_eq!(reaction(r#""action":"react","emoji":"\ud83e\udd9a""#), of("other", Some("🦚")));
    assert_eq!(reaction(r#""reaction":"wow""#), of("wow", None));
    assert_eq!(reaction(r#""action":"unreact","reaction":"wow""#), EventKind::Reaction { platform_id: mid("m_1"), reaction: None });
}

#[test]
fn an_edit_counts_with_a_number_or_a_string() {
    for (number, read) in [(r#","num_edit":3"#, 3), (r#","num_edit":"3""#, 3), ("", 1)] {
        let edit = kind(from_customer(&format!(r#""message_edit":{{"mid":"m_1","text":"ho"{number}}}"#)));
        assert_eq!(edit, EventKind::Edit { platform_id: mid("m_1"), text: String::from("ho"), number: read });
    }
}

#[test]
fn a_thread_passed_to_nobody_or_released_has_no_owner() {
    let free = EventKind::ThreadControl { owner: None };
    assert_eq!(kind(from_customer(r#""pass_thread_control":{"previous_owner_app_id":1,"new_owner_app_id":null}"#)), free);
    assert_eq!(kind(from_customer(r#""release_thread_control":{"previous_owner_app_id":1}"#)), free);
}

#[test]
fn a_postback_in_standby_has_no_payload() {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1,"standby":[{{"sender":{{"id":"1"}},"recipient":{{"id":"{PAGE}"}},"postback":{{"title":"Start"}}}}]}}]}}"#
    );
    let event = event(body);
    assert!(event.standby);
    assert!(matches!(event.kind, EventKind::Postback(postback) if postback.payload.is_none() && postback.platform_id.is_none()));
}

#[test]
fn a_change_that_wraps_an_element_is_that_element() {
    let element =
        format!(r#"{{"sender":{{"id":"{CUSTOMER}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":"1795255200","message":{{"mid":"m_1"}}}}"#);
    let wrapped = event(change("messages", &element));
    let plain = event(delivery_of(&element));
    assert_eq!(wrapped, plain);
    assert_eq!(wrapped.dedupe_key(), plain.dedupe_key());
}

#[test]
fn the_commenter_on_a_post_is_not_taken_for_a_customer_of_the_inbox() {
    assert_eq!(event(payloads::read("page-feed-comment_add")).party, Party::Page);
    assert_eq!(event(payloads::read("messenger-group_feed")).party, Party::Page);
}

#[test]
fn a_restriction_without_a_description_gives_the_type_of_the_violation_as_its_reason() {
    let restricted =
        |violations: &str| kind(change("business_integrity", &format!(r#"{{"status":"RESTRICTED","violations":{violations}}}"#)));
    let because = |reason: Option<&str>| EventKind::Enforcement { action: String::from("RESTRICTED"), reason: reason.map(str::to_owned) };
    assert_eq!(restricted(r#"[null,{"url":"https://x"},{"type":"SPAM"}]"#), because(Some("SPAM")));
    assert_eq!(restricted(r#"[{"type":"SPAM","description":"Too many"}]"#), because(Some("Too many")));
    assert_eq!(restricted("null"), because(None));
}
