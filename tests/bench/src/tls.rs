//! A certification authority for one run, and what trusts it.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::Outcome;

/// Where systems keep the certificates that they trust.
const SYSTEM: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// Makes an authority and a certificate of it for `localhost`. Its own certificate goes to `bundle`, and to `native` together with all that
/// the system trusts: who reads the system's roots shall read as many as elsewhere.
pub(crate) fn server(bundle: &Path, native: &Path) -> Outcome<Arc<ServerConfig>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![String::from("localhost")])?.signed_by(&key, &authority)?;

    std::fs::write(bundle, authority.pem())?;
    let mut trusted = SYSTEM.iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    trusted.push_str(&authority.pem());
    std::fs::write(native, trusted)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    Ok(Arc::new(config.with_single_cert(vec![certificate.der().clone()], key)?))
}
