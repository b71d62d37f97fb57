use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::retry::{Retry, Retryable};

use super::*;
use crate::usage::Usage;

fn answer(status: u16, body: &str) -> Answer {
    let body: Option<Value> = serde_json::from_str(body).ok();
    let error = body.as_ref().and_then(GraphError::read);
    Answer { status: StatusCode::from_u16(status).unwrap(), usage: Usage::default(), retry_after: None, body, broke_off: false, error }
}

fn coded(status: u16, code: i64, subcode: Option<i64>) -> Answer {
    answer(status, &serde_json::json!({"error": {"code": code, "error_subcode": subcode}}).to_string())
}

fn documented_errors() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/payloads/graph");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.filter(|path| name(path).starts_with("error-")).map(|path| (name(&path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_documented_error_has_its_class_and_its_words() {
    let errors: BTreeMap<_, _> = documented_errors()
        .into_iter()
        .map(|(name, body)| {
            let error = send_error(&answer(400, &body));
            (name, format!("{error} [{:?}]", error.retry()))
        })
        .collect();
    assert!(errors.len() > 20, "the payloads were not found");
    insta::assert_json_snapshot!(errors);
}

#[test]
fn every_documented_error_is_in_the_table_and_means_the_same_whatever_the_status() {
    for (name, body) in documented_errors() {
        let error = GraphError::read(&serde_json::from_str(&body).unwrap()).unwrap();
        assert!(table::find(error.code, error.subcode).is_some(), "{name}");
        for status in [200, 302, 400, 401, 403, 429, 500, 503] {
            assert_eq!(send_error(&answer(status, &body)), send_error(&answer(400, &body)), "{name} with {status}");
        }
    }
}

#[test]
fn no_text_of_meta_reaches_the_operator() {
    let body = r#"{"error":{"message":"hunter2","type":"hunter2","code":10,"error_user_msg":"hunter2","fbtrace_id":"hunter2"}}"#;
    assert!(!send_error(&answer(400, body)).to_string().contains("hunter2"));
    assert!(!profile_error(&answer(400, body)).to_string().contains("hunter2"));
}

#[test]
fn every_row_says_what_happened_and_what_to_do_in_sentences() {
    for row in table::ROWS {
        for words in [row.what, row.then] {
            let first = words.chars().next().unwrap();
            assert!(first.is_uppercase() && words.ends_with('.') && words.len() > 15, "{row:?}");
        }
    }
}

#[test]
fn no_row_is_there_twice() {
    let keys: Vec<_> = table::ROWS.iter().flat_map(|row| row.codes.clone().map(|code| (code, row.subcode))).collect();
    let unique: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(unique.len(), keys.len());
}

#[test]
fn every_row_can_be_reached() {
    for row in table::ROWS {
        for code in row.codes.clone() {
            let found = table::find(code, row.subcode).unwrap();
            assert!(std::ptr::eq(found, row), "{found:?} hides {row:?}");
        }
    }
}

#[test]
fn a_new_subcode_means_what_its_code_means() {
    assert_eq!(table::find(190, Some(999)).unwrap().class, Class::Hold(HoldCause::Token));
    assert_eq!(table::find(10, Some(999)).unwrap().class, Class::Never);
    assert!(table::find(9, Some(999)).is_none());
}

#[test]
fn every_class_has_its_effect() {
    let effect = |code, subcode| send_error(&coded(400, code, subcode));
    assert!(matches!(effect(2, None), SendError::NotSent { most_attempts: FEW, .. }));
    assert!(matches!(effect(1200, None), SendError::NotSent { most_attempts: MOST_ATTEMPTS, .. }));
    assert!(matches!(effect(613, None), SendError::AskedToWait { pause: PAUSE, .. }));
    assert!(matches!(effect(80006, None), SendError::AskedToWait { .. }));
    assert!(matches!(effect(10, Some(2_018_278)), SendError::Waits { on: WaitingFor::Window, .. }));
    assert!(matches!(effect(10, Some(2_018_300)), SendError::Waits { on: WaitingFor::Thread, .. }));
    assert!(matches!(effect(190, None), SendError::PageHeld { cause: HoldCause::Token, .. }));
    assert!(matches!(effect(10, Some(1_893_063)), SendError::PageHeld { cause: HoldCause::Restricted, .. }));
    assert!(matches!(effect(2022, None), SendError::PageHeld { cause: HoldCause::Restricted, .. }));
    assert!(matches!(effect(200, None), SendError::PageHeld { cause: HoldCause::NotApproved, .. }));
    assert!(matches!(effect(551, None), SendError::OutOfReach { .. }));
    assert!(matches!(effect(1, Some(1_357_046)), SendError::Unknown { .. }));
}

