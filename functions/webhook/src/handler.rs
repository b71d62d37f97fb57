//! One HTTP call of a platform: prove it, queue it, answer it.

use std::convert::Infallible;
use std::sync::Arc;

use commerce_webhooks::SignatureError as ShopSignatureError;
use domain::operator::{OperatorEvent, Severity};
use domain::ports::Clock;
use domain::secret::Secret;
use domain::shop::Source;
use lambda_http::http::{HeaderMap, Method, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_support::logging::{self, chain};
use lambda_support::metrics;
use lambda_support::origin::{self, Origin};
use lambda_support::problem::{self, Problem};
use meta_webhooks::{HandshakeError, HandshakeQuery, SignatureError, SignedRequestError, VerifiedBody};
use sqs_jobs::intake::{IntakeQueue, QueueBody};
use tracing::Instrument;

use crate::config;
use crate::shops::Shops;

/// The path of Meta's webhooks.
const META: &str = "/webhooks/meta";

/// The path of Meta's requests to delete what is known of a person.
const DELETION: &str = "/webhooks/meta/deletion";

/// What the paths of shops, payment services and carriers begin with.
const SHOPS: &str = "/webhooks/";

/// The header that carries Meta's signature.
const SIGNATURE: &str = "x-hub-signature-256";

/// Everything that the function holds between calls.
#[derive(Debug)]
pub struct Webhook {
    app_secrets: Vec<Secret>,
    verify_token: Secret,
    inbound: IntakeQueue,
    shops: Shops,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    #[must_use]
    pub fn new(app_secrets: Vec<Secret>, verify_token: Secret, inbound: IntakeQueue, shops: Shops, clock: Arc<dyn Clock>) -> Self {
        Self { app_secrets, verify_token, inbound, shops, clock }
    }

    /// Answers one call. Every failure is an answer: an error of the function itself would tell the platform nothing.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        // Boxed, here and below: it holds the whole of a delivery on its way into the queue.
        let answered = async { Box::pin(self.answer(&request)).await.unwrap_or_else(Refused::tell) };
        Ok(known(&request, answered).await)
    }

    /// Answers one call, unless its secrets refuse it: others may take it.
    pub(crate) async fn attempt(&self, request: &Request) -> Result<Response<Body>, Refused> {
        known(request, Box::pin(self.answer(request))).await
    }

    async fn answer(&self, request: &Request) -> Result<Response<Body>, Refused> {
        let is_meta = request.raw_http_path() == META;
        let is_deletion = request.raw_http_path() == DELETION;
        if let Some(source) = request.raw_http_path().strip_prefix(SHOPS).and_then(Source::parse_webhook) {
            return self.shops.answer(request, source, self.clock.now(), request_id(request)).await;
        }
        match *request.method() {
            Method::POST if is_deletion => self.deletion(request).await,
            _ if is_deletion => Ok(refuse(&Problem::new(405, "This address takes POST for requests to delete."))),
            Method::GET if is_meta => self.handshake(request),
            Method::POST if is_meta => self.delivery(request).await,
            _ if is_meta => Ok(refuse(&Problem::new(405, "This address takes GET for the handshake and POST for deliveries."))),
            _ => Ok(refuse(&Problem::new(404, "There is no webhook at this address."))),
        }
    }

    /// Meta's check that the address is ours, when the webhook is configured.
    fn handshake(&self, request: &Request) -> Result<Response<Body>, Refused> {
        let parameters = request.query_string_parameters();
        let query = HandshakeQuery {
            mode: parameters.first("hub.mode"),
            token: parameters.first("hub.verify_token"),
            challenge: parameters.first("hub.challenge"),
        };
        let challenge = meta_webhooks::answer(query, &self.verify_token).map_err(Refused::Handshake)?;
        Ok(answer(StatusCode::OK, "text/plain", challenge))
    }

    async fn delivery(&self, request: &Request) -> Result<Response<Body>, Refused> {
        let proven = meta_webhooks::verify(&self.app_secrets, request.body().as_ref(), signature(request.headers()));
        let body = proven.map_err(Refused::Delivery)?;
        let request_id = request_id(request);
        Ok(match QueueBody::of(body.as_bytes()) {
            Some(whole) => self.put(vec![whole], &request_id).await,
            None => self.split(&body, &request_id).await,
        })
    }

    /// Queues a body that is too long for one message in pieces. Only an element that is too long by itself is refused, and the platform
    /// keeps sending the delivery: what was queued of it is recorded once all the same.
    async fn split(&self, body: &VerifiedBody<'_>, request_id: &str) -> Response<Body> {
        let split = match meta_webhooks::split(body, |piece| QueueBody::of(piece.as_bytes()).is_some()) {
            Ok(split) => split,
            Err(err) => {
                let problem = format!("A body of {} bytes that cannot be cut is too large to keep: {}", body.as_bytes().len(), chain(&err));
                return too_large(&problem);
            }
        };
        let pieces = split.pieces.iter().filter_map(|piece| QueueBody::of(piece.as_bytes())).collect();
        let answered = self.put(pieces, request_id).await;
        match split.too_large.first() {
            Some(element) if answered.status() == StatusCode::OK => {
                let page = element.page.as_ref().map_or("unknown", |page| page.as_str());
                let count = split.too_large.len();
                too_large(&format!("{count} element(s), the first of {} bytes for Page {page}, are too large to keep.", element.bytes))
            }
            Some(_) | None => answered,
        }
    }

    /// Meta's request, for a person, that what we know of them is deleted. It is answered once it is durable.
    async fn deletion(&self, request: &Request) -> Result<Response<Body>, Refused> {
        let deletion = meta_webhooks::read_deletion(&self.app_secrets, request.body().as_ref()).map_err(Refused::Deletion)?;
        if let Err(err) = self.inbound.put_deletion(&deletion, self.clock.now(), &request_id(request)).await {
            tracing::error!(error = %chain(&err), "deletion request not queued");
            return Ok(refuse(&Problem::new(503, "The request could not be stored. Send it again.")));
        }
        let (domain, code) = (domain(request), deletion.code.as_str());
        let body = serde_json::json!({ "url": format!("https://{domain}/deletions/{code}"), "confirmation_code": code });
        Ok(answer(StatusCode::OK, "application/json", body.to_string()))
    }

    async fn put(&self, bodies: Vec<QueueBody>, request_id: &str) -> Response<Body> {
        let received_at = self.clock.now();
        for body in bodies {
            if let Err(err) = self.inbound.put(body, received_at, request_id).await {
                metrics::count(metrics::DELIVERIES_NOT_QUEUED, 1);
                tracing::error!(error = %chain(&err), "delivery not queued; the platform sends it again");
                return refuse(&Problem::new(503, "The delivery could not be stored. Send it again."));
            }
        }
        metrics::count(metrics::DELIVERIES_QUEUED, 1);
        tracing::info!("delivery queued");
        answer(StatusCode::OK, "text/plain", "EVENT_RECEIVED")
    }
}

