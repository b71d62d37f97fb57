//! The HTTPS client under every AWS client: HTTP/1.1 over rustls and ring, with Mozilla's roots compiled in.
//!
//! The SDK's own client reads the roots of the machine at each start, prepares for HTTP/2, which neither DynamoDB nor SQS speaks, and for
//! proxies. `AWS_CA_BUNDLE`, a variable of the AWS command line, names a file of PEM certificates that are trusted instead of Mozilla's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::environment::{Environment, EnvironmentError};

const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// Opening a TCP connection may take so long; an attempt as a whole has its own limit, which names and TLS count into.
const CONNECT: Duration = Duration::from_secs(1);

/// The client. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Https(SharedHttpConnector);

impl Https {
    pub(crate) fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let invalid = |reason: String| EnvironmentError::Invalid { name: CA_BUNDLE.into(), reason };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|err| invalid(err.to_string()))?.with_root_certificates(roots(environment)?).with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Ok(Self(SharedHttpConnector::new(Connector(client))))
    }
}

fn roots(environment: &Environment) -> Result<RootCertStore, EnvironmentError> {
    let Some(path) = environment.optional(CA_BUNDLE) else { return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()) };
    let invalid = |reason: String| EnvironmentError::Invalid { name: CA_BUNDLE.into(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|err| invalid(err.to_string()))? {
        let certificate = certificate.map_err(|err| invalid(err.to_string()))?;
        roots.add(certificate).map_err(|err| invalid(err.to_string()))?;
    }
    if roots.is_empty() { Err(invalid("it holds no certificate".into())) } else { Ok(roots) }
}

impl HttpClient for Https {
    fn http_connector(&self, _settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

struct Connector(Client<HttpsConnector<TcpConnector>, SdkBody>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(err) => return HttpConnectorFuture::ready(Err(ConnectorError::user(err.into()))),
        };
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            // What fails on the way may be tried again: every call that we make can be made twice, but for e-mail, whose client does not.
            let answer = answer.await.map_err(|err| ConnectorError::io(err.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x)).map_err(|err| ConnectorError::other(err.into(), None))
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bundle(path: &str) -> Result<RootCertStore, EnvironmentError> {
        roots(&[(CA_BUNDLE.to_owned(), path.to_owned())].into_iter().collect())
    }

    #[test]
    fn mozillas_roots_are_trusted_when_nothing_else_is_said() {
        assert!(roots(&Environment::default()).unwrap().len() > 100);
    }

    #[test]
    fn a_bundle_without_a_certificate_stops_the_start() {
        for path in ["/nowhere.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            assert!(with_bundle(path).unwrap_err().to_string().contains(CA_BUNDLE));
        }
    }
}
