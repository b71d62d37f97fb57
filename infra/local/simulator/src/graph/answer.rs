//! How a call ends: with an answer, with an error, or with a connection that breaks.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use futures::stream;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::error;

use super::errors::{self, GraphError, Refusal};
use crate::simulator::{Refused, Simulator};
use crate::store::StoreError;

/// Why a call has no good answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Refusal),
    Store(StoreError),
    /// The connection closes without a byte.
    ConnectionLost,
    /// Nothing is heard for so long; then the connection closes.
    Unanswered {
        after_ms: u32,
    },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(err: StoreError) -> Self {
        Self::Store(err)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(err: rusqlite::Error) -> Self {
        Self::Store(err.into())
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a GraphError,
}

/// Turns the end of a call into HTTP.
pub(crate) async fn respond(simulator: &Simulator, page_id: Option<&str>, result: Result<Value, Failure>) -> Response<Body> {
    let refusal = match result {
        Ok(value) => return json_answer(simulator, page_id, 200, value.to_string()),
        Err(Failure::Refused(refusal)) => refusal,
        Err(Failure::Store(err)) => {
            error!(error = %err, "the simulator's store failed");
            Refusal::of(errors::UNEXPECTED, "the simulator's own database failed")
        }
        Err(Failure::ConnectionLost) => return broken(),
        Err(Failure::Unanswered { after_ms }) => {
            simulator.parts().clock.wait_until(simulator.now_ms().saturating_add(after_ms.into())).await;
            return broken();
        }
    };
    let (code, subcode) = (refusal.error.code, refusal.error.error_subcode);
    simulator.count(|counters| counters.last_refused = Some(Refused { code, subcode, because: refusal.because.clone() }));
    simulator.changed();
    let body = serde_json::to_string(&ErrorBody { error: &refusal.error }).unwrap_or_default();
    json_answer(simulator, page_id, refusal.status, body)
}

/// Breaks the connection: a body that fails before its first byte makes the server close without writing anything.
fn broken() -> Response<Body> {
    let failing = stream::once(async { Err::<Bytes, _>(std::io::Error::other("connection lost, as a fault demands")) });
    Response::new(Body::from_stream(failing))
}

/// Adds the usage headers of
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting/>.
fn json_answer(simulator: &Simulator, page_id: Option<&str>, status: u16, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    let usage = page_id.map(|page_id| (page_id, simulator.limits().usage(page_id, simulator.now_ms())));
    let percent = usage.map_or(0, |(_, usage)| usage.percent);
    let of_app = json!({"call_count": percent, "total_time": percent, "total_cputime": percent});
    if let Ok(value) = HeaderValue::from_str(&of_app.to_string()) {
        headers.insert("x-app-usage", value);
    }
    if let Some((page_id, usage)) = usage {
        let of_page = json!({page_id: [{
            "type": "messenger", "call_count": usage.percent, "total_cputime": usage.percent, "total_time": usage.percent,
            "estimated_time_to_regain_access": usage.regain_minutes,
        }]});
        if let Ok(value) = HeaderValue::from_str(&of_page.to_string()) {
            headers.insert("x-business-use-case-usage", value);
        }
    }
    response
}