#[test]
fn an_unknown_code_ends_visibly_unless_meta_may_have_sent() {
    assert!(matches!(send_error(&coded(400, 424_242, Some(7))), SendError::Refused { reason } if reason.contains("Meta error 424242/7")));
    assert!(matches!(send_error(&coded(401, 104, None)), SendError::PageHeld { cause: HoldCause::Token, .. }));
    assert!(matches!(send_error(&coded(429, 424_242, None)), SendError::AskedToWait { .. }));
    for status in [200, 500, 503] {
        assert!(matches!(send_error(&coded(status, 424_242, None)), SendError::Unknown { .. }), "{status}");
    }
}

#[test]
fn an_answer_without_a_code_is_read_by_its_status() {
    for body in ["", "<html>", "{}", r#"{"error":"no"}"#, r#"{"error":{"message":"no"}}"#, "[]"] {
        for not_sent in [301, 400, 404, 413] {
            assert!(matches!(send_error(&answer(not_sent, body)), SendError::NotSent { .. }), "{not_sent} {body}");
        }
        for unknown in [500, 502, 503, 504] {
            assert!(matches!(send_error(&answer(unknown, body)), SendError::Unknown { .. }), "{unknown} {body}");
        }
        assert!(matches!(send_error(&answer(429, body)), SendError::AskedToWait { .. }), "429 {body}");
    }
}

#[test]
fn a_refusal_that_broke_off_may_be_of_a_message_that_was_sent() {
    for status in [200, 400, 500] {
        let answer = Answer { broke_off: true, ..answer(status, "") };
        assert!(matches!(send_error(&answer), SendError::Unknown { .. }), "{status}");
    }
}

#[test]
fn quoted_numbers_are_read() {
    let answer = answer(400, r#"{"error":{"code":"10","error_subcode":"2018278"}}"#);
    assert!(matches!(send_error(&answer), SendError::Waits { on: WaitingFor::Window, .. }));
}

#[test]
fn a_pause_is_metas_within_reason() {
    let paused = |minutes, seconds| {
        let usage = Usage { percent: None, regain_in_minutes: minutes };
        let answer = Answer { usage, retry_after: seconds, ..coded(400, 613, None) };
        send_error(&answer).retry()
    };
    assert_eq!(paused(None, None), Retry::After(PAUSE));
    assert_eq!(paused(None, Some(Duration::from_secs(7))), Retry::After(Duration::from_secs(7)));
    assert_eq!(paused(Some(5), Some(Duration::from_secs(7))), Retry::After(Duration::from_mins(5)));
    assert_eq!(paused(Some(u64::MAX), None), Retry::After(LONGEST_PAUSE));
    assert_eq!(paused(None, Some(Duration::ZERO)), Retry::After(Duration::from_secs(1)));
}

#[test]
fn a_profile_request_may_be_asked_again_unless_it_is_refused() {
    assert!(matches!(profile_error(&coded(400, 190, None)), ProfileError::Refused { .. }));
    assert!(matches!(profile_error(&coded(400, 10, None)), ProfileError::Refused { .. }));
    assert!(matches!(profile_error(&coded(400, 4, None)), ProfileError::AskedToWait { .. }));
    assert!(matches!(profile_error(&coded(500, 2, None)), ProfileError::Unavailable { .. }));
    assert!(matches!(profile_error(&answer(503, "")), ProfileError::Unavailable { .. }));
}
