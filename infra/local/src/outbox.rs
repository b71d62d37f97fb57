//! What became of the shop's messages: a page for whoever throws the simulator's fault switches. Only this machine has it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::conversation::Conversation;
use domain::message::{Direction, Message, MessageState};
use domain::ports::{Inbox, InboxFilter, Order, StoreError};
use dynamodb_store::Table;
use maud::{DOCTYPE, Markup, html};

/// How many conversations are looked through, how many messages of each, and how many are shown.
const CONVERSATIONS: usize = 20;
const OF_EACH: usize = 20;
const SHOWN: usize = 50;

/// Nothing but the page's own style sheet.
const POLICY: (HeaderName, HeaderValue) =
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'"));

/// A message of the shop's with the name of whom it is for.
struct Row {
    to: String,
    message: Message,
    state: MessageState,
}

pub(crate) fn router(table: Table) -> Router {
    Router::new().route("/outbox", get(show)).with_state(Arc::new(table))
}

async fn show(State(table): State<Arc<Table>>) -> Response {
    match rows(&table).await {
        Ok(rows) => ([POLICY], Html(page(&rows).into_string())).into_response(),
        Err(err) => (StatusCode::SERVICE_UNAVAILABLE, format!("The table did not answer: {err}")).into_response(),
    }
}

/// Reads the latest messages that the shop wrote, newest first.
async fn rows(table: &Table) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for conversation in table.list(&InboxFilter::default(), None, CONVERSATIONS).await? {
        let messages = table.messages(&conversation.id, Order::NewestFirst, None, OF_EACH).await?;
        let ours = messages.into_iter().filter(|message| message.direction == Direction::Outbound && message.sending.is_some());
        rows.extend(ours.map(|message| Row { to: name(&conversation), state: message.state(conversation.marks), message }));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.message.id.clone()));
    rows.truncate(SHOWN);
    Ok(rows)
}

fn name(conversation: &Conversation) -> String {
    conversation.name.clone().unwrap_or_else(|| conversation.user.to_string())
}

fn page(rows: &[Row]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="2";
                title { "What became of the shop's messages" }
                link rel="stylesheet" href="/home.css";
            }
            body {
                main.wide {
                    h1 { "What became of the shop's messages" }
                    p.lead {
                        "The newest first; the page reads them again every two seconds. "
                        a href="/simulator" { "The simulator" } " has the switches that make things go wrong."
                    }
                    @if rows.is_empty() {
                        p { "The shop has written nothing yet. Answer somebody with the command that stands under their thread in the simulator." }
                    } @else {
                        ul.outbox { @for row in rows { (entry(row)) } }
                    }
                }
            }
        }
    }
}

fn entry(row: &Row) -> Markup {
    let state = row.state.as_str();
    html! {
        li {
            div.head {
                b { (row.to) }
                span class={ "state " (state) } data-testid="state" { (state) }
            }
            p.said { (row.message.text.as_deref().unwrap_or_default()) }
            @if let Some(reason) = row.message.state_reason() { p.reason data-testid="reason" { (reason) } }
            code { (row.message.id) }
        }
    }
}
