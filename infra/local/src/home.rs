//! The first page, and whether the stack is up. Only this machine has them.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

use crate::secrets::Secrets;

const STYLE: &str = include_str!("home.css");

/// Nothing but the page's own style sheet.
const POLICY: (HeaderName, HeaderValue) =
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'"));

pub(crate) fn router(url: &str, secrets: &Secrets) -> Router {
    let page = page(url, secrets).into_string();
    Router::new()
        .route("/", get(async move || ([POLICY], Html(page))))
        .route("/home.css", get(async || ([(header::CONTENT_TYPE, "text/css")], STYLE)))
        .route("/healthz", get(async || ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#).into_response()))
}

fn page(url: &str, secrets: &Secrets) -> Markup {
    let key = secrets.api_key().unwrap_or("<one of API_KEYS>");
    let list = format!("curl {url}/v1/conversations -H 'Authorization: Bearer {key}'");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Shopbell" }
                link rel="stylesheet" href="/home.css";
            }
            body {
                main {
                    h1 { "Shopbell is running" }
                    p.lead { "The open line between a shop and its customers in Messenger, on this machine." }
                    a.button href="/simulator" { "Open the simulator" }
                    ol {
                        li { "There you are the customer. Write: " em { "Hi, where is my order 20418?" } }
                        li { "See it in the inbox:" pre { code { (list) } } }
                        li { "Answer with the command that stands under the thread, and watch it arrive." }
                        li { "Place an order in the " a href="/shop" { "demo shop" } ", tap its link, and read the receipt and the parcel's news on the phone." }
                        li { "Make something go wrong with the simulator's switches, and read in the " a href="/outbox" { "outbox" } " what became of each message." }
                    }
                    dl {
                        dt { "API key" } dd { code { (key) } }
                        dt { "Webhooks of Meta" } dd { code { (url) "/webhooks/meta" } }
                        dt { "The API, described" } dd { a href="/v1/openapi.json" { code { "/v1/openapi.json" } } }
                    }
                    footer { "Everything stays on this machine. Ctrl-C in the terminal stops it; nothing is lost." }
                }
            }
        }
    }
}
