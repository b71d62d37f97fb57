//! AWS clients from the variables that Lambda sets: no profile files, no metadata calls, one HTTPS client over ring.
//!
//! `AWS_ENDPOINT_URL`, or the same with `_DYNAMODB`, `_SQS`, `_SSM` or `_SESV2` behind it, points the clients elsewhere, as in every SDK.

use std::error::Error as _;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{IdentityCache, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::environment::{Environment, EnvironmentError};
use crate::https::Https;

/// How long a call may take, attempts included, and one attempt. Platforms want their answer within five seconds, so the queue has four.
const SQS: Limits = Limits { call: Duration::from_secs(4), attempt: Duration::from_millis(1_900) };
const OTHERS: Limits = Limits { call: Duration::from_secs(8), attempt: Duration::from_secs(3) };

/// One attempt only: an e-mail that is sent again comes twice.
#[cfg(feature = "ses")]
const SES: Limits = Limits { call: Duration::from_secs(10), attempt: Duration::from_secs(10) };

#[derive(Clone, Copy)]
struct Limits {
    call: Duration,
    attempt: Duration,
}

/// What every client is made of.
#[derive(Debug, Clone)]
pub struct Aws {
    region: String,
    credentials: Credentials,
    dynamodb_url: Option<String>,
    sqs_url: Option<String>,
    ssm_url: Option<String>,
    #[cfg(feature = "ses")]
    ses_url: Option<String>,
    http: SharedHttpClient,
}

impl Aws {
    /// Reads region, credentials and endpoints.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let region = environment.optional("AWS_REGION").or_else(|| environment.optional("AWS_DEFAULT_REGION"));
        let region =
            region.ok_or_else(|| EnvironmentError::Missing { name: "AWS_REGION".into(), purpose: "the region of the stack".into() })?;
        let credentials = Credentials::new(
            environment.required("AWS_ACCESS_KEY_ID", "credentials; Lambda sets them")?,
            environment.required("AWS_SECRET_ACCESS_KEY", "credentials; Lambda sets them")?,
            environment.optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let everywhere = environment.optional("AWS_ENDPOINT_URL");
        Ok(Self {
            region,
            credentials,
            dynamodb_url: environment.optional("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| everywhere.clone()),
            sqs_url: environment.optional("AWS_ENDPOINT_URL_SQS").or_else(|| everywhere.clone()),
            ssm_url: environment.optional("AWS_ENDPOINT_URL_SSM").or_else(|| everywhere.clone()),
            #[cfg(feature = "ses")]
            ses_url: environment.optional("AWS_ENDPOINT_URL_SESV2").or(everywhere),
            http: SharedHttpClient::new(Https::from_environment(environment)?),
        })
    }

    // Of every client: the credentials are at hand, so nothing caches them, and each attempt has a limit that ends before a stalled stream
    // would be noticed.

    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(aws_sdk_dynamodb::config::Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts(OTHERS));
        config.set_endpoint_url(self.dynamodb_url.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(aws_sdk_sqs::config::Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts(SQS));
        config.set_endpoint_url(self.sqs_url.clone());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    #[must_use]
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        let mut config = aws_sdk_ssm::Config::builder()
            .behavior_version_latest()
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(aws_sdk_ssm::config::Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts(OTHERS));
        config.set_endpoint_url(self.ssm_url.clone());
        aws_sdk_ssm::Client::from_conf(config.build())
    }

    #[cfg(feature = "ses")]
    #[must_use]
    pub fn sesv2(&self) -> aws_sdk_sesv2::Client {
        let mut config = aws_sdk_sesv2::Config::builder()
            .behavior_version_latest()
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .region(aws_sdk_sesv2::config::Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(SES));
        config.set_endpoint_url(self.ses_url.clone());
        aws_sdk_sesv2::Client::from_conf(config.build())
    }
}

/// Tells whether a call failed before a connection stood, so that nobody has read it.
#[must_use]
pub fn never_connected(error: &ConnectorError) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>()).any(hyper_util::client::legacy::Error::is_connect)
}

fn timeouts(limits: Limits) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(limits.attempt).operation_timeout(limits.call).build()
}
