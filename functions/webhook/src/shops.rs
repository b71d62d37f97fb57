//! One HTTP call of a shop, a payment service or a carrier: prove it, queue it, answer it.

use std::collections::BTreeMap;

use commerce_webhooks::Headers;
use domain::id::PageId;
use domain::operator::{OperatorEvent, Severity};
use domain::secret::Secret;
use domain::shop::{ShopDelivery, Source};
use domain::time::Timestamp;
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_support::logging::{self, chain};
use lambda_support::metrics;
use lambda_support::problem::Problem;
use sqs_jobs::shop::{ShopQueue, ShopQueueError};

use crate::handler::{Refused, answer, refuse};

/// The parameter of the address that says whose customers the shop's are.
const PAGE: &str = "page";

/// The most characters of a Page's id; they are numbers of fifteen to seventeen digits.
const LONGEST_PAGE: usize = 64;

/// The sources that may call, and where their deliveries go.
#[derive(Debug)]
pub struct Shops {
    secrets: BTreeMap<Source, Vec<Secret>>,
    orders: ShopQueue,
}

impl Shops {
    #[must_use]
    pub const fn new(secrets: BTreeMap<Source, Vec<Secret>>, orders: ShopQueue) -> Self {
        Self { secrets, orders }
    }

    pub(crate) async fn answer(
        &self,
        request: &Request,
        source: Source,
        now: Timestamp,
        request_id: String,
    ) -> Result<Response<Body>, Refused> {
        if *request.method() != Method::POST {
            return Ok(refuse(&Problem::new(405, "This address takes POST for deliveries.")));
        }
        let Ok(page) = page(request) else {
            return Ok(refuse(&Problem::new(400, "The parameter page is the id of one Page: digits, and once.")));
        };
        let body = request.body().as_ref();
        if commerce_webhooks::is_ping(source, body) {
            tracing::info!(delivery.source = source.as_str(), "a webhook was saved and says so");
            return Ok(taken());
        }
        let headers: Headers<'_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let secrets = self.secrets.get(&source).map(Vec::as_slice).unwrap_or_default();
        let proven = commerce_webhooks::verify(source, secrets, &headers, body, now).map_err(|err| Refused::Shop(source, err))?;
        Ok(self.put(&proven.into_job(page, now, request_id)).await)
    }

    async fn put(&self, delivery: &ShopDelivery) -> Response<Body> {
        let source = delivery.source.as_str();
        match self.orders.put(delivery).await {
            Ok(()) => {
                metrics::count(metrics::SHOP_DELIVERIES_QUEUED, 1);
                let (topic, id) = (delivery.topic.as_deref(), delivery.delivery_id.as_deref());
                tracing::info!(delivery.source = source, delivery.topic = topic, delivery.id = id, "delivery queued");
                taken()
            }
            Err(ShopQueueError::TooLarge { bytes }) => {
                metrics::count(metrics::SHOP_DELIVERIES_TOO_LARGE, 1);
                let problem = format!("A body of {bytes} bytes from {source} is too large to keep.");
                logging::operator(&OperatorEvent::new("delivery_too_large", Severity::Critical, problem.clone()));
                refuse(&Problem::new(413, problem))
            }
            Err(ShopQueueError::NotTaken(err)) => {
                metrics::count(metrics::SHOP_DELIVERIES_NOT_QUEUED, 1);
                tracing::error!(error = %chain(&err), delivery.source = source, "delivery not queued; its source sends it again");
                refuse(&Problem::new(503, "The delivery could not be stored. Send it again."))
            }
        }
    }
}

fn taken() -> Response<Body> {
    answer(StatusCode::OK, "text/plain", "EVENT_RECEIVED")
}

/// The parameter is no id of a Page, or is there more than once.
struct NoPage;

/// Reads which Page the address names, if it names one.
fn page(request: &Request) -> Result<Option<PageId>, NoPage> {
    let parameters = request.query_string_parameters();
    let Some(values) = parameters.all(PAGE) else { return Ok(None) };
    let [value] = values.as_slice() else { return Err(NoPage) };
    let is_id = (1..=LONGEST_PAGE).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| PageId::new(*value)).flatten().map(Some).ok_or(NoPage)
}
