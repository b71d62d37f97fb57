//! The secrets of a Page that is connected, for calls of the Graph API.

use domain::id::PageId;
use domain::secret::Secret;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use lambda_support::secrets;

use crate::config;
use crate::failure::Failure;
use crate::parameters::Parameters;

const APP_SECRETS: &str = "META_APP_SECRETS";
const PAGE_TOKENS: &str = "META_PAGE_TOKENS";

/// What proves a call, and the Page's token.
pub(crate) struct PageSecrets {
    pub(crate) app_secret: Option<Secret>,
    pub(crate) token: Secret,
}

/// Reads them from the Parameter Store, or from the environment of a stack that has them there.
pub(crate) async fn read(environment: &Environment, aws: &Aws, page: &PageId) -> Result<PageSecrets, Failure> {
    let missing = || Failure::Nothing(format!("there is no token for Page {page}; connect it first: make connect PAGE={page}"));
    let (app_secret, token) = if let Some(path) = config::secrets_path(environment) {
        let standing = Parameters::new(aws.ssm(), path).all().await?;
        (standing.get(APP_SECRETS).and_then(newest), standing.get(&format!("{PAGE_TOKENS}/{page}")).cloned())
    } else {
        let app_secrets = secrets::list(environment, APP_SECRETS, "the app secret that proves our calls")?;
        (app_secrets.into_iter().next(), config::page_token(environment, page))
    };
    Ok(PageSecrets { app_secret, token: token.ok_or_else(missing)? })
}

/// The newest of the app secrets comes first.
fn newest(list: &Secret) -> Option<Secret> {
    list.expose().split(',').next().and_then(|first| Secret::new(first).ok())
}
