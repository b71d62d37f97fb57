//! The HTTP side of webhooks: posting signed bytes, and the handshake.

use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::ring;

use super::retry::ANSWER_WITHIN_MS;
use super::sign;
use crate::simulator::{OpenError, Simulator};

/// How the app answered a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Not within five seconds.
    TooLate,
    /// The connection was refused or lost.
    Unreachable(String),
}

impl Answer {
    /// Says whether Meta takes the webhook as delivered: only for 200.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        *self == Self::Status(200)
    }

    /// Tells the answer in plain words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Status(status) => format!("answered {status}"),
            Self::TooLate => "no answer within 5 seconds".to_owned(),
            Self::Unreachable(why) => format!("unreachable: {why}"),
        }
    }
}

/// Why a callback URL was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("callback unreachable")]
    Unreachable(#[from] reqwest::Error),
    #[error("callback answered {0}")]
    Status(u16),
    #[error("callback answered with something else than the challenge")]
    Challenge,
}

/// Builds the client that posts webhooks. TLS is there for a callback behind a tunnel; on the desk it is plain HTTP.
pub(crate) fn client() -> Result<reqwest::Client, OpenError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let answer_within = Duration::from_millis(u64::try_from(ANSWER_WITHIN_MS).unwrap_or_default());
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(answer_within)
        .build()?)
}

impl Simulator {
    /// Posts bytes to the webhook at once, signed as Meta would: for duplicates, batches and nonsense of your own.
    pub async fn deliver_raw(&self, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        let signature = sign::signature(&self.settings().app_secret, &body);
        self.deliver_signed(body, Some(&signature)).await
    }

    /// Posts bytes with any signature, or with none.
    pub async fn deliver_signed(&self, body: impl Into<Vec<u8>>, signature: Option<&str>) -> Answer {
        let mut request = self
            .parts()
            .client
            .post(self.webhook_url())
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .body(body.into());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let too_late_ms = self.now_ms().saturating_add(ANSWER_WITHIN_MS);
        tokio::select! {
            answer = request.send() => match answer {
                Ok(answer) => Answer::Status(answer.status().as_u16()),
                Err(err) => Answer::Unreachable(chain(&err)),
            },
            () = self.parts().clock.wait_until(too_late_ms) => Answer::TooLate,
        }
    }

    /// Asks the callback to prove that it knows the verify token, as the dashboard does.
    ///
    /// # Errors
    /// When the callback does not answer 200 with the bare challenge.
    pub async fn handshake(&self) -> Result<(), HandshakeError> {
        let (url, token) = (self.webhook_url(), self.settings().verify_token.clone());
        self.handshake_with(&url, &token).await
    }

    pub(crate) async fn handshake_with(&self, url: &str, verify_token: &str) -> Result<(), HandshakeError> {
        let challenge = self.now_ms().unsigned_abs().to_string();
        let query = [("hub.mode", "subscribe"), ("hub.challenge", challenge.as_str()), ("hub.verify_token", verify_token)];
        let mut url = reqwest::Url::parse(url).map_err(|_| HandshakeError::Challenge)?;
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.parts().client.get(url).send().await?;
        if answer.status().as_u16() != 200 {
            return Err(HandshakeError::Status(answer.status().as_u16()));
        }
        if answer.text().await? == challenge { Ok(()) } else { Err(HandshakeError::Challenge) }
    }
}

/// Tells an error with all its causes.
fn chain(err: &dyn std::error::Error) -> String {
    let mut words = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        words.push_str(": ");
        words.push_str(&err.to_string());
        cause = err.source();
    }
    words
}
