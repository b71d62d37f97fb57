//! `/v1/webhook-endpoints`: where the shop's own programs are told what happens.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::announce::{
    self, AnnouncementId, Deliveries, Endpoint, EndpointId, EndpointState, Endpoints, MOST_ENDPOINTS, Put, SECRET_BYTES, SigningSecret,
};
use domain::secret::Secret;
use domain::time::Timestamp;
use lambda_support::clock::{random, secret_bytes};

use crate::dto::list::List;
use crate::dto::webhook_endpoint::{
    ChangeEndpointDto, DeliveryDto, EndpointDto, NewEndpointDto, ReplayDto, ReplayedDto, description, kinds, url,
};
use crate::extract::{Parameters, Unread};
use crate::keys::Scope;
use crate::problem::Failure;
use crate::{Api, cursor};

/// How often a change is tried again after losing a race for its row.
const ATTEMPTS: u32 = 5;

const NO_SUCH: Failure = Failure::NotFound("webhook endpoint");

/// Lists the endpoints, oldest first.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints", tag = "webhook endpoints",
    responses((status = 200, body = List<EndpointDto>), (status = 401), (status = 403)),
    security(("key" = []))
)]
pub(crate) async fn list(State(api): State<Arc<Api>>, headers: HeaderMap) -> Result<Answer<List<EndpointDto>>, Failure> {
    api.keys.admit(&headers, &[Scope::Admin])?;
    let endpoints = api.table.endpoints().await?;
    Ok(Answer(List::whole(endpoints.into_iter().map(EndpointDto::of).collect())))
}

/// Registers an endpoint. Its secret is in this answer and in no other. It is told of what happens from a minute later on.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints", tag = "webhook endpoints", request_body = NewEndpointDto,
    responses(
        (status = 201, body = EndpointDto), (status = 400), (status = 401), (status = 403),
        (status = 409, description = "there are 20 endpoints already"), (status = 415), (status = 422)
    ),
    security(("key" = []))
)]
pub(crate) async fn create(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Unread,
) -> Result<(StatusCode, Answer<EndpointDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let new: NewEndpointDto = body.json()?;
    let now = api.clock.now();
    let secret = new_secret()?;
    let endpoint = Endpoint {
        id: EndpointId::new(now, random()),
        url: url(&new.url, &api.insecure)?,
        kinds: kinds(new.kinds.as_deref())?,
        description: description(new.description.as_deref())?,
        secrets: vec![SigningSecret::new(&secret)],
        state: EndpointState::Enabled,
        created_at: now,
        failing_since: None,
        revision: 0,
    };
    if api.table.endpoints().await?.len() >= MOST_ENDPOINTS {
        return Err(Failure::NotNow("There are 20 endpoints already. Remove one first."));
    }
    if api.table.put_endpoint(&endpoint).await? == Put::Stale {
        return Err(Failure::Busy);
    }
    tracing::info!(endpoint.id = %endpoint.id, key, "webhook endpoint registered");
    Ok((StatusCode::CREATED, Answer(EndpointDto::of(endpoint).with(secret.expose()))))
}

