//! The HTTP API in front of the functions, as API Gateway answers: payload format 2.0 in, the function's answer out.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ports::Clock;
use lambda_support::clock::random;
use lambda_support::logging::chain;
use messenger_simulator::Simulator;
use serde_json::{Value as Json, json};

use crate::functions::RunningFunction;
use crate::time::StackClock;

/// The largest body that the gateway takes, and the largest event that it can hand to a function.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
const LARGEST_EVENT: usize = 6 * 1024 * 1024;

/// How long a caller may take to write its body. API Gateway documents no number; it gives the whole exchange thirty seconds.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// A route with the function behind it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) method: Option<String>,
    pub(crate) path: String,
    pub(crate) timeout: Duration,
    pub(crate) function: Arc<RunningFunction>,
}

/// The routes of the template.
#[derive(Debug)]
pub(crate) struct Gateway {
    targets: Vec<Target>,
    clock: StackClock,
    simulator: Simulator,
}

/// Where Meta's deliveries come in.
const META: &str = "/webhooks/meta";

impl Gateway {
    /// Routes with a method and more fixed segments come first, as the gateway prefers them.
    pub(crate) fn new(mut targets: Vec<Target>, clock: StackClock, simulator: Simulator) -> Self {
        let fixed = |target: &Target| target.path.split('/').filter(|segment| !segment.starts_with('{')).count();
        targets.sort_by_key(|target| std::cmp::Reverse((fixed(target), target.method.is_some())));
        Self { targets, clock, simulator }
    }

    pub(crate) async fn handle(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let Some((target, parameters)) = self.find(&parts.method, &path) else { return message(StatusCode::NOT_FOUND, "Not Found") };
        let body = match read_body(body, BODY_WITHIN).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let call = Call { method: &parts.method, path: &path, query: parts.uri.query().unwrap_or_default(), headers: &parts.headers };
        let event = self.event(target, &call, &parameters, &body);
        if event.to_string().len() > LARGEST_EVENT {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
        }
        match tokio::time::timeout(target.timeout, target.function.call(event)).await {
            Ok(Ok(answer)) => {
                failpoint::before("gateway.answer");
                self.tell_simulator(&call, &body, &answer);
                response(&answer).unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
            }
            Ok(Err(_)) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    /// Lets the simulator meet the people of a delivery that was proven genuine, so that they can be answered whoever posted it.
    fn tell_simulator(&self, call: &Call<'_>, body: &[u8], answer: &Json) {
        let accepted = call.path == META && call.method == Method::POST && answer.get("statusCode").and_then(Json::as_u64) == Some(200);
        if accepted && let Err(err) = self.simulator.witness(body) {
            tracing::warn!(error = %chain(&err), "the simulator did not take note of a delivery");
        }
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Target, BTreeMap<String, String>)> {
        self.targets.iter().find_map(|target| {
            let takes_method = target.method.as_ref().is_none_or(|wanted| wanted == method.as_str());
            let parameters = path_parameters(&target.path, path).filter(|_| takes_method)?;
            Some((target, parameters))
        })
    }

    fn event(&self, target: &Target, call: &Call<'_>, parameters: &BTreeMap<String, String>, body: &Bytes) -> Json {
        let now = self.clock.now();
        let route_key = format!("{} {}", target.method.as_deref().unwrap_or("ANY"), target.path);
        let text = is_text(call.headers).then(|| std::str::from_utf8(body).ok()).flatten();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": call.path,
            "rawQueryString": call.query,
            "headers": joined(call.headers),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": call.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost"),
                "domainPrefix": "local",
                "http": {
                    "method": call.method.as_str(),
                    "path": call.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": call.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
                },
                "requestId": format!("{:032x}", random()),
                "routeKey": route_key,
                "stage": "$default",
                "time": now.to_rfc3339(),
                "timeEpoch": now.as_millis(),
            },
            "isBase64Encoded": text.is_none() && !body.is_empty(),
        });
        if let Some(fields) = event.as_object_mut() {
            if !body.is_empty() {
                fields.insert("body".into(), Json::String(text.map_or_else(|| STANDARD.encode(body), str::to_owned)));
            }
            if !parameters.is_empty() {
                fields.insert("pathParameters".into(), json!(parameters));
            }
        }
        event
    }
}

/// Reads a body to its end; the answer when it is too long, breaks off, or does not come to an end within the time.
async fn read_body(body: Body, within: Duration) -> Result<Bytes, Response> {
    match tokio::time::timeout(within, axum::body::to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")),
        Err(_) => Err(message(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
    }
}

/// What the event tells of the request.
struct Call<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
}

/// Matches a path; `{name}` stands for a segment and `{name+}` for the rest.
fn path_parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        if let Some(name) = wanted.strip_prefix('{').and_then(|name| name.strip_suffix("+}")) {
            let rest: Vec<&str> = segments.by_ref().collect();
            parameters.insert(name.to_owned(), rest.join("/"));
            return rest.first().is_some_and(|segment| !segment.is_empty()).then_some(parameters);
        }
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => drop(parameters.insert(name.to_owned(), segment.to_owned())),
            None if wanted == segment => {}
            Some(_) | None => return None,
        }
    }
    segments.next().is_none().then_some(parameters)
}

/// The media types whose bodies the gateway passes on as text; everything else comes in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(media_type) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/") || ["application/json", "application/javascript", "application/xml"].contains(&essence.as_str())
}

/// Headers with lower-case names, and the values of a repeated one joined by commas.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}

/// The function's answer as HTTP; nothing when it is not one.
fn response(answer: &Json) -> Option<Response> {
    let status = u16::try_from(answer.get("statusCode")?.as_u64()?).ok()?;
    let body = answer.get("body").and_then(Json::as_str).unwrap_or_default();
    let encoded = answer.get("isBase64Encoded").and_then(Json::as_bool).unwrap_or(false);
    let body = if encoded { STANDARD.decode(body).ok()? } else { body.as_bytes().to_vec() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let single = answer.get("headers").and_then(Json::as_object).into_iter().flatten();
    for (name, value) in single {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.as_str().unwrap_or_default())) else {
            continue;
        };
        response.headers_mut().insert(name, value);
    }
    Some(response)
}

/// An answer of the gateway itself.
fn message(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(json!({ "message": text }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_as_the_gateway_matches_them() {
        assert_eq!(path_parameters("/webhooks/meta", "/webhooks/meta"), Some(BTreeMap::new()));
        assert_eq!(path_parameters("/webhooks/meta", "/webhooks/meta/"), None);
        assert_eq!(path_parameters("/webhooks/{source}", "/webhooks/stripe").unwrap()["source"], "stripe");
        assert_eq!(path_parameters("/webhooks/{source}", "/webhooks/"), None);
        assert_eq!(path_parameters("/v1/{proxy+}", "/v1/a/b/c").unwrap()["proxy"], "a/b/c");
        assert_eq!(path_parameters("/v1/{proxy+}", "/v1/"), None);
        assert_eq!(path_parameters("/v1/{proxy+}", "/v1"), None);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let endless = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read_body(endless, Duration::from_millis(1)).await.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(read_body(Body::from("all of it"), BODY_WITHIN).await.unwrap(), "all of it");
        let long = Body::from(vec![b' '; LARGEST_BODY + 1]);
        assert_eq!(read_body(long, BODY_WITHIN).await.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
