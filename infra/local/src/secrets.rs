//! The secrets of a stack on one machine: made at the first start, kept in its folder, replaced by variables that are set.

use std::collections::BTreeMap;
use std::path::Path;

use lambda_support::clock::random;
use lambda_support::environment::Environment;
use serde::{Deserialize, Serialize};

/// The Page and the app of the documented samples; on one machine they belong to nobody.
pub const PAGE: &str = "108234567890123";
pub const APP: &str = "1834920057713346";

/// The variables of what shops and carriers sign with.
const SHOPS: [&str; 5] = [
    "SHOPIFY_WEBHOOK_SECRETS",
    "WOOCOMMERCE_WEBHOOK_SECRETS",
    "STRIPE_WEBHOOK_SECRETS",
    "EASYPOST_WEBHOOK_SECRETS",
    "AFTERSHIP_WEBHOOK_SECRETS",
];

/// What a developer needs to call the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Comma separated; the first signs the simulator's webhooks.
    pub app_secrets: String,
    pub verify_token: String,
    /// `page_id=token,…`.
    pub page_tokens: String,
    /// `name:scope+scope:key,…`.
    pub api_keys: String,
    /// Comma separated; the first seals new links.
    pub link_secret: String,
    /// What each shop and carrier signs with, by the name of the variable.
    pub shop_secrets: BTreeMap<String, String>,
}

/// The secrets could not be read or kept.
#[derive(Debug, thiserror::Error)]
#[error("the secrets in {path} cannot be read or written: {reason}; remove the file to get new ones")]
pub struct SecretsError {
    path: String,
    reason: String,
}

impl Secrets {
    /// Makes new ones.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            app_secrets: random_hex(),
            verify_token: random_hex(),
            page_tokens: format!("{PAGE}=EAAL{}", random_hex()),
            api_keys: format!("local:admin:sbk_{}", random_hex()),
            link_secret: random_hex(),
            shop_secrets: SHOPS.into_iter().map(|name| (name.to_owned(), random_hex())).collect(),
        }
    }

    /// Reads the secrets of `folder`, or makes and keeps them.
    pub fn load(folder: &Path) -> Result<Self, SecretsError> {
        let path = folder.join("secrets.json");
        let wrong = |reason: String| SecretsError { path: path.display().to_string(), reason };
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|err| wrong(err.to_string())),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => {
                let made = Self::generate();
                let text = serde_json::to_vec_pretty(&made).map_err(|err| wrong(err.to_string()))?;
                write_private(&path, &text).map_err(|err| wrong(err.to_string()))?;
                Ok(made)
            }
            Err(err) => Err(wrong(err.to_string())),
        }
    }

    /// Takes variables that are set instead.
    #[must_use]
    pub fn or_environment(self, environment: &Environment) -> Self {
        Self {
            app_secrets: environment.optional("META_APP_SECRETS").unwrap_or(self.app_secrets),
            verify_token: environment.optional("META_VERIFY_TOKEN").unwrap_or(self.verify_token),
            page_tokens: environment.optional("META_PAGE_TOKENS").unwrap_or(self.page_tokens),
            api_keys: environment.optional("API_KEYS").unwrap_or(self.api_keys),
            link_secret: environment.optional("LINK_SECRET").unwrap_or(self.link_secret),
            shop_secrets: self
                .shop_secrets
                .into_iter()
                .map(|(name, made)| {
                    let secret = environment.optional(&name).unwrap_or(made);
                    (name, secret)
                })
                .collect(),
        }
    }

    /// The variables that the functions read.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = self.shop_secrets.clone();
        variables.extend([
            ("META_APP_SECRETS".into(), self.app_secrets.clone()),
            ("META_VERIFY_TOKEN".into(), self.verify_token.clone()),
            ("META_PAGE_TOKENS".into(), self.page_tokens.clone()),
            ("API_KEYS".into(), self.api_keys.clone()),
            ("LINK_SECRET".into(), self.link_secret.clone()),
        ]);
        variables
    }

    /// The first app secret.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        self.app_secrets.split(',').next().unwrap_or_default().trim()
    }

    /// The first API key, when it is given in clear.
    #[must_use]
    pub fn api_key(&self) -> Option<&str> {
        let key = self.api_keys.split(',').next()?.splitn(3, ':').nth(2)?.trim();
        (!key.starts_with("sha256:")).then_some(key)
    }

    /// Each Page with its token.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (String, String)> {
        self.page_tokens.split(',').filter_map(|pair| pair.split_once('=')).map(|(page, token)| (page.trim().into(), token.trim().into()))
    }
}

/// 160 random bits.
fn random_hex() -> String {
    format!("{:020x}{:020x}", random(), random())
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
