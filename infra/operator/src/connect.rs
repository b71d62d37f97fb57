//! `connect`: makes a Page's line work, from the secrets to the first stored event. What stands as it should is left alone, so that a second
//! run changes nothing.

mod line;
mod secrets;

use domain::id::{AppId, PageId};
use domain::ports::{PageApi, ProfileError};
use domain::watch::FIELDS;
use dynamodb_store::Table;
use graph_api::setup::{Callback, SetupApi, SetupError, TokenDetails};
use lambda_support::aws::Aws;
use serde_json::{Map, Value};

use self::line::Line;
use self::secrets::Secrets;
use crate::Desk;
use crate::config::Connection;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::profile;

/// Without these a Page's token can neither send nor subscribe.
const NEEDED_SCOPES: [&str; 2] = ["pages_messaging", "pages_manage_metadata"];

/// What stands at Meta before anything is done, and what should.
struct Plan {
    app: AppId,
    callback: Option<Callback>,
    missing_fields: Vec<&'static str>,
    profile: Map<String, Value>,
}

impl Plan {
    fn callback_stands(&self, url: &str) -> bool {
        self.callback.as_ref().is_some_and(|callback| {
            callback.active && callback.url == url && FIELDS.iter().all(|field| callback.fields.iter().any(|known| known == field))
        })
    }
}

pub(crate) async fn connect(desk: &mut Desk<'_>, page: &PageId, name: Option<&str>) -> Result<(), Failure> {
    let config = Connection::read(desk.environment)?;
    let aws = Aws::from_environment(desk.environment)?;
    let parameters = Parameters::new(aws.ssm(), config.secrets_path.clone());
    let secrets = Secrets::gather(&parameters.all().await?, &config, page, desk.terminal)?;
    let api = SetupApi::new(config.graph_url.clone(), page.clone(), &secrets.page_token, secrets.app_secret.clone())?;

    let plan = look(desk, &api, page, name).await?;
    announce(desk, &config, &secrets, &plan, page);
    let stands =
        secrets.changes.is_empty() && plan.callback_stands(&config.callback) && plan.missing_fields.is_empty() && plan.profile.is_empty();
    if !stands {
        desk.confirm("Do it?")?;
    }

    put_secrets(desk, &parameters, &secrets).await?;
    let line = Line::new(&config.callback, desk.clock)?;
    line.handshake(&secrets.verify_token).await?;
    desk.done("handshake", &format!("{} gives the challenge back", config.callback));
    set_callback(desk, &api, &plan, &config, &secrets).await?;
    subscribe(desk, &api, &plan, page).await?;
    set_profile(desk, &api, &plan).await?;
    line.prove(page, &secrets.app_secret, &Table::new(aws.dynamodb(), config.table_name.clone())).await?;
    desk.done("line", "a signed test event came in by the webhook and stands in the table");
    farewell(desk, &config, &secrets, page);
    Ok(())
}

/// Asks Meta what stands. It changes nothing.
async fn look(desk: &mut Desk<'_>, api: &SetupApi, page: &PageId, name: Option<&str>) -> Result<Plan, Failure> {
    let app = checked(&api.token().await.map_err(of_token)?, page)?;
    desk.done("token", &format!("it is valid, of Page {page} and app {app}, and may {}", NEEDED_SCOPES.join(", ")));
    let callback = api.callback(&app).await?;
    let subscribed = api.graph().subscribed_fields(page).await.map_err(|err| asked(&err))?;
    let missing_fields = FIELDS.into_iter().filter(|field| !subscribed.iter().any(|known| known == field)).collect();
    let shop = match name {
        Some(name) => name.to_owned(),
        None => api.page_name().await?.ok_or_else(|| Failure::Token(format!("Page {page} does not tell its name; give --name")))?,
    };
    let wanted = profile::wanted(&shop)?;
    let profile = profile::differing(&wanted, &api.profile(&profile::PARTS).await?);
    Ok(Plan { app, callback, missing_fields, profile })
}

/// Tells whether the token is what it must be; returns its app.
fn checked(token: &TokenDetails, page: &PageId) -> Result<AppId, Failure> {
    if !token.valid {
        return Err(Failure::Token(String::from("the Page's token is dead; make a new one and give it as META_PAGE_TOKEN")));
    }
    if let Some(other) = token.page.as_ref().filter(|of| *of != page) {
        return Err(Failure::Token(format!("the token is of Page {other}, not of {page}")));
    }
    if token.page.is_none() {
        return Err(Failure::Token(String::from("the token is of a person, not of a Page; ask /me/accounts for the Page's own")));
    }
    let missing: Vec<&str> = NEEDED_SCOPES.into_iter().filter(|scope| !token.scopes.iter().any(|granted| granted == scope)).collect();
    if !missing.is_empty() {
        return Err(Failure::Token(format!("the token lacks {}; grant it to the app and make a new token", missing.join(", "))));
    }
    token.app.clone().ok_or_else(|| Failure::Token(String::from("Meta does not say of which app the token is")))
}

