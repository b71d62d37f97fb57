//! The page on which you are the customer: rendered here, kept fresh by a long poll, and good without JavaScript.

mod actions;
mod assets;
mod bubble;
mod faults;
mod guard;
mod layout;
mod receipt;
mod template;
mod thread;
mod words;

use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;
use tracing::error;

use self::layout::Board;
use crate::simulator::Simulator;
use crate::store::StoreError;

/// Where the router is nested; every link begins with it.
const PREFIX: &str = "/simulator";

/// How long a poll waits for something new before it answers that nothing is.
const POLL: Duration = Duration::from_secs(25);

/// Serves the page and what it posts to.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/live", get(live))
        .route("/style.css", get(assets::style))
        .route("/script.js", get(assets::script))
        .route("/avatar/{name}", get(assets::avatar))
        .route("/media/{name}", get(assets::media))
        .route("/customers", post(actions::add_customer))
        .route("/c/{psid}/say", post(actions::say))
        .route("/c/{psid}/quick-reply", post(actions::quick_reply))
        .route("/c/{psid}/postback", post(actions::postback))
        .route("/c/{psid}/attach", post(actions::attach))
        .route("/c/{psid}/react", post(actions::react))
        .route("/c/{psid}/read", post(actions::read))
        .route("/c/{psid}/open", post(actions::open))
        .route("/c/{psid}/link", post(actions::link))
        .route("/c/{psid}/ad", post(actions::ad))
        .route("/c/{psid}/inbox", post(actions::inbox))
        .route("/c/{psid}/fault", post(faults::of_customer))
        .route("/faults", post(faults::switch_on))
        .route("/faults/off", post(faults::switch_off))
        .route("/faults/webhooks", post(faults::webhooks))
        .route("/subscribe", post(actions::subscribe))
        .layer(middleware::from_fn_with_state(simulator.clone(), guard::guard))
        .with_state(simulator)
}

async fn index(State(simulator): State<Simulator>) -> Result<Response, Broken> {
    Ok(shown(Board::read(&simulator)?.document(&simulator)))
}

fn shown(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

#[derive(Deserialize)]
struct Poll {
    seen: Option<u64>,
}

/// Waits until the page that shows version `seen` is out of date, and gives the new one; 204 when nothing changed for a while.
async fn live(State(simulator): State<Simulator>, Query(poll): Query<Poll>) -> Result<Response, Broken> {
    if let Some(seen) = poll.seen {
        let mut changes = simulator.changes();
        if tokio::time::timeout(POLL, changes.wait_for(|version| *version != seen)).await.is_err() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Ok(shown(Board::read(&simulator)?.main(&simulator)))
}

/// The page cannot be shown, for its memory cannot be read.
#[derive(Debug)]
struct Broken(StoreError);

impl From<StoreError> for Broken {
    fn from(err: StoreError) -> Self {
        Self(err)
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        error!(error = %self.0, "the simulator's page cannot be shown");
        (StatusCode::INTERNAL_SERVER_ERROR, "The simulator's database cannot be read.").into_response()
    }
}
