//! Templates that ask the person something: ratings and contact details.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/templates/customer-feedback-template> (its
//! page warns that it may change), …/templates/structured-information-template

use super::shape::{Checked, Fields};

const TITLE: usize = 65;
const SUBTITLE: usize = 80;
const BUTTON_TITLE: usize = 20;
const QUESTION_ID: usize = 80;
const QUESTION_TITLE: usize = 85;
const DAYS: u64 = 7;

/// Checks a question for a rating; gives its title.
pub(crate) fn check_feedback(payload: &Fields<'_>) -> Checked<String> {
    let title = payload.text("title", TITLE)?;
    payload.optional_text("subtitle", SUBTITLE)?;
    let button = payload.optional_text("button_title", BUTTON_TITLE)?;
    if button.is_some_and(|button| button.contains("://")) {
        return Err(payload.wrong("button_title", "holds an address"));
    }
    for screen in payload.objects("feedback_screens", 1, 1)? {
        for question in screen.objects("questions", 1, 1)? {
            check_question(&question)?;
        }
    }
    privacy_and_expiry(payload)?;
    Ok(title.to_owned())
}

/// Checks a question for contact details; gives no title, for it has none.
pub(crate) fn check_information(payload: &Fields<'_>) -> Checked<String> {
    if !payload.value("countries").is_some_and(serde_json::Value::is_array) {
        return Err(payload.wrong("countries", "is no list"));
    }
    privacy_and_expiry(payload)?;
    Ok(String::new())
}

fn check_question(question: &Fields<'_>) -> Checked<()> {
    let id = question.text("id", QUESTION_ID)?;
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(question.wrong("id", "holds something else than letters, digits and _"));
    }
    let scales: &[&str] = match question.word("type", &["csat", "nps", "ces", "free_form"])? {
        "csat" => &["one_to_five", "five_stars", "five_emojis"],
        "nps" => &["zero_to_ten"],
        "ces" => &["one_to_seven"],
        _ => &[],
    };
    if question.has("score_option") {
        question.word("score_option", scales)?;
    }
    question.optional_text("title", QUESTION_TITLE)?;
    if let Some(follow_up) = question.optional_object("follow_up")? {
        follow_up.word("type", &["free_form"])?;
    }
    Ok(())
}

fn privacy_and_expiry(payload: &Fields<'_>) -> Checked<()> {
    payload.object("business_privacy")?.url("url")?;
    let in_range = match payload.value("expires_in_days") {
        None => true,
        Some(days) => days.as_u64().is_some_and(|days| (1..=DAYS).contains(&days)),
    };
    if in_range { Ok(()) } else { Err(payload.wrong("expires_in_days", "is not between 1 and 7")) }
}