/// Shows an endpoint.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints", params(("id" = String, Path)),
    responses((status = 200, body = EndpointDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Answer<EndpointDto>, Failure> {
    api.keys.admit(&headers, &[Scope::Admin])?;
    Ok(Answer(EndpointDto::of(read(&api, &id).await?)))
}

/// Changes an endpoint: its address, what it is told of, its description, and whether it is told at all.
#[utoipa::path(
    patch, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints", params(("id" = String, Path)), request_body = ChangeEndpointDto,
    responses((status = 200, body = EndpointDto), (status = 400), (status = 401), (status = 403), (status = 404), (status = 415), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn change(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Unread,
) -> Result<Answer<EndpointDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let change: ChangeEndpointDto = body.json()?;
    let endpoint = write(&api, &id, |endpoint, now| change.apply(endpoint, &api.insecure, now)).await?;
    tracing::info!(endpoint.id = %endpoint.id, key, "webhook endpoint changed");
    Ok(Answer(EndpointDto::of(endpoint)))
}

/// Removes an endpoint. What is on its way to it is not posted any more.
#[utoipa::path(
    delete, path = "/v1/webhook-endpoints/{id}", tag = "webhook endpoints", params(("id" = String, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn remove(State(api): State<Arc<Api>>, Path(id): Path<String>, headers: HeaderMap) -> Result<StatusCode, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let endpoint = read(&api, &id).await?;
    api.table.remove_endpoint(&endpoint.id).await?;
    tracing::info!(endpoint.id = %endpoint.id, key, "webhook endpoint removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret. It is in this answer and in no other; the old one goes on signing beside it for 24 hours.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/rotate-secret", tag = "webhook endpoints", params(("id" = String, Path)),
    responses((status = 200, body = EndpointDto), (status = 401), (status = 403), (status = 404)),
    security(("key" = []))
)]
pub(crate) async fn rotate_secret(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<EndpointDto>, Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let secret = new_secret()?;
    let rotate = |endpoint: &mut Endpoint, now| {
        endpoint.rotate(SigningSecret::new(&secret), now);
        Ok(())
    };
    let endpoint = write(&api, &id, rotate).await?;
    tracing::info!(endpoint.id = %endpoint.id, key, "webhook secret rotated");
    Ok(Answer(EndpointDto::of(endpoint).with(secret.expose())))
}

/// Posts a `webhook.test` to an endpoint, whatever it asked for. Its delivery says what came of it.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/test", tag = "webhook endpoints", params(("id" = String, Path)),
    responses(
        (status = 202, body = DeliveryDto), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "it is disabled"), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn test(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Answer<DeliveryDto>), Failure> {
    api.keys.admit(&headers, &[Scope::Admin])?;
    let endpoint = enabled(&api, &id).await?;
    let delivery = announce::test(&api.table, &api.events, &endpoint.id, random(), api.clock.now()).await?;
    Ok((StatusCode::ACCEPTED, Answer(DeliveryDto::of(delivery))))
}

/// Lists what was told to an endpoint within 30 days, and what is still to be told, newest first.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{id}/deliveries", tag = "webhook endpoints",
    params(
        ("id" = String, Path),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 25 when absent"),
    ),
    responses((status = 200, body = List<DeliveryDto>), (status = 401), (status = 403), (status = 404), (status = 422)),
    security(("key" = []))
)]
pub(crate) async fn deliveries(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Answer<List<DeliveryDto>>, Failure> {
    api.keys.admit(&headers, &[Scope::Admin])?;
    let parameters = parameters.only(&["cursor", "limit"])?;
    let after = parameters.get("cursor").map(cursor::parse_delivery).transpose()?;
    let limit = parameters.limit()?;
    let endpoint = read(&api, &id).await?;
    let rows = api.table.deliveries(&endpoint.id, after.as_ref(), limit + 1).await?;
    Ok(Answer(List::page(rows, limit, |row| cursor::after_delivery(&row.announcement.id), DeliveryDto::of)))
}

/// Makes a delivery once more, whatever became of it, with all its attempts.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/deliveries/{delivery}/replay", tag = "webhook endpoints",
    params(("id" = String, Path), ("delivery" = String, Path)),
    responses(
        (status = 202, body = DeliveryDto), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "the endpoint is disabled"), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn replay(
    State(api): State<Arc<Api>>,
    Path((id, delivery)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<(StatusCode, Answer<DeliveryDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let endpoint = enabled(&api, &id).await?;
    let announcement = AnnouncementId::parse(&delivery).ok_or(Failure::NotFound("delivery"))?;
    let replayed = announce::replay(&api.table, &api.events, &endpoint.id, &announcement, api.clock.now()).await?;
    let delivery = replayed.ok_or(Failure::NotFound("delivery"))?;
    tracing::info!(endpoint.id = %endpoint.id, announcement.id = %announcement, key, "delivery replayed");
    Ok((StatusCode::ACCEPTED, Answer(DeliveryDto::of(delivery))))
}

/// Makes once more what has failed since a moment: a thousand deliveries are looked at, newest first.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{id}/deliveries/replay", tag = "webhook endpoints",
    params(("id" = String, Path)), request_body = ReplayDto,
    responses(
        (status = 202, body = ReplayedDto), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "the endpoint is disabled"), (status = 415), (status = 422), (status = 503)
    ),
    security(("key" = []))
)]
pub(crate) async fn replay_failed(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Unread,
) -> Result<(StatusCode, Answer<ReplayedDto>), Failure> {
    let key = api.keys.admit(&headers, &[Scope::Admin])?;
    let asked: ReplayDto = body.json()?;
    let since =
        Timestamp::from_rfc3339(&asked.since).ok_or_else(|| Failure::invalid("#/since", "must be a moment as RFC 3339 writes it"))?;
    let endpoint = enabled(&api, &id).await?;
    let (replayed, is_all) = announce::replay_failed(&api.table, &api.events, &endpoint.id, since, api.clock.now()).await?;
    tracing::info!(endpoint.id = %endpoint.id, replayed, key, "failed deliveries replayed");
    Ok((StatusCode::ACCEPTED, Answer(ReplayedDto { replayed, more: !is_all })))
}

async fn read(api: &Api, id: &str) -> Result<Endpoint, Failure> {
    let id = EndpointId::parse(id).ok_or(NO_SUCH)?;
    api.table.endpoint(&id).await?.ok_or(NO_SUCH)
}

async fn enabled(api: &Api, id: &str) -> Result<Endpoint, Failure> {
    let endpoint = read(api, id).await?;
    if endpoint.is_enabled() { Ok(endpoint) } else { Err(Failure::NotNow("The endpoint is disabled. Enable it first.")) }
}

/// Reads an endpoint, changes it, and writes it, until nobody else was faster.
async fn write(api: &Api, id: &str, change: impl Fn(&mut Endpoint, Timestamp) -> Result<(), Failure>) -> Result<Endpoint, Failure> {
    for _ in 0..ATTEMPTS {
        let mut endpoint = read(api, id).await?;
        change(&mut endpoint, api.clock.now())?;
        if api.table.put_endpoint(&endpoint).await? == Put::Written {
            return Ok(endpoint);
        }
    }
    Err(Failure::Busy)
}

fn new_secret() -> Result<Secret, Failure> {
    let bytes = secret_bytes::<SECRET_BYTES>().ok_or(Failure::Busy)?;
    Secret::new(&format!("whsec_{}", STANDARD.encode(bytes))).map_err(|_| Failure::Busy)
}
