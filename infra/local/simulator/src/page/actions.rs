//! What the forms of the page do.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::PREFIX;
use crate::customer::{ActionError, Attachment, THUMBS_UP};
use crate::simulator::Simulator;

/// The header with which the script asks for no page in return.
const BY_SCRIPT: &str = "x-by-script";

/// Where a form leads: back to the phone, or nowhere when the script sent it.
pub(crate) fn done(headers: &HeaderMap, psid: Option<&str>, result: Result<(), ActionError>) -> Response {
    match result {
        Ok(()) if headers.contains_key(BY_SCRIPT) => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => Redirect::to(&psid.map_or(PREFIX.to_owned(), |psid| format!("{PREFIX}#c-{psid}"))).into_response(),
        Err(err @ (ActionError::NoSuchCustomer(_) | ActionError::NoSuchMessage(_) | ActionError::NoSuchPage(_))) => {
            (StatusCode::NOT_FOUND, err.to_string()).into_response()
        }
        Err(ActionError::Store(err)) => super::Broken(err).into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct Name {
    name: String,
}

pub(crate) async fn add_customer(State(simulator): State<Simulator>, headers: HeaderMap, Form(form): Form<Name>) -> Response {
    if form.name.trim().is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    match simulator.add_customer(&form.name) {
        Ok(customer) => done(&headers, Some(&customer.psid), Ok(())),
        Err(err) => done(&headers, None, Err(err)),
    }
}

#[derive(Deserialize)]
pub(crate) struct Text {
    text: String,
}

pub(crate) async fn say(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Text>,
) -> Response {
    if form.text.trim().is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    done(&headers, Some(&psid), simulator.customer_says(&psid, &form.text).map(drop))
}

pub(crate) async fn inbox(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Text>,
) -> Response {
    done(&headers, Some(&psid), simulator.page_inbox_says(&psid, &form.text).map(drop))
}

#[derive(Deserialize)]
pub(crate) struct Tap {
    title: String,
    payload: String,
}

pub(crate) async fn quick_reply(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Tap>,
) -> Response {
    done(&headers, Some(&psid), simulator.customer_taps_quick_reply(&psid, &form.title, &form.payload).map(drop))
}

pub(crate) async fn postback(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Tap>,
) -> Response {
    done(&headers, Some(&psid), simulator.customer_taps_postback(&psid, &form.title, &form.payload).map(drop))
}

#[derive(Deserialize)]
pub(crate) struct Kind {
    kind: String,
}

pub(crate) async fn attach(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Kind>,
) -> Response {
    let base = &simulator.settings().public_base;
    let media = |name: &str| format!("{base}{PREFIX}/media/{name}");
    let attachment = match form.kind.as_str() {
        "image" => Attachment::Image { url: media("photo.svg") },
        "sticker" => Attachment::Sticker { id: THUMBS_UP, url: media("thumbs-up.svg") },
        "audio" => Attachment::Audio { url: media("voice.txt") },
        "video" => Attachment::Video { url: media("video.txt") },
        "file" => Attachment::File { url: media("invoice.txt") },
        "location" => Attachment::Location { lat: 52.5208, long: 13.4094 },
        "link" => Attachment::Link { url: "https://example.com/lamp".to_owned(), title: "Brass lamp".to_owned() },
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    done(&headers, Some(&psid), simulator.customer_sends_attachment(&psid, &attachment).map(drop))
}

#[derive(Deserialize)]
pub(crate) struct React {
    mid: String,
    emoji: String,
}

pub(crate) async fn react(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<React>,
) -> Response {
    let emoji = Some(form.emoji.as_str()).filter(|emoji| !emoji.is_empty());
    done(&headers, Some(&psid), simulator.customer_reacts(&psid, &form.mid, emoji))
}

pub(crate) async fn read(State(simulator): State<Simulator>, Path(psid): Path<String>, headers: HeaderMap) -> Response {
    done(&headers, Some(&psid), simulator.customer_reads(&psid))
}

#[derive(Deserialize)]
pub(crate) struct Open {
    open: bool,
}

pub(crate) async fn open(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Open>,
) -> Response {
    done(&headers, Some(&psid), simulator.customer_keeps_chat_open(&psid, form.open))
}

#[derive(Deserialize)]
pub(crate) struct Reference {
    r#ref: String,
}

pub(crate) async fn link(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Reference>,
) -> Response {
    done(&headers, Some(&psid), simulator.customer_opens_link(&psid, &form.r#ref))
}

pub(crate) async fn ad(
    State(simulator): State<Simulator>,
    Path(psid): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Reference>,
) -> Response {
    done(&headers, Some(&psid), simulator.customer_clicks_ad(&psid, &form.r#ref))
}

#[derive(Deserialize)]
pub(crate) struct Page {
    page_id: String,
}

pub(crate) async fn subscribe(State(simulator): State<Simulator>, headers: HeaderMap, Form(form): Form<Page>) -> Response {
    done(&headers, None, simulator.subscribe(&form.page_id).map_err(ActionError::from))
}
