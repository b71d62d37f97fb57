//! The shapes that a whole body comes in, and bodies that are none.

use domain::inbound::EventKind;
use domain::retry::{Retry, Retryable};
use meta_webhooks::{Item, ParseError};

use crate::payloads::{self, PAGE, event, from_customer, kind, parse, try_parse};

fn message(mid: &str) -> String {
    format!(r#"{{"sender":{{"id":"5"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1795255200000,"message":{{"mid":"{mid}"}}}}"#)
}

/// Names each item: the `mid` of a message, the kind of a broken element, the name of an unknown kind.
fn names(body: impl AsRef<[u8]>) -> Vec<String> {
    let name = |item| match item {
        Item::Broken(broken) => format!("broken {}", broken.kind),
        Item::Event(event) => {
            if let EventKind::Message(message) = &event.kind {
                message.platform_id.to_string()
            } else if let EventKind::Unknown(name) = &event.kind {
                format!("unknown {name}")
            } else {
                event.kind_name().to_owned()
            }
        }
    };
    parse(body).items.into_iter().map(name).collect()
}

#[test]
fn every_element_of_every_array_of_every_entry_is_read_in_order() {
    let [first, second, third, fourth, fifth] = ["m_1", "m_2", "m_3", "m_4", "m_5"].map(message);
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","messaging":[{first},{second}],"standby":[{third}]}},{{"id":"2","changes":[{{"field":"feed","value":{{}}}}]}},{{"id":"3","standby":[{fourth}],"messaging":[{fifth}]}}]}}"#
    );
    assert_eq!(names(body), ["m_1", "m_2", "m_3", "feed", "m_4", "m_5"]);
}

#[test]
fn an_unreadable_element_never_costs_its_neighbours() {
    let [a, b] = ["m_1", "m_2"].map(message);
    let body = format!(
        r#"{{"object":"page","entry":[null,{{"id":"1","messaging":[{a},7,"x",null,[],{{"sender":{{"id":"5"}},"message":{{}}}},{b}]}},[],{{"id":"2"}},{{"id":"3","changes":[null,{{}},{{"field":"feed","value":{{}}}}]}}]}}"#
    );
    let [before, after] = ["m_1", "m_2"];
    assert_eq!(
        names(body),
        [
            "broken entry",
            before,
            "broken messaging",
            "broken messaging",
            "broken messaging",
            "broken messaging",
            "broken message",
            after,
            "broken entry",
            "broken entry",
            "broken changes",
            "broken changes",
            "feed"
        ]
    );
}

#[test]
fn a_delivery_may_be_wrapped_in_an_array() {
    let golden = String::from_utf8(payloads::read("messenger-messages-text")).unwrap();
    assert_eq!(parse(format!("[{golden}]")), parse(&golden));
    assert_eq!(parse(format!("[{golden},{golden}]")).items.len(), 2);
    let mixed = parse(format!("[42,{golden},{{}}]"));
    assert_eq!(mixed.object, "page");
    assert!(matches!(mixed.items.as_slice(), [Item::Broken(_), Item::Event(_), Item::Broken(_)]));
}

#[test]
fn a_body_that_is_no_envelope_is_refused_as_a_whole_and_says_why() {
    for (body, why) in [
        ("42", "the body is not a webhook envelope: expected an object, found a number"),
        ("null", "the body is not a webhook envelope: expected an object, found null"),
        (r#""page""#, "the body is not a webhook envelope: expected an object, found a string"),
        ("[]", "the body is not a webhook envelope: expected an object, found an empty array"),
        ("{}", "the envelope has no entries: expected an array at `entry`, found nothing"),
        (r#"{"object":"page"}"#, "the envelope has no entries: expected an array at `entry`, found nothing"),
        (r#"{"object":"page","entry":null}"#, "the envelope has no entries: expected an array at `entry`, found null"),
        (r#"{"object":"page","entry":"x"}"#, "the envelope has no entries: expected an array at `entry`, found a string"),
        (r#"{"field":"feed"}"#, "the envelope has no entries: expected an array at `entry`, found nothing"),
        ("", "the body is not JSON: line 1, column 0"),
        (r#"{"object":"page","entry":[{"#, "the body is not JSON: line 1, column 27"),
        ("{\"object\":\"page\",\n\"entry\":[]} x", "the body is not JSON: line 2, column 13"),
    ] {
        let err = try_parse(body).unwrap_err();
        assert_eq!(err.to_string(), why, "{body}");
        assert_eq!(err.retry(), Retry::Never);
    }
    assert_eq!(try_parse(b"{\"object\":\"\xff\"}"), Err(ParseError::NotUtf8 { at: 11 }));
}

#[test]
fn a_delivery_without_elements_has_no_items() {
    for body in [r#"{"object":"page","entry":[]}"#, r#"{"object":"page","entry":[{"id":"1","messaging":[],"standby":null}]}"#] {
        assert!(parse(body).items.is_empty(), "{body}");
    }
}

#[test]
fn one_entry_or_one_element_without_its_array_is_read() {
    let body = format!(r#"{{"object":"page","entry":{{"id":"1","messaging":{}}}}}"#, message("m_1"));
    assert_eq!(names(body), ["m_1"]);
}

#[test]
fn an_array_that_we_do_not_know_is_kept_element_by_element() {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","hop_context":[{{"app_id":1}}],"holograms":[{{"a":1}},2],"messaging":[{}]}}]}}"#,
        message("m_1")
    );
    assert_eq!(names(body), ["unknown entry.holograms", "unknown entry.holograms", "m_1"]);
}

#[test]
fn an_array_that_stands_twice_is_read_twice() {
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{}],"messaging":[{}]}}]}}"#, message("m_1"), message("m_2"));
    assert_eq!(names(body), ["m_1", "m_2"]);
}

