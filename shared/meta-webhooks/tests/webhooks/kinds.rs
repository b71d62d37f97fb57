//! Each known kind: read when it is well, told apart from every other, marked as broken when it is not, and unharmed by what Meta adds.

use domain::inbound::EventKind;
use meta_webhooks::Item;

use crate::payloads::{CUSTOMER, PAGE, broken, change, delivery_of, event, from_customer, item, kind};

/// Known kinds of `messaging`: the key, the name of the event, content that reads, content that must not.
const MESSAGING: &[(&str, &str, &str, &[&str])] = &[
    (
        "message",
        "message",
        r#"{"mid":"m_1","text":"hi"}"#,
        &["{}", r#"{"text":"hi"}"#, r#"{"mid":""}"#, r#"{"mid":null}"#, r#"{"mid":["m_1"]}"#, r#"{"mid":"m_1","text":{"a":1}}"#],
    ),
    (
        "message_edit",
        "edit",
        r#"{"mid":"m_1","text":"ho","num_edit":"2"}"#,
        &["{}", r#"{"mid":"m_1"}"#, r#"{"text":"ho"}"#, r#"{"mid":"m_1","text":"ho","num_edit":"two"}"#],
    ),
    (
        "reaction",
        "reaction",
        r#"{"mid":"m_1","action":"react","reaction":"love","emoji":"\u2764"}"#,
        &["{}", r#"{"mid":"m_1"}"#, r#"{"action":"react","reaction":"love"}"#, r#"{"mid":"m_1","action":"other"}"#],
    ),
    ("postback", "postback", r#"{"payload":"GET_STARTED"}"#, &[r#"{"payload":{"a":1}}"#]),
    ("delivery", "delivered", r#"{"watermark":1795255199910}"#, &["{}", r#"{"mids":["m_1"]}"#, r#"{"watermark":"soon"}"#]),
    ("read", "read", r#"{"watermark":1795255199910}"#, &["{}", r#"{"mid":"m_1"}"#, r#"{"watermark":0}"#]),
    ("referral", "referral", r#"{"ref":"order-1","source":"SHORTLINK","type":"OPEN_THREAD"}"#, &[]),
    ("optin", "opt_in", r#"{"type":"notification_messages"}"#, &[r#"{"notification_messages_status":{"stop":true}}"#]),
    ("pass_thread_control", "thread_control", r#"{"new_owner_app_id":1}"#, &[r#"{"new_owner_app_id":{}}"#, r#"{"new_owner_app_id":""}"#]),
    ("take_thread_control", "thread_control", r#"{"new_owner_app_id":"1"}"#, &["{}", r#"{"new_owner_app_id":null}"#]),
    ("release_thread_control", "thread_control", "{}", &[]),
    ("request_thread_control", "thread_control_request", r#"{"requested_owner_app_id":1}"#, &[]),
    ("app_roles", "app_roles", r#"{"1":["primary_receiver"]}"#, &[]),
    ("policy_enforcement", "enforcement", r#"{"action":"warning"}"#, &["{}", r#"{"action":["block"]}"#]),
    ("account_linking", "account_linking", r#"{"status":"unlinked"}"#, &[]),
    ("messaging_feedback", "feedback", r#"{"feedback_screens":[]}"#, &[]),
    ("messaging_customer_information", "customer_information", r#"{"screens":[]}"#, &[]),
    ("response_feedback", "response_feedback", r#"{"feedback":"Good response","mid":"m_1"}"#, &[]),
    ("order", "cart", r#"{"products":[{"id":"1","unit_price":49.9,"quantity":1}]}"#, &[]),
    ("template", "coupon_revealed", r#"{"type":"coupon","coupon_code":"10PERCENT"}"#, &["{}"]),
    ("form_id", "lead_form", r#""1180442057713099""#, &["{}"]),
    ("messenger_template_status_update", "template_status", r#"{"event":"APPROVED"}"#, &["{}"]),
    ("message_template_status_update", "template_status", r#"{"status":"REJECTED","reason":"PROMOTIONAL"}"#, &["{}"]),
];

/// Known fields of `changes`, in the same way.
const CHANGES: &[(&str, &str, &str, &[&str])] = &[
    ("business_integrity", "enforcement", r#"{"status":"RESTRICTED"}"#, &["{}"]),
    ("feed", "feed", r#"{"item":"comment","verb":"add"}"#, &[]),
    ("group_feed", "group_post", r#"{"item":"comment","verb":"add"}"#, &[]),
    ("leadgen", "leadgen", r#"{"leadgen_id":"1"}"#, &[]),
    ("marketing_message_clicks", "marketing_message", r#"{"mid":"m_1"}"#, &[]),
    ("marketing_message_deliveries", "marketing_message", r#"{"mid":"m_1"}"#, &[]),
    ("marketing_message_delivery_failed", "marketing_message", r#"{"message_id":"1"}"#, &[]),
    ("marketing_message_echoes", "marketing_message", r#"{"mid":"m_1"}"#, &[]),
    ("marketing_message_reads", "marketing_message", r#"{"mid":"m_1"}"#, &[]),
    ("mention", "mention", r#"{"post_id":"1_2"}"#, &[]),
    ("message_template_status_update", "template_status", r#"{"event":"APPROVED"}"#, &["{}"]),
    ("messenger_template_status_update", "template_status", r#"{"event":"PAUSED"}"#, &["{}"]),
    ("ratings", "rating", r#"{"rating":5}"#, &[]),
];

/// What no kind can be read from.
const NO_CONTENT: &[&str] = &["null", "true", "[]", r#"["m_1"]"#];

#[test]
fn every_known_kind_is_read() {
    for (key, name, content, _) in MESSAGING {
        assert_eq!(event(from_customer(&format!(r#""{key}":{content}"#))).kind_name(), *name, "{key}");
    }
    for (field, name, value, _) in CHANGES {
        assert_eq!(event(change(field, value)).kind_name(), *name, "{field}");
    }
}

#[test]
fn an_unknown_field_beside_or_inside_a_known_kind_changes_nothing() {
    for (key, name, content, _) in MESSAGING {
        let plain = event(from_customer(&format!(r#""{key}":{content}"#)));
        let beside = event(from_customer(&format!(r#""new_2027":{{"a":[1]}},"{key}":{content}"#)));
        assert_eq!((plain.kind, *name), (beside.kind, beside.raw.contains("new_2027").then_some(*name).unwrap()), "{key}");
        if let Some(members) = content.strip_prefix('{').filter(|members| *members != "}") {
            let inside = kind(from_customer(&format!(r#""{key}":{{"new_2027":{{"a":[1]}},{members}"#)));
            assert_eq!(kind(from_customer(&format!(r#""{key}":{content}"#))), inside, "{key}");
        }
    }
    for (field, _, value, _) in CHANGES {
        let with = value.replacen('{', r#"{"new_2027":{"a":[1]},"#, 1);
        assert_eq!(kind(change(field, value)), kind(change(field, &with)), "{field}");
    }
}

#[test]
fn a_known_kind_that_does_not_read_is_broken_and_says_where_and_not_what() {
    let secret_word = "geheim";
    for (key, _, _, contents) in MESSAGING {
        let numbers_and_texts: &[&str] = if *key == "form_id" { &[] } else { &["42", r#""geheim""#] };
        for content in contents.iter().chain(NO_CONTENT).chain(numbers_and_texts) {
            let broken = broken(from_customer(&format!(r#""{key}":{content},"note":"{secret_word}""#)));
            assert_eq!(broken.kind, *key, "{key}: {content}");
            assert_eq!(broken.page.unwrap().as_str(), PAGE, "{key}: {content}");
            assert!(broken.reason.starts_with(key), "{key}: {content}: {}", broken.reason);
            assert!(broken.reason.contains("expected") && !broken.reason.contains(secret_word), "{}", broken.reason);
            assert!(broken.raw.contains(secret_word), "the element is kept whole");
        }
    }
    for (field, _, _, values) in CHANGES {
        for value in values.iter().chain(NO_CONTENT).chain(&["42", r#""geheim""#]) {
            let broken = broken(change(field, value));
            assert_eq!(broken.kind, *field, "{field}: {value}");
            assert!(broken.reason.starts_with("value") && !broken.reason.contains(secret_word), "{field}: {value}: {}", broken.reason);
        }
    }
}

#[test]
fn the_key_alone_decides_so_the_content_of_another_kind_is_never_taken_for_it() {
    for (key, name, _, _) in MESSAGING {
        for (other, _, content, _) in MESSAGING {
            match item(from_customer(&format!(r#""{key}":{content}"#))) {
                Item::Event(event) if *key == "template" && *other != "template" => assert_eq!(event.kind_name(), "unknown", "{other}"),
                Item::Event(event) => assert_eq!(event.kind_name(), *name, "{other} as {key}"),
                Item::Broken(broken) => assert_eq!(broken.kind, *key, "{other} as {key}"),
            }
        }
    }
}

#[test]
fn a_kind_without_what_it_cannot_do_without_is_refused_in_another_kinds_content() {
    for (key, content) in [
        ("message", r#"{"watermark":1795255199910}"#),
        ("message", r#"{"payload":"GET_STARTED","title":"Start"}"#),
        ("message_edit", r#"{"mid":"m_1","is_echo":true}"#),
        ("reaction", r#"{"mid":"m_1","text":"ho","num_edit":1}"#),
        ("delivery", r#"{"mid":"m_1","text":"hi"}"#),
        ("read", r#"{"mid":"m_1"}"#),
        ("take_thread_control", r#"{"requested_owner_app_id":1}"#),
        ("policy_enforcement", r#"{"status":"RESTRICTED"}"#),
    ] {
        assert_eq!(broken(from_customer(&format!(r#""{key}":{content}"#))).kind, key, "{content}");
    }
}

#[test]
fn an_unknown_kind_is_kept_raw_under_the_key_that_names_it() {
    let unknown = event(from_customer(r#""hologram":{"mid":"m_1"}"#));
    assert_eq!(unknown.kind, EventKind::Unknown(String::from("hologram")));
    assert!(unknown.raw.contains(r#""hologram":{"mid":"m_1"}"#) && unknown.raw.contains(CUSTOMER));
    assert_eq!(kind(change("inbox_labels", r#"{"action":"add"}"#)), EventKind::Unknown(String::from("inbox_labels")));
    assert_eq!(kind(change("inbox_labels", "null")), EventKind::Unknown(String::from("inbox_labels")));
    let other_template = kind(from_customer(r#""template":{"type":"voucher"}"#));
    assert_eq!(other_template, EventKind::Unknown(String::from("template.voucher")));
    assert_eq!(kind(delivery_of("{}")), EventKind::Unknown(String::from("empty")));
    let endless = kind(from_customer(&format!(r#""{}":1"#, "ä".repeat(5000))));
    assert_eq!(endless, EventKind::Unknown("ä".repeat(100)), "a name stays short");
}

#[test]
fn a_key_with_content_goes_before_a_key_without() {
    assert!(matches!(kind(from_customer(r#""message":null,"postback":{"payload":"A"}"#)), EventKind::Postback(_)));
    assert!(matches!(kind(from_customer(r#""hologram":{},"message":{"mid":"m_1"}"#)), EventKind::Message(_)));
}

#[test]
fn what_only_a_customer_can_do_is_not_taken_from_the_page() {
    for (key, content) in [
        ("read", r#"{"watermark":1795255199910}"#),
        ("delivery", r#"{"watermark":1795255199910}"#),
        ("reaction", r#"{"mid":"m_1","action":"react","reaction":"love"}"#),
        ("postback", r#"{"payload":"A"}"#),
    ] {
        let element = format!(r#"{{"sender":{{"id":"{PAGE}"}},"recipient":{{"id":"{CUSTOMER}"}},"timestamp":1,"{key}":{content}}}"#);
        assert_eq!(kind(delivery_of(&element)), EventKind::Unknown(format!("{key}_by_page")));
    }
}

#[test]
fn an_event_of_a_thread_without_a_person_is_broken() {
    for key in ["message", "postback", "delivery", "read", "reaction", "optin", "referral", "take_thread_control", "order"] {
        let broken =
            broken(delivery_of(&format!(r#"{{"recipient":{{"id":"{PAGE}"}},"timestamp":1795255200000,"{key}":{{"mid":"m_1"}}}}"#)));
        assert_eq!(broken.reason, "sender: expected the id of a person, found nothing", "{key}");
    }
}
