//! What is set up once for an app and its Pages: where webhooks go, and what a customer sees before the first word.
//!
//! - <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions>
//! - <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/messenger-profile-api>
//!
//! These calls are made for a person at a terminal, so that their errors repeat what Meta says.

use std::collections::BTreeMap;

use domain::id::{AppId, PageId};
use domain::secret::Secret;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, LONG};
use crate::call::Call;
use crate::client::{BuildError, Credentials, GraphApi, Settings, Timeouts};
use crate::record::data;

/// The kind of object whose events we take.
const OBJECT: &str = "page";

/// What may be done with a Page's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDetails {
    pub valid: bool,
    /// The app for which the token was made.
    pub app: Option<AppId>,
    /// The Page whose token it is; nothing for the token of a person.
    pub page: Option<PageId>,
    pub scopes: Vec<String>,
}

/// Where an app's events of Pages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub url: String,
    pub active: bool,
    pub fields: Vec<String>,
}

/// A call did not do what it was made for. The words are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{call}: there is no connection to the Graph API: {reason}")]
    NotAnswered { call: &'static str, reason: String },
    #[error("{call}: Meta refused it: {reason}")]
    Refused { call: &'static str, reason: String },
    #[error("the Graph API's client cannot be made")]
    Build(#[from] BuildError),
}

/// The Graph API for one Page and the app that it belongs to.
#[derive(Debug, Clone)]
pub struct SetupApi {
    graph: GraphApi,
    page: PageId,
    page_credentials: Credentials,
    app_secret: Secret,
}

impl SetupApi {
    pub fn new(base_url: String, page: PageId, token: &Secret, app_secret: Secret) -> Result<Self, SetupError> {
        let page_credentials = Credentials::new(&page, token, Some(&app_secret))?;
        let page_tokens = BTreeMap::from([(page.clone(), token.clone())]);
        let settings = Settings { base_url, app_secret: Some(app_secret.clone()), page_tokens, timeouts: Timeouts::default() };
        Ok(Self { graph: GraphApi::new(settings)?, page, page_credentials, app_secret })
    }

    /// The same connections, for the calls that the functions make too.
    #[must_use]
    pub const fn graph(&self) -> &GraphApi {
        &self.graph
    }

    pub(crate) const fn page(&self) -> &PageId {
        &self.page
    }

    /// Asks Meta about the token itself. That the proof over it is taken shows that the app secret belongs to the token's app.
    pub async fn token(&self) -> Result<TokenDetails, SetupError> {
        let query = [("input_token", self.page_credentials.token().expose())];
        let answer = self.ask("debug_token", Method::GET, &["debug_token"], &query, None).await?;
        let report = answer.body.as_ref().and_then(|body| body.get("data")).cloned().unwrap_or_default();
        let scopes = report.get("scopes").and_then(Value::as_array).into_iter().flatten();
        Ok(TokenDetails {
            valid: report.get("is_valid").and_then(Value::as_bool).unwrap_or(false),
            app: report.get("app_id").and_then(id).and_then(AppId::new),
            page: report.get("profile_id").and_then(id).and_then(PageId::new),
            scopes: scopes.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    pub async fn page_name(&self) -> Result<Option<String>, SetupError> {
        let answer = self.ask("page", Method::GET, &[self.page.as_str()], &[("fields", "name")], None).await?;
        Ok(answer.text("name").map(str::to_owned))
    }

    /// Says where the app's events go now; nothing when they go nowhere.
    pub async fn callback(&self, app: &AppId) -> Result<Option<Callback>, SetupError> {
        let answer = self.ask_as_app("subscriptions", app, Method::GET, None).await?;
        Ok(data(&answer).iter().find(|entry| entry.get("object").and_then(Value::as_str) == Some(OBJECT)).and_then(callback))
    }

    /// Sends the app's events to `url` from now on. Meta asks the address for the challenge before it answers. That the secret may stand in a
    /// header with the app's id, as `id|secret`, is unconfirmed for this call; it is the documented form of an app's token.
    pub async fn set_callback(&self, app: &AppId, url: &str, verify_token: &Secret, fields: &[&str]) -> Result<(), SetupError> {
        // In the body, so that the token of the handshake stands in no address.
        let body = json!({ "object": OBJECT, "callback_url": url, "verify_token": verify_token.expose(), "fields": fields.join(",") });
        self.ask_as_app("subscriptions", app, Method::POST, Some(body)).await.map(drop)
    }

    /// Reads the parts of the Page's Messenger profile that stand.
    pub async fn profile(&self, parts: &[&str]) -> Result<Map<String, Value>, SetupError> {
        let fields = parts.join(",");
        let answer = self.ask("messenger_profile", Method::GET, &["me", "messenger_profile"], &[("fields", &fields)], None).await?;
        Ok(data(&answer).iter().filter_map(Value::as_object).flatten().map(|(part, value)| (part.clone(), value.clone())).collect())
    }

    /// Replaces the given parts of the Messenger profile. Meta takes ten calls of the profile in ten minutes.
    pub async fn set_profile(&self, parts: Map<String, Value>) -> Result<(), SetupError> {
        self.ask("messenger_profile", Method::POST, &["me", "messenger_profile"], &[], Some(Value::Object(parts))).await.map(drop)
    }

    pub(crate) async fn ask(
        &self,
        name: &'static str,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer, SetupError> {
        self.ask_with(&self.page_credentials, Call { name, page: &self.page, method, path, query, body, longest_answer: LONG }).await
    }

    async fn ask_as_app(&self, name: &'static str, app: &AppId, method: Method, body: Option<Value>) -> Result<Answer, SetupError> {
        let token = format!("{app}|{}", self.app_secret.expose());
        let token = Secret::new(&token).map_err(|_| SetupError::Refused { call: name, reason: String::from("the app has no secret") })?;
        let credentials = Credentials::new(&self.page, &token, Some(&self.app_secret))?;
        let path = [app.as_str(), name];
        self.ask_with(&credentials, Call { name, page: &self.page, method, path: &path, query: &[], body, longest_answer: LONG }).await
    }

    async fn ask_with(&self, credentials: &Credentials, call: Call<'_>) -> Result<Answer, SetupError> {
        let name = call.name;
        let answer = self.graph.call(call, credentials).await;
        let answer = answer.map_err(|err| SetupError::NotAnswered { call: name, reason: format!("{err} ({})", err.cause()) })?;
        if answer.is_success() && answer.body.is_some() {
            return Ok(answer);
        }
        Err(SetupError::Refused { call: name, reason: words(&answer) })
    }
}

/// Repeats what Meta says of a refusal, with the number by which it can be looked up.
fn words(answer: &Answer) -> String {
    let said = answer.body.as_ref().and_then(|body| body.get("error")?.get("message")?.as_str());
    let number = answer.error.as_ref().map_or_else(|| format!("HTTP {}", answer.status.as_u16()), ToString::to_string);
    said.map_or_else(|| number.clone(), |said| format!("{said} ({number})"))
}

/// Ids come as text or as numbers.
fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

fn callback(entry: &Value) -> Option<Callback> {
    let fields = entry.get("fields").and_then(Value::as_array).into_iter().flatten();
    // Some versions give names, some objects with a name.
    let name = |field: &Value| field.as_str().or_else(|| field.get("name")?.as_str()).map(str::to_owned);
    Some(Callback {
        url: entry.get("callback_url")?.as_str()?.to_owned(),
        active: entry.get("active").and_then(Value::as_bool).unwrap_or(false),
        fields: fields.filter_map(name).collect(),
    })
}
