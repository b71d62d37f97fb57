//! The routes, a file for each resource.

pub(crate) mod consents;
pub(crate) mod conversations;
pub(crate) mod decisions;
pub(crate) mod deletions;
pub(crate) mod links;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod orders;
pub(crate) mod pages;
pub(crate) mod rollouts;
pub(crate) mod webhook_endpoints;

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
        .route("/v1/notifications", post(notifications::notify))
        .route("/v1/notifications/{id}", get(notifications::show))
        .route("/v1/orders/{id}", get(orders::show))
        .route("/v1/pages", get(pages::list))
        .route("/v1/links", post(links::make))
        .route("/v1/consents", get(consents::list).post(consents::note))
        .route("/v1/rollouts", get(rollouts::list))
        .route("/v1/rollouts/{id}", get(rollouts::show).put(rollouts::set))
        .route("/v1/rollouts/{id}/report", get(rollouts::report))
        .route("/v1/rollouts/{id}/stop", post(rollouts::stop))
        .route("/v1/rollouts/{id}/resume", post(rollouts::resume))
        .route("/deletions/{code}", get(deletions::show))
        .route("/v1/pages/{id}/resume", post(pages::resume))
        .merge(webhook_endpoints())
        .fallback(async || problem::respond(&Problem::new(404, "There is no such address. GET /v1/openapi.json lists them.")))
        .method_not_allowed_fallback(async || {
            problem::respond(&Problem::new(405, "This address does not take that method. GET /v1/openapi.json lists them.")).into_response()
        })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(known))
        .with_state(api)
}

fn webhook_endpoints() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/webhook-endpoints", get(webhook_endpoints::list).post(webhook_endpoints::create))
        .route(
            "/v1/webhook-endpoints/{id}",
            get(webhook_endpoints::show).patch(webhook_endpoints::change).delete(webhook_endpoints::remove),
        )
        .route("/v1/webhook-endpoints/{id}/rotate-secret", post(webhook_endpoints::rotate_secret))
        .route("/v1/webhook-endpoints/{id}/test", post(webhook_endpoints::test))
        .route("/v1/webhook-endpoints/{id}/deliveries", get(webhook_endpoints::deliveries))
        .route("/v1/webhook-endpoints/{id}/deliveries/replay", post(webhook_endpoints::replay_failed))
        .route("/v1/webhook-endpoints/{id}/deliveries/{delivery}/replay", post(webhook_endpoints::replay))
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
