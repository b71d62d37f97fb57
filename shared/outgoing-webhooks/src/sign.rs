//! Signatures: `v1,` and the Base64 of an HMAC-SHA256 over `{id}.{timestamp}.{payload}`, one for each secret.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use domain::announce::{AnnouncementId, Endpoint};
use domain::secret::BlankSecret;
use domain::time::Timestamp;
use standardwebhooks::{Webhook, WebhookError};

/// A post cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("a secret of the endpoint is blank")]
    Blank(#[source] BlankSecret),
    #[error("a secret of the endpoint is no Base64")]
    Secret(#[source] WebhookError),
    #[error("the endpoint has no secret")]
    None,
}

/// Returns the moment as the header shows it, in seconds.
pub(crate) const fn seconds(now: Timestamp) -> i64 {
    now.as_millis() / 1000
}

/// Signs a payload with every secret that holds at `now`, the newest first, as the header shows it.
pub(crate) fn signatures(endpoint: &Endpoint, id: &AnnouncementId, payload: &str, now: Timestamp) -> Result<String, SignError> {
    let sign = |secret: &domain::announce::SigningSecret| {
        let secret = secret.secret().map_err(SignError::Blank)?;
        let webhook = Webhook::new(secret.expose()).map_err(SignError::Secret)?;
        webhook.sign(id.as_str(), seconds(now), payload.as_bytes()).map_err(SignError::Secret)
    };
    let signatures = endpoint.signing_secrets(now).map(sign).collect::<Result<Vec<_>, _>>()?;
    if signatures.is_empty() { Err(SignError::None) } else { Ok(signatures.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::announce::SigningSecret;
    use domain::secret::Secret;
    use http::{HeaderMap, HeaderValue};
    use testkit::announcements::{SIGNING_SECRET, endpoint_at, receipt_sent};
    use testkit::ids::at;

    /// From the library of the specification.
    #[test]
    fn the_vector_of_the_specification_is_signed_as_it_says() {
        let webhook = Webhook::new(SIGNING_SECRET).unwrap();
        let signature = webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_rotated_either_verifies() {
        let mut endpoint = endpoint_at("https://shop.example/", 1);
        let new = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        endpoint.rotate(SigningSecret::new(&Secret::new(new).unwrap()), at(0));
        let id = receipt_sent("20418", 0).id;
        let (payload, now) = ("{}", lambda_now());
        // Verification looks at the clock of the machine; the old secret holds by ours.
        let signed = |now_of_secret: Timestamp| {
            let secrets = endpoint.signing_secrets(now_of_secret);
            secrets
                .map(|secret| {
                    Webhook::new(secret.secret().unwrap().expose()).unwrap().sign(id.as_str(), seconds(now), payload.as_bytes()).unwrap()
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        for secret in [SIGNING_SECRET, new] {
            assert!(Webhook::new(secret).unwrap().verify(payload.as_bytes(), &headers(&id, now, &signed(at(1)))).is_ok());
        }
        assert!(Webhook::new(SIGNING_SECRET).unwrap().verify(payload.as_bytes(), &headers(&id, now, &signed(at(90_000)))).is_err());
        assert_eq!(signatures(&endpoint, &id, payload, at(1)).unwrap().split(' ').count(), 2);
        assert_eq!(signatures(&endpoint, &id, payload, at(90_000)).unwrap().split(' ').count(), 1);
    }

    fn lambda_now() -> Timestamp {
        domain::ports::Clock::now(&lambda_support::clock::SystemClock)
    }

    fn headers(id: &AnnouncementId, now: Timestamp, signature: &str) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_str(value).unwrap();
        [
            ("webhook-id", value(id.as_str())),
            ("webhook-timestamp", value(&seconds(now).to_string())),
            ("webhook-signature", value(signature)),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value))
        .collect()
    }
}
