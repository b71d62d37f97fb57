//! What the page shows besides itself: one style sheet, one script, faces and sample pictures.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::Broken;
use crate::simulator::Simulator;
use crate::store::customers;

const SVG: &str = "image/svg+xml";

/// Colours of faces.
const FACES: [&str; 6] = ["#7646ff", "#0084ff", "#e0457b", "#00a884", "#f5533d", "#44546a"];

pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/simulator.css")).into_response()
}

pub(crate) async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/simulator.js")).into_response()
}

/// A face: the person's initials in a coloured circle.
pub(crate) async fn avatar(State(simulator): State<Simulator>, Path(name): Path<String>) -> Result<Response, Broken> {
    let psid = name.trim_end_matches(".svg");
    let Some(customer) = simulator.parts().store.run(|tx| customers::find(tx, psid))? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let initials: String = [&customer.first_name, &customer.last_name].into_iter().filter_map(|name| name.chars().next()).collect();
    let place = psid.bytes().fold(0_usize, |sum, byte| sum + usize::from(byte)) % FACES.len();
    let colour = FACES.get(place).copied().unwrap_or_default();
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" {
            rect width="64" height="64" fill=(colour) {}
            text x="32" y="41" font-family="sans-serif" font-size="26" font-weight="600" text-anchor="middle" fill="#fff" { (initials) }
        }
    };
    Ok(([(CONTENT_TYPE, SVG)], picture.into_string()).into_response())
}

/// What the sample customers send: a picture and a thumb are there, for the rest a line of text stands in.
pub(crate) async fn media(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "photo.svg" => ([(CONTENT_TYPE, SVG)], include_str!("../assets/photo.svg")).into_response(),
        "thumbs-up.svg" => ([(CONTENT_TYPE, SVG)], include_str!("../assets/thumbs-up.svg")).into_response(),
        "voice.txt" | "video.txt" | "invoice.txt" => {
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], "This stands for what a customer would send.\n").into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
