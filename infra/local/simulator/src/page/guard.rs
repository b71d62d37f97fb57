//! Keeps other sites out, and scripts and pictures from elsewhere too.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::simulator::Simulator;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] =
    [(CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")];

/// Refuses what another site sends, and names that are not this machine's.
pub(crate) async fn guard(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let ours = host_is_ours(request.headers(), &simulator.settings().public_base);
    let safe = request.method() == Method::GET || request.method() == Method::HEAD;
    let mut response = if !ours || (!safe && is_cross_site(request.headers())) {
        (StatusCode::FORBIDDEN, "This page only listens to itself.").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Browsers say where a post comes from; what says nothing is no browser.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != text(HOST.as_str())
}

/// Another name that leads to this address is a trick (DNS rebinding).
fn host_is_ours(headers: &HeaderMap, public_base: &str) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    let base = public_base.split_once("://").map_or(public_base, |(_, host)| host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host == base || ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_post_from_another_site_is_cross_site_with_either_header() {
        assert!(is_cross_site(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_cross_site(&headers(&[("origin", "https://evil.example"), ("host", "127.0.0.1:8787")])));
        assert!(is_cross_site(&headers(&[("origin", "null"), ("host", "127.0.0.1:8787")])));
        assert!(!is_cross_site(&headers(&[("origin", "http://127.0.0.1:8787"), ("host", "127.0.0.1:8787")])));
    }

    #[test]
    fn only_the_machines_own_names_are_ours() {
        assert!(host_is_ours(&headers(&[("host", "127.0.0.1:8787")]), "http://127.0.0.1:8787"));
        assert!(host_is_ours(&headers(&[("host", "desk.example")]), "https://desk.example"));
        assert!(!host_is_ours(&headers(&[("host", "evil.example:8787")]), "http://127.0.0.1:8787"));
    }
}
