//! Signed calls of the JSON protocols. <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::{digest, hmac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::Outcome;
use crate::http::Connection;

pub(crate) struct Aws {
    host: String,
    region: String,
    key_id: String,
    secret: String,
    tls: Arc<ClientConfig>,
    connections: BTreeMap<String, Connection>,
}

impl Aws {
    pub(crate) fn from_environment() -> Outcome<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(std::env::var("AWS_CA_BUNDLE")?)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Self {
            host: std::env::var("AWS_ENDPOINT_URL")?.trim_start_matches("https://").to_owned(),
            region: std::env::var("AWS_REGION")?,
            key_id: std::env::var("AWS_ACCESS_KEY_ID")?,
            secret: std::env::var("AWS_SECRET_ACCESS_KEY")?,
            tls: Arc::new(tls.with_root_certificates(roots).with_no_client_auth()),
            connections: BTreeMap::new(),
        })
    }

    pub(crate) fn call(&mut self, service: &str, target: &str, body: &Value) -> Outcome<Vec<u8>> {
        let body = serde_json::to_vec(body)?;
        let headers = self.sign(service, target, &body)?;
        let connection = match self.connections.entry(service.to_owned()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let stream = TcpStream::connect(&self.host)?;
                stream.set_nodelay(true)?;
                let name = ServerName::try_from(self.host.split(':').next().unwrap_or_default().to_owned())?;
                let tls = ClientConnection::new(Arc::clone(&self.tls), name)?;
                new.insert(Connection::over(Box::new(StreamOwned::new(tls, stream)), &self.host))
            }
        };
        let (head, answer) = connection.call("POST /", &headers, &body)?;
        if head.starts_with("HTTP/1.1 200") { Ok(answer) } else { Err(String::from_utf8_lossy(&answer).into()) }
    }

    fn sign(&self, service: &str, target: &str, body: &[u8]) -> Outcome<String> {
        let (day, moment) = moment(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
        let media_type = "application/x-amz-json-1.0";
        let Self { host, region, key_id, secret, .. } = self;
        let named = "content-type;host;x-amz-date;x-amz-target";
        let canonical = format!(
            "POST\n/\n\ncontent-type:{media_type}\nhost:{host}\nx-amz-date:{moment}\nx-amz-target:{target}\n\n{named}\n{}",
            hex(digest::digest(&digest::SHA256, body).as_ref())
        );
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref()));
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [day.as_str(), region, service, "aws4_request", &to_sign] {
            key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
        }
        Ok(format!(
            "content-type: {media_type}\r\nx-amz-date: {moment}\r\nx-amz-target: {target}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={named}, Signature={}\r\n",
            hex(&key)
        ))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The day and the moment as signatures want them: `20261122` and `20261122T024103Z`.
/// Days to a date: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
fn moment(seconds: u64) -> (String, String) {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let date = format!("{year}{month:02}{day:02}");
    let time = format!("{date}T{:02}{:02}{:02}Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    (date, time)
}