#[test]
fn other_objects_are_kept_raw_under_their_name() {
    let body = format!(
        r#"{{"object":"instagram","entry":[{{"id":"1","messaging":[{}],"standby":[{{}}],"field":"comments","value":{{}}}}]}}"#,
        message("m_1")
    );
    assert_eq!(names(body), ["unknown instagram.messaging", "unknown instagram.standby", "unknown instagram.comments"]);
    assert_eq!(names(r#"{"object":"permissions","entry":[{"changes":[{"field":"email"}]}]}"#), ["broken permissions.email"]);
    let again = payloads::event(payloads::read("whatsapp-messages-text")).dedupe_key();
    assert_eq!(payloads::event(payloads::read("whatsapp-messages-text")).dedupe_key(), again);
}

#[test]
fn nesting_however_deep_ends_in_an_event_and_leaves_the_neighbours_alone() {
    for depth in [127, 128, 200, 100_000] {
        let deep = format!("{}{}", r#"{"a":["#.repeat(depth / 2), "]}".repeat(depth / 2));
        let inside = format!(
            r#"{{"sender":{{"id":"5"}},"message":{{"mid":"m_2","attachments":[{{"type":"x","payload":{{"a":{deep}}}}}],"b":{deep}}}}}"#
        );
        let [first, last] = ["m_1", "m_3"].map(message);
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"1","hop_context":{deep},"messaging":[{first},{inside},{deep},{last}]}}]}}"#);
        assert_eq!(names(&body), ["m_1", "m_2", "unknown a", "m_3"], "{depth}");
        for item in parse(&body).items {
            assert!(matches!(item, Item::Event(event) if !event.dedupe_key().as_str().is_empty()), "{depth}");
        }
    }
}

#[test]
fn a_thousand_entries_and_three_megabytes_are_read() {
    let entry = |index: usize| format!(r#"{{"id":"{PAGE}","time":1795255200412,"messaging":[{}]}}"#, message(&format!("m_{index}")));
    let entries: Vec<_> = (0..1000).map(entry).collect();
    assert_eq!(parse(format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))).items.len(), 1000);
    let elements: Vec<_> = (0..10_000).map(|index| message(&format!("m_{index:0>200}"))).collect();
    let body = format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","messaging":[{}]}}]}}"#, elements.join(","));
    assert!(body.len() > 3_000_000);
    assert_eq!(parse(body).items.len(), 10_000);
    let words = r"\u200b".repeat(500_000);
    assert!(
        matches!(kind(from_customer(&format!(r#""message":{{"mid":"m_1","text":"{words}"}}"#))), EventKind::Message(_)),
        "one message of 3 MB"
    );
}

#[test]
fn white_space_and_escaped_keys_are_json_too() {
    let body = " {\n\"object\" : \"page\" ,\t\"\\u0065ntry\":[ { \"id\":\"1\",\"messaging\": [ {\"sender\":{\"id\":\"2\"},\"m\\u0065ssage\": {\"mid\":\"m_1\"}} ] } ] }\r\n";
    assert_eq!(event(body).kind_name(), "message");
    let half_key = r#"{"object":"page","\ud83d":1,"entry":[{"id":"1","\ud83d":1,"messaging":[]}]}"#;
    assert!(parse(half_key).items.is_empty());
}
