//! The client: one pool of connections to the Graph API, and the token of each Page.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::id::PageId;
use domain::secret::Secret;
use lambda_support::tls;
use reqwest::header::HeaderValue;
use reqwest::{Url, redirect, retry};

use crate::proof::{InvalidAppSecret, appsecret_proof};
use crate::usage::Usage;

/// How long an unused connection is kept. Writing to one that Meta has closed leaves a send with an unknown outcome, which costs a person's
/// time; a new connection costs a tenth of a second. How long Meta keeps its side open is not documented.
const IDLE: Duration = Duration::from_secs(20);

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, TCP and TLS together.
    pub connect: Duration,
    /// Everything, from the first packet to the last byte of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Ten times what it takes from any region. Giving up here is harmless: nothing was written yet.
            connect: Duration::from_secs(2),
            // Giving up later leaves a message with an unknown outcome, so Meta gets far more than the second that a send takes; the claim of
            // a message (a minute) and the function's own limit must stay longer.
            total: Duration::from_secs(10),
        }
    }
}

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and version, `https://graph.facebook.com/v26.0`. Plain `http` goes to this machine only.
    pub base_url: String,
    /// Each call carries the proof over its token when this is here.
    pub app_secret: Option<Secret>,
    pub page_tokens: BTreeMap<PageId, Secret>,
    pub timeouts: Timeouts,
}

/// The client cannot be made; the function does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("GRAPH_API_URL is not an address like https://graph.facebook.com/v26.0")]
    BaseUrl,
    #[error("GRAPH_API_URL must begin with https://: over plain http, tokens can be read on the way")]
    Insecure,
    #[error("META_PAGE_TOKENS: the token of Page {page} has a character that no token has")]
    Token { page: PageId },
    #[error(transparent)]
    AppSecret(#[from] InvalidAppSecret),
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// The Graph API with the tokens of our Pages. Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub struct GraphApi {
    http: reqwest::Client,
    base: Url,
    pages: BTreeMap<PageId, Credentials>,
    /// How much of its limits each Page has used, in percent, by its last answer that told it.
    usage: Arc<Mutex<BTreeMap<PageId, u64>>>,
}

impl GraphApi {
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        let base = base(&settings.base_url)?;
        let http = http(settings.timeouts)?;
        let credentials = |(page, token): (PageId, Secret)| {
            let credentials = Credentials::new(&page, &token, settings.app_secret.as_ref())?;
            Ok((page, credentials))
        };
        let pages = settings.page_tokens.into_iter().map(credentials).collect::<Result<_, BuildError>>()?;
        Ok(Self { http, base, pages, usage: Arc::default() })
    }

    /// Returns how much of its limits the Page has used, in percent: from about 80 on, calls should slow down, and at 100 Meta refuses them.
    #[must_use]
    pub fn usage_percent(&self, page: &PageId) -> u64 {
        self.usage.lock().ok().and_then(|usage| usage.get(page).copied()).unwrap_or(0)
    }

    pub(crate) fn note_usage(&self, page: &PageId, told: &Usage) {
        // Asked to stay away although the call went through: the limit is reached.
        let percent = told.regain_in_minutes.map_or(told.percent, |_| Some(100));
        if let (Some(percent), Ok(mut usage)) = (percent, self.usage.lock()) {
            usage.insert(page.clone(), percent);
        }
    }

    pub(crate) fn credentials(&self, page: &PageId) -> Result<&Credentials, NoToken> {
        self.pages.get(page).ok_or_else(|| NoToken { page: page.clone() })
    }

    pub(crate) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }
}

/// A Page's token was not given. The words are for the operator.
#[derive(Debug, thiserror::Error)]
#[error(
    "Shopbell has no access token for Page {page}. Put one into the parameter META_PAGE_TOKENS/{page}; it is taken within five minutes."
)]
pub(crate) struct NoToken {
    page: PageId,
}

/// A Page's token and the proof over it, as the wire wants them.
#[derive(Clone)]
pub(crate) struct Credentials {
    token: Secret,
    authorization: HeaderValue,
    proof: Option<String>,
}

impl Credentials {
    pub(crate) fn new(page: &PageId, token: &Secret, app_secret: Option<&Secret>) -> Result<Self, BuildError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| BuildError::Token { page: page.clone() })?;
        authorization.set_sensitive(true);
        let proof = app_secret.map(|app_secret| appsecret_proof(app_secret, token)).transpose()?;
        Ok(Self { token: token.clone(), authorization, proof })
    }

    pub(crate) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    pub(crate) const fn token(&self) -> &Secret {
        &self.token
    }

    pub(crate) fn proof(&self) -> Option<&str> {
        self.proof.as_deref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

fn base(address: &str) -> Result<Url, BuildError> {
    let base = Url::parse(address.trim()).map_err(|_| BuildError::BaseUrl)?;
    match base.scheme() {
        "https" => Ok(base),
        "http" if is_this_machine(&base) => Ok(base),
        "http" => Err(BuildError::Insecure),
        _ => Err(BuildError::BaseUrl),
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn http(timeouts: Timeouts) -> Result<reqwest::Client, BuildError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config().map_err(BuildError::Tls)?)
        .user_agent(concat!("shopbell/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(IDLE)
        // A second try is decided where it is known what the first one did.
        .retry(retry::never())
        // Following one would carry the token, and perhaps the message, elsewhere.
        .redirect(redirect::Policy::none())
        // The environment is read by config.rs alone; a proxy named there would be taken without a word.
        .no_proxy()
        .build()
        .map_err(|error| BuildError::Http(error.without_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str, token: &str) -> Settings {
        Settings {
            base_url: base_url.to_owned(),
            app_secret: Some(Secret::new("hunter2").unwrap()),
            page_tokens: [(PageId::new("108234567890123").unwrap(), Secret::new(token).unwrap())].into(),
            timeouts: Timeouts::default(),
        }
    }

    #[test]
    fn tokens_leave_this_machine_only_encrypted() {
        for good in ["https://graph.facebook.com/v26.0", "http://127.0.0.1:8787/v26.0", "http://[::1]:1/v26.0/", "http://localhost"] {
            assert!(GraphApi::new(settings(good, "EAATestToken")).is_ok(), "{good}");
        }
        for insecure in
            ["http://graph.facebook.com/v26.0", "http://10.0.0.1", "http://localhost.example.com", "http://127.0.0.1.example.com"]
        {
            assert!(matches!(GraphApi::new(settings(insecure, "EAATestToken")), Err(BuildError::Insecure)), "{insecure}");
        }
        for useless in ["", "graph.facebook.com", "ftp://graph.facebook.com", "https://", "file:///v26.0"] {
            assert!(matches!(GraphApi::new(settings(useless, "EAATestToken")), Err(BuildError::BaseUrl)), "{useless}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_sent_stops_the_start_and_is_not_shown() {
        let error = GraphApi::new(settings("https://graph.facebook.com", "EAA\nToken")).unwrap_err();
        assert_eq!(error.to_string(), "META_PAGE_TOKENS: the token of Page 108234567890123 has a character that no token has");
    }

    #[test]
    fn neither_token_nor_secret_nor_proof_is_in_debug() {
        let settings = settings("https://graph.facebook.com/v26.0", "EAATestToken");
        let proof = appsecret_proof(settings.app_secret.as_ref().unwrap(), &Secret::new("EAATestToken").unwrap()).unwrap();
        let shown = format!("{settings:?} {:?}", GraphApi::new(settings.clone()).unwrap());
        for hidden in ["EAATestToken", "hunter2", &proof] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
