//! The routes, a file for each resource.

pub(crate) mod conversations;
pub(crate) mod decisions;
pub(crate) mod deletions;
pub(crate) mod messages;
pub(crate) mod pages;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use lambda_support::problem::Problem;

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
        .with_state(api)
}
