//! Where the SMTP server is, as its URL says.

use std::fmt;
use std::net::IpAddr;

use domain::secret::Secret;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{CertificateStore, TlsParameters};
use percent_encoding::percent_decode_str;
use url::Url;

/// Ports where the URL names none: <https://www.rfc-editor.org/rfc/rfc5321>, <https://www.rfc-editor.org/rfc/rfc8314#section-3>.
const SMTP: u16 = 25;
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// The URL of the SMTP server cannot be used. It holds a password, so nothing of it is repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("it is no URL; it is written as smtps://user:password@host, with %40 for an @ within the password")]
    Unreadable,
    #[error("it begins with none of smtps://, smtp+starttls:// and smtp://")]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error("it goes on after host and port; only smtp://…?tls=required is known")]
    TooMuch,
    #[error("its user or password is not UTF-8, or one is there without the other")]
    Credentials,
    #[error("smtp:// sends passwords and orders in the clear, so it may only name this machine; write smtps:// or smtp+starttls://")]
    Unprotected,
    #[error("TLS cannot be set up for its host")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// The server, and how it is spoken to.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) protection: Protection,
    pub(crate) credentials: Option<Credentials>,
}

/// What keeps others from reading along.
pub(crate) enum Protection {
    /// Nothing, within one machine.
    SameMachine,
    /// TLS after a greeting in the clear; without it, nothing is sent.
    StartTls(TlsParameters),
    /// TLS from the first byte.
    Tls(TlsParameters),
}

impl Server {
    pub(crate) fn new(url: &Secret) -> Result<Self, UrlError> {
        let url = Url::parse(url.expose()).map_err(|_| UrlError::Unreadable)?;
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
        let host = host.filter(|host| !host.is_empty()).ok_or(UrlError::NoHost)?;
        let wants_tls = wants_tls(&url)?;
        let tls = || TlsParameters::builder(host.clone()).certificate_store(CertificateStore::WebpkiRoots).build().map_err(UrlError::Tls);
        let (protection, port) = match (url.scheme(), wants_tls) {
            ("smtps", false) => (Protection::Tls(tls()?), SUBMISSIONS),
            ("smtp+starttls", false) | ("smtp", true) => (Protection::StartTls(tls()?), SUBMISSION),
            ("smtp", false) if is_this_machine(&host) => (Protection::SameMachine, SMTP),
            ("smtp", false) => return Err(UrlError::Unprotected),
            ("smtps" | "smtp+starttls", true) => return Err(UrlError::TooMuch),
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self { port: url.port().unwrap_or(port), protection, credentials: credentials(&url)?, host })
    }
}

fn wants_tls(url: &Url) -> Result<bool, UrlError> {
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(UrlError::TooMuch);
    }
    match url.query() {
        None => Ok(false),
        Some("tls=required") => Ok(true),
        Some(_) => Err(UrlError::TooMuch),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, UrlError> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| UrlError::Credentials);
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(UrlError::Credentials),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, UrlError> {
        Server::new(&Secret::new(url).unwrap())
    }

    #[test]
    fn the_scheme_says_how_the_server_is_spoken_to_and_at_which_port() {
        for (url, port, is_protected) in [
            ("smtps://u:p@mail.example.com", 465, true),
            ("smtp+starttls://u:p@mail.example.com", 587, true),
            ("smtp://u:p@mail.example.com:2587?tls=required", 2587, true),
            ("smtp://127.0.0.1", 25, false),
            ("smtp://localhost:1025/", 1025, false),
            ("smtp://[::1]:1025", 1025, false),
        ] {
            let server = server(url).unwrap();
            assert_eq!((server.port, !matches!(server.protection, Protection::SameMachine)), (port, is_protected), "{url}");
        }
    }

    #[test]
    fn a_password_may_hold_every_character() {
        let credentials = server("smtps://shop%40example.com:p%40ss%2Fw%C3%B6rd@mail.example.com").unwrap().credentials.unwrap();
        assert!(credentials == Credentials::new("shop@example.com".into(), "p@ss/wörd".into()));
    }

    #[test]
    fn in_the_clear_only_this_machine_is_spoken_to_and_the_error_says_what_to_write() {
        for url in ["smtp://mail.example.com", "smtp://10.0.0.1", "smtp://localhost.example.com", "smtp://127.0.0.1.example.com"] {
            let error = server(url).unwrap_err();
            assert!(matches!(error, UrlError::Unprotected) && error.to_string().contains("smtps://"), "{url}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_used_stops_the_start_and_shows_nothing_of_the_password() {
        for url in [
            "hunter2",
            "https://u:hunter2@mail.example.com",
            "smtps://u:hunter2@",
            "smtps://u:hunter2@mail.example.com/path",
            "smtps://u:hunter2@mail.example.com?tls=none",
            "smtps://hunter2@mail.example.com",
            "smtps://u:hunter2%FF@mail.example.com",
            "smtp://u:hunter2@mail.example.com",
        ] {
            let error = server(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error}");
        }
        assert!(!format!("{:?}", server("smtps://hunter2:hunter2@mail.example.com").unwrap()).contains("hunter2"));
    }
}
