//! Where an endpoint may be: on the world's side of the network, reached encrypted.
//!
//! A name is judged here by its spelling alone. Where it leads is judged when it is connected to, each time: see the crate
//! `outgoing-webhooks`.

use std::fmt;

use url::{Host, Url};

use super::address::is_global;

/// The most characters of an address.
const LONGEST: usize = 2_048;

/// Below this, ports belong to services of a machine; of those, only HTTPS is let through.
const FIRST_FREE_PORT: u16 = 1_024;
const HTTPS_PORT: u16 = 443;

/// Endings of names that lead nowhere but into somebody's own network.
const OWN_NETWORKS: [&str; 7] = ["localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain"];

/// Hosts that may be reached over plain HTTP and in one's own network: for the stack on one machine, and empty everywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsecureHosts(Vec<String>);

impl InsecureHosts {
    /// Reads `127.0.0.1,localhost`; blank is none.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        Self(value.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect())
    }

    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|known| known == host)
    }
}

/// An address that an endpoint may have. Only [`EndpointUrl::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

/// Why an endpoint may not be at an address. No variant repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("must be an address like https://shop.example/webhooks of at most 2048 characters")]
    NoAddress,
    #[error("must begin with https://")]
    NotEncrypted,
    #[error("must have no user name and no password: the signature proves who posts")]
    UserInfo,
    #[error("must have no fragment")]
    Fragment,
    #[error("must have the port 443, or one from 1024 on")]
    Port,
    #[error("must not lead into a private network")]
    PrivateNetwork,
}

impl EndpointUrl {
    /// Reads an address. Numbers in all spellings (`0x7f.1`, `2130706433`) are read as what they are.
    pub fn parse(value: &str, insecure: &InsecureHosts) -> Result<Self, UrlError> {
        if value.len() > LONGEST || value.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(UrlError::NoAddress);
        }
        let url = Url::parse(value).map_err(|_| UrlError::NoAddress)?;
        let host = url.host().ok_or(UrlError::NoAddress)?;
        let is_let_through = url.host_str().is_some_and(|host| insecure.contains(host));
        match url.scheme() {
            "https" => {}
            "http" if is_let_through => {}
            _ => return Err(UrlError::NotEncrypted),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        if !is_let_through {
            if url.port().is_some_and(|port| port != HTTPS_PORT && port < FIRST_FREE_PORT) {
                return Err(UrlError::Port);
            }
            if !may_be_the_worlds(&host) {
                return Err(UrlError::PrivateNetwork);
            }
        }
        Ok(Self(url))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the host for people and logs: the rest of an address may carry a secret.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

fn may_be_the_worlds(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_global((*address).into()),
        Host::Ipv6(address) => is_global((*address).into()),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let is_below = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            name.contains('.') && !OWN_NETWORKS.into_iter().any(is_below)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(value: &str) -> Result<(), UrlError> {
        EndpointUrl::parse(value, &InsecureHosts::default()).map(drop)
    }

    #[test]
    fn an_endpoint_is_reached_encrypted_and_in_the_world() {
        for good in [
            "https://shop.example/webhooks",
            "https://shop.example:8443/a?b=c",
            "https://shop.example:443",
            "https://1.1.1.1/x",
            "https://[2606:4700::1111]/x",
            "https://bücher.example/x",
            "HTTPS://SHOP.EXAMPLE",
            "https://internal.shop.example/",
            "https://notlocal.example/",
        ] {
            assert_eq!(verdict(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn nothing_leads_into_a_private_network() {
        for hostile in [
            "https://localhost/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://a.localhost/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://redis/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://0/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/",
            "https://0xa9.0xfe.0xa9.0xfe/",
            "https://①②⑦.⓪.⓪.①/",
            "https://127。0。0。1/",
            "https://%31%32%37.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
        ] {
            assert_eq!(verdict(hostile), Err(UrlError::PrivateNetwork), "{hostile}");
        }
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        for (value, error) in [
            ("http://shop.example/", UrlError::NotEncrypted),
            ("ftp://shop.example/", UrlError::NotEncrypted),
            ("file:///etc/passwd", UrlError::NoAddress),
            ("javascript:alert(1)", UrlError::NoAddress),
            ("shop.example/webhooks", UrlError::NoAddress),
            ("", UrlError::NoAddress),
            ("https://", UrlError::NoAddress),
            ("https://shop.example/\r\nx", UrlError::NoAddress),
            ("https://user@shop.example/", UrlError::UserInfo),
            ("https://user:pass@shop.example/", UrlError::UserInfo),
            ("https://shop.example@127.0.0.1/", UrlError::UserInfo),
            ("https://shop.example/#x", UrlError::Fragment),
            ("https://shop.example:22/", UrlError::Port),
            ("https://shop.example:25/", UrlError::Port),
        ] {
            assert_eq!(verdict(value), Err(error), "{value}");
        }
        assert_eq!(verdict(&format!("https://shop.example/{}", "x".repeat(LONGEST))), Err(UrlError::NoAddress));
    }

    #[test]
    fn only_a_host_that_is_named_may_be_insecure() {
        let insecure = InsecureHosts::parse("127.0.0.1, localhost");
        for good in ["http://127.0.0.1:3000/hook", "http://localhost:80/", "https://localhost/"] {
            assert!(EndpointUrl::parse(good, &insecure).is_ok(), "{good}");
        }
        assert_eq!(EndpointUrl::parse("http://127.0.0.2/", &insecure), Err(UrlError::NotEncrypted));
        assert_eq!(EndpointUrl::parse("https://10.0.0.1/", &insecure), Err(UrlError::PrivateNetwork));
    }
}
