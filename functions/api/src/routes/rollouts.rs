//! `/v1/rollouts` and below.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::rollout::{self, Kind, Rollout, RolloutId, Rollouts, Setting};

use super::pages;
use crate::Api;
use crate::dto::list::List;
use crate::dto::rollout::{ReportDto, RolloutDto, RolloutRequestDto};
use crate::extract::Unread;
use crate::keys::Scope;
use crate::problem::Failure;

/// Who may read of rollouts.
const READERS: [Scope; 2] = [Scope::Agent, Scope::Notify];

/// Lists the rollouts: one for each Page and type that has one.
#[utoipa::path(
    get, path = "/v1/rollouts", tag = "rollouts",
    responses((status = 200, body = List<RolloutDto>), (status = 401), (status = 403)),
    security(("key" = []))
)]
pub(crate) async fn list(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Answer<List<RolloutDto>>, Failure> {
    api.keys.admit(&headers, &READERS)?;
    let rollouts = api.table.rollouts().await?;
    Ok(Answer(List::whole(rollouts.into_iter().map(RolloutDto::from).collect())))
}

/// Shows a rollout.
#[utoipa::path(
    get, path = "/v1/rollouts/{id}", tag = "rollouts",
    params(("id" = String, Path)),
    responses((status = 200, body = RolloutDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<RolloutDto>, Failure> {
    api.keys.admit(&headers, &READERS)?;
    Ok(Answer(found(&api, &parse_id(&id)?).await?.into()))
}

/// Begins the rollout of a type of notices, or changes it: `percent` turns it up and down. A customer who is notified stays so at every
/// greater share. A stopped one goes on only when it is resumed.
#[utoipa::path(
    put, path = "/v1/rollouts/{id}", tag = "rollouts",
    params(("id" = String, Path, description = "the type of notices: `receipt` or `shipping`")),
    request_body = RolloutRequestDto,
    responses(
        (status = 200, body = RolloutDto), (status = 400), (status = 401), (status = 403), (status = 404), (status = 413), (status = 415),
        (status = 422), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn set(
    State(api): State<Arc<Api>>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Unread,
) -> Result<Answer<RolloutDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let request: RolloutRequestDto = body.json()?;
    let kind = Kind::parse(&kind).ok_or(Failure::NotFound("type of notices; there are receipt and shipping"))?;
    let page = pages::meant(&api, request.page_id.as_deref(), "#/page_id").await?;
    let set = rollout::set(&api.table, &page, kind, &Setting::try_from(request)?, api.clock.now()).await?;
    tracing::info!(page.id = %page, rollout.id = %set.id, percent = %set.share, key, "rollout set");
    Ok(Answer(set.into()))
}

/// Shows what was counted of both arms so far.
#[utoipa::path(
    get, path = "/v1/rollouts/{id}/report", tag = "rollouts",
    params(("id" = String, Path)),
    responses((status = 200, body = ReportDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn report(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<ReportDto>, Failure> {
    api.keys.admit(&headers, &READERS)?;
    let rollout = found(&api, &parse_id(&id)?).await?;
    let report = api.table.report(&rollout.id).await?;
    Ok(Answer(ReportDto::of(rollout, report)))
}

/// Stops a rollout: nobody is notified until it is resumed.
#[utoipa::path(
    post, path = "/v1/rollouts/{id}/stop", tag = "rollouts",
    params(("id" = String, Path)),
    responses((status = 200, body = RolloutDto), (status = 401), (status = 403), (status = 404), (status = 503)),
    security(("key" = []))
)]
pub(crate) async fn stop(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<RolloutDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let stopped = rollout::stop(&api.table, &parse_id(&id)?, api.clock.now()).await?;
    tracing::info!(rollout.id = %stopped.id, key, "a person stopped the rollout");
    Ok(Answer(stopped.into()))
}

/// Lets a stopped rollout go on with the customers that it had. What was counted so far does not stop it again.
#[utoipa::path(
    post, path = "/v1/rollouts/{id}/resume", tag = "rollouts",
    params(("id" = String, Path)),
    responses((status = 200, body = RolloutDto), (status = 401), (status = 403), (status = 404), (status = 503)),
    security(("key" = []))
)]
pub(crate) async fn resume(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<RolloutDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let resumed = rollout::resume(&api.table, &parse_id(&id)?, api.clock.now()).await?;
    tracing::info!(rollout.id = %resumed.id, key, "a person resumed the rollout");
    Ok(Answer(resumed.into()))
}

async fn found(api: &Api, id: &RolloutId) -> Result<Rollout, Failure> {
    api.table.rollout(id).await?.ok_or(Failure::NotFound("rollout"))
}

/// An id that cannot be one of ours names nothing.
fn parse_id(id: &str) -> Result<RolloutId, Failure> {
    RolloutId::parse(id).ok_or(Failure::NotFound("rollout"))
}
