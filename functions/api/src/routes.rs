//! The routes, a file for each resource.

pub(crate) mod conversations;
pub(crate) mod decisions;
pub(crate) mod deletions;
pub(crate) mod messages;
pub(crate) mod pages;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use lambda_support::origin::{self, Origin};
use lambda_support::problem::Problem;
use tracing::Instrument;

use crate::extract::LARGEST_BODY;
use crate::{Api, openapi, problem};

pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], openapi::document())))
        .route("/v1/conversations", get(conversations::list))
        .route("/v1/conversations/{id}", get(conversations::show).patch(conversations::decide))
        .route("/v1/conversations/{id}/messages", get(messages::list).post(messages::reply))
        .route("/v1/messages/{id}/resend", post(decisions::resend))
        .route("/v1/messages/{id}/discard", post(decisions::discard))
        .route("/v1/pages", get(pages::list))
        .route("/deletions/{code}", get(deletions::show))
        .route("/v1/pages/{id}/resume", post(pages::resume))
        .fallback(async || problem::respond(&Problem::new(404, "There is no such address. GET /v1/openapi.json lists them.")))
        .method_not_allowed_fallback(async || {
            problem::respond(&Problem::new(405, "This address does not take that method. GET /v1/openapi.json lists them.")).into_response()
        })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(known))
        .with_state(api)
}

/// Lets the lines of a call, and the jobs that follow from it, tell the gateway's id of it.
async fn known(request: Request, next: Next) -> Response {
    let id = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone().unwrap_or_default(),
        Some(_) | None => String::new(),
    };
    let trace = request.lambda_context_ref().and_then(|context| context.xray_trace_id.clone());
    let span = tracing::error_span!("call", request.id = id, conversation.id = tracing::field::Empty, message.id = tracing::field::Empty);
    Origin { trace, request: origin::Request::of(&id) }.of(next.run(request)).instrument(span).await
}