/// Says what will be done, line by line.
fn announce(desk: &mut Desk<'_>, config: &Connection, secrets: &Secrets, plan: &Plan, page: &PageId) {
    for name in &secrets.unchanged {
        desk.stands(&format!("{}{name}", config.secrets_path));
    }
    for change in &secrets.changes {
        desk.plan(&format!("write {}{} ({})", config.secrets_path, change.name, change.why));
    }
    if plan.callback_stands(&config.callback) {
        desk.stands(&format!("callback of app {}: {}", plan.app, config.callback));
    } else {
        let now = plan.callback.as_ref().map_or("nowhere", |callback| callback.url.as_str());
        desk.plan(&format!("send the events of app {} to {} (now: {now})", plan.app, config.callback));
    }
    if plan.missing_fields.is_empty() {
        desk.stands(&format!("subscription of Page {page}: every field"));
    } else {
        desk.plan(&format!("subscribe Page {page} to {}", plan.missing_fields.join(", ")));
    }
    for part in profile::PARTS {
        if plan.profile.contains_key(part) {
            desk.plan(&format!("set {part} of the Messenger profile"));
        } else {
            desk.stands(&format!("{part} of the Messenger profile"));
        }
    }
}

async fn put_secrets(desk: &mut Desk<'_>, parameters: &Parameters, secrets: &Secrets) -> Result<(), Failure> {
    for change in &secrets.changes {
        parameters.put(&change.name, &change.value).await?;
        desk.done(&change.name, "written");
        if let (Some(key), "API_KEYS") = (&secrets.api_key, change.name.as_str()) {
            desk.terminal.say(&format!("\n  API key, shown this once:  {}\n", key.expose()));
        }
    }
    Ok(())
}

async fn set_callback(desk: &mut Desk<'_>, api: &SetupApi, plan: &Plan, config: &Connection, secrets: &Secrets) -> Result<(), Failure> {
    if !plan.callback_stands(&config.callback) {
        api.set_callback(&plan.app, &config.callback, &secrets.verify_token, &FIELDS).await?;
        desk.done("callback", "Meta has shaken hands with it, and sends the app's events there");
    }
    Ok(())
}

async fn subscribe(desk: &mut Desk<'_>, api: &SetupApi, plan: &Plan, page: &PageId) -> Result<(), Failure> {
    if !plan.missing_fields.is_empty() {
        api.graph().subscribe(page, &FIELDS).await.map_err(|err| asked(&err))?;
        desk.done("subscription", &format!("Page {page} sends us {} fields", FIELDS.len()));
    }
    Ok(())
}

async fn set_profile(desk: &mut Desk<'_>, api: &SetupApi, plan: &Plan) -> Result<(), Failure> {
    if !plan.profile.is_empty() {
        api.set_profile(plan.profile.clone()).await?;
        desk.done("profile", "set; a menu takes up to a day to be seen by everybody");
    }
    Ok(())
}

fn farewell(desk: &mut Desk<'_>, config: &Connection, secrets: &Secrets, page: &PageId) {
    desk.terminal.say(&format!(
        "\nPage {page} is connected. Should Meta's dashboard ever ask for them:\n\n  Callback URL  {}\n  Verify token  {}\n",
        config.callback,
        secrets.verify_token.expose()
    ));
}

/// A proof over the token that Meta does not take was made with another app's secret.
fn of_token(error: SetupError) -> Failure {
    let is_proof = matches!(&error, SetupError::Refused { reason, .. } if reason.contains("appsecret_proof"));
    if is_proof { Failure::Token(format!("the app secret is not that of the token's app; {error}")) } else { Failure::Setup(error) }
}

fn asked(error: &ProfileError) -> Failure {
    Failure::Token(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(change: impl FnOnce(&mut TokenDetails)) -> TokenDetails {
        let scopes = NEEDED_SCOPES.map(String::from).to_vec();
        let mut token = TokenDetails { valid: true, app: AppId::new("7"), page: PageId::new("1"), scopes };
        change(&mut token);
        token
    }

    #[test]
    fn a_token_must_be_alive_of_the_page_and_may_send_and_subscribe() {
        let page = PageId::new("1").unwrap();
        assert_eq!(checked(&token(|_| {}), &page).unwrap().as_str(), "7");
        let refused = |change: fn(&mut TokenDetails)| checked(&token(change), &page).unwrap_err().to_string();
        assert!(refused(|token| token.valid = false).contains("dead"));
        assert!(refused(|token| token.page = PageId::new("2")).contains("of Page 2"));
        assert!(refused(|token| token.page = None).contains("of a person"));
        assert!(refused(|token| token.scopes = vec!["pages_messaging".into()]).contains("lacks pages_manage_metadata"));
    }
}
