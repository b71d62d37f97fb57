//! TLS to the outside: rustls over ring, with Mozilla's roots compiled in.
//!
//! The roots of the machine are not read: a function would pay for that at every cold start, and a base image without them would fail there.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Makes the configuration of every HTTPS client that speaks to the outside, or to ourselves as the outside does.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
