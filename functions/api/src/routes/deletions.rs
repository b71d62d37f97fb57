//! The page on which a person sees what became of their request to be deleted. It needs no key: whoever knows the code may look.

use std::sync::{Arc, LazyLock};

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::deletion::{ConfirmationCode, Deletion};
use domain::ports::Deletions;
use lambda_support::logging::chain;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::Api;

/// Readable on a phone; the policy allows these bytes and no other style.
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}code{overflow-wrap:anywhere}";

/// Nothing is loaded, framed, kept, or told to another site.
static HEADERS: LazyLock<[(HeaderName, HeaderValue); 4]> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
});

/// What a person can do beside this.
const HOW_TO_ASK: &str = "Facebook's id of you is not the one by which a shop's Page knows you in Messenger. To have a conversation deleted, \
                          write so in the conversation itself, or ask the shop.";

pub(crate) async fn show(State(api): State<Arc<Api>>, Path(code): Path<String>) -> Response {
    let Some(code) = ConfirmationCode::parse(&code) else { return unknown() };
    match api.table.deletion(&code).await {
        Ok(Some(deletion)) => respond(StatusCode::OK, &status(&deletion)),
        Ok(None) => unknown(),
        Err(err) => {
            tracing::error!(error = %chain(&err), "call failed");
            let words = html! { p { "The status cannot be read at the moment. Please try again in a minute." } };
            respond(StatusCode::SERVICE_UNAVAILABLE, &words)
        }
    }
}

fn unknown() -> Response {
    let words = html! {
        p { "There is no request under this code. A request that was made just now appears within a minute; one older than a year is forgotten." }
    };
    respond(StatusCode::NOT_FOUND, &words)
}

fn status(deletion: &Deletion) -> Markup {
    html! {
        p { "Code: " code { (deletion.code) } }
        p { "Asked: " (deletion.asked_at.in_words()) }
        @match (deletion.done_at, deletion.conversations) {
            (None, _) => p { "Your data is being deleted. Please look again in a few minutes." },
            (Some(at), 0) => {
                p { "Done: " (at.in_words()) }
                p { "Nothing is stored under the id that Facebook gave with your request, so nothing was deleted." }
            },
            (Some(at), _) => {
                p { "Done: " (at.in_words()) }
                p { "Everything that was stored under the id that Facebook gave with your request is deleted. Backups are gone 35 days after that." }
            },
        }
        p { (HOW_TO_ASK) }
    }
}

fn respond(status: StatusCode, words: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { "Deletion of your data" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Deletion of your data" }
                    (words)
                }
            }
        }
    };
    (status, HEADERS.clone(), Html(page.into_string())).into_response()
}