/// A call that the secrets at hand do not speak for. Nobody is told before it is sure that no others do.
#[derive(Debug)]
pub(crate) enum Refused {
    Handshake(HandshakeError),
    Delivery(SignatureError),
    Deletion(SignedRequestError),
    Shop(Source, ShopSignatureError),
}

impl Refused {
    /// Tells the operator, and answers the caller.
    fn tell(self) -> Response<Body> {
        match self {
            Self::Handshake(err) => {
                metrics::count(metrics::HANDSHAKES_REFUSED, 1);
                tracing::warn!(error = %chain(&err), "handshake refused");
                refuse(&Problem::new(403, "The verify token is not the one that this shop expects."))
            }
            Self::Delivery(err) => {
                metrics::count(metrics::SIGNATURES_REFUSED, 1);
                tracing::warn!(
                    error = %chain(&err),
                    operator.event = "signature_refused",
                    "delivery refused; when Meta sent it, META_APP_SECRETS lacks its app secret, and within the hour it unsubscribes us"
                );
                refuse(&Problem::new(401, "The signature is missing or does not belong to the body."))
            }
            Self::Deletion(err) => {
                tracing::warn!(error = %chain(&err), "deletion request refused");
                refuse(&Problem::new(status_of(err), err.to_string()))
            }
            Self::Shop(source, err) => {
                metrics::count(metrics::SHOP_SIGNATURES_REFUSED, 1);
                tracing::warn!(
                    error = %chain(&err),
                    delivery.source = source.as_str(),
                    operator.event = "shop_signature_refused",
                    "delivery refused; when the shop sent it, {} lacks its secret",
                    config::secrets_of(source)
                );
                refuse(&Problem::new(401, "The signature is missing or does not belong to the body."))
            }
        }
    }
}

/// Works a call whose lines, and the jobs that follow from it, tell the gateway's id of it.
async fn known<T>(request: &Request, work: impl Future<Output = T> + Send) -> T {
    let id = request_id(request);
    let trace = request.lambda_context_ref().and_then(|context| context.xray_trace_id.clone());
    let origin = Origin { trace, request: origin::Request::of(&id) };
    // At the level of errors, so that no filter takes the id off a line.
    let span = tracing::error_span!("delivery", request.id = id);
    origin.of(work).instrument(span).await
}

/// The signature header; nothing when it is missing, doubled, or not text.
fn signature(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// The gateway's id of the call.
fn request_id(request: &Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone().unwrap_or_default(),
        Some(_) | None => String::new(),
    }
}

/// The host by which the caller reached the gateway.
fn domain(request: &Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.clone().unwrap_or_default(),
        Some(_) | None => String::new(),
    }
}

const fn status_of(refused: SignedRequestError) -> u16 {
    match refused {
        SignedRequestError::TooLarge => 413,
        SignedRequestError::Mismatch => 401,
        SignedRequestError::Missing
        | SignedRequestError::Doubled
        | SignedRequestError::Malformed
        | SignedRequestError::Algorithm
        | SignedRequestError::Payload => 400,
    }
}

fn too_large(problem: &str) -> Response<Body> {
    metrics::count(metrics::DELIVERIES_TOO_LARGE, 1);
    logging::operator(&OperatorEvent::new("delivery_too_large", Severity::Critical, problem.to_owned()));
    refuse(&Problem::new(413, problem))
}

pub(crate) fn refuse(problem: &Problem) -> Response<Body> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, problem::MEDIA_TYPE, problem.to_json())
}

pub(crate) fn answer(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    response
}
