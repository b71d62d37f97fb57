//! The hands that use the deployed line: Meta's, a customer's, an agent's.

use std::future::Future;
use std::time::Duration;

use domain::id::{ConversationId, PageId, UserId};
use messenger_simulator::{Clock, PageSettings, Settings, Simulator};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value as Json;
use shopbell_tests::sign;
use tokio::net::TcpListener;

use crate::deployment::Deployment;
use crate::{Outcome, must_be, ok};

/// The Page of the drive, as the documented payloads name it.
pub(crate) const PAGE: &str = "108234567890123";
const PAGE_TOKEN: &str = "EAATestToken";
pub(crate) const APP_SECRET: &str = "test-app-secret-do-not-use";

/// Meta, played by the simulator on a port of this process.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) simulator: Simulator,
    graph_url: String,
}

impl Meta {
    pub(crate) fn graph_url(&self) -> &str {
        &self.graph_url
    }
}

/// Starts the simulator. It learns where webhooks go when `connect` subscribes the app.
pub(crate) async fn meta() -> Outcome<Meta> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let settings = Settings {
        pages: vec![PageSettings { id: PAGE.into(), name: "Lamp Shop".into(), token: PAGE_TOKEN.into() }],
        app_secret: APP_SECRET.into(),
        require_proof: true,
        sample_customers: false,
        ..Settings::sample(&format!("{base}/nowhere"))
    };
    let simulator = Simulator::open(settings, Clock::system())?;
    let router = axum::Router::new().nest("/graph", simulator.graph_router());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let running = simulator.clone();
    tokio::spawn(async move { running.run(std::future::pending()).await });
    Ok(Meta { simulator, graph_url: format!("{base}/graph/v26.0") })
}

/// The connected line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) simulator: Simulator,
    pub(crate) url: String,
    pub(crate) verify_token: String,
    api_key: String,
    client: Client,
}

impl Line {
    /// Connects the Page twice, as an operator does; the second time nothing changes.
    pub(crate) fn connect(deployment: &Deployment, meta: Meta) -> Outcome<Self> {
        let secrets = [("META_APP_SECRET", APP_SECRET), ("META_PAGE_TOKEN", PAGE_TOKEN)];
        let said = deployment.operator(&["connect", "--page", PAGE, "--yes"], &secrets)?;
        ok("connect puts the secrets in place, subscribes, and proves the line with a signed event");
        let verify_token = after(&said, "Verify token").ok_or_else(|| format!("connect did not print the verify token:\n{said}"))?;
        let api_key = after(&said, "API key, shown this once").ok_or_else(|| format!("connect did not print an API key:\n{said}"))?;
        let again = deployment.operator(&["connect", "--page", PAGE, "--yes"], &secrets)?;
        if after(&again, "API key, shown this once").is_some() {
            return Err(format!("a second connect made another key:\n{again}").into());
        }
        ok("a second connect changes nothing");
        let client = shopbell_tests::client();
        Ok(Self { simulator: meta.simulator, url: deployment.url.clone(), verify_token, api_key, client })
    }

    /// Asks the handshake as Meta does.
    pub(crate) async fn handshake(&self, token: &str) -> Outcome<(StatusCode, String)> {
        let url = format!("{}/webhooks/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444", self.url);
        let answer = self.client.get(url).send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Posts a body as Meta does, signed.
    pub(crate) async fn deliver(&self, body: Vec<u8>) -> Outcome<StatusCode> {
        let signature = sign(APP_SECRET, &body);
        self.post(body, Some(&signature), "application/json").await
    }

    /// Posts a body with any signature and media type.
    pub(crate) async fn post(&self, body: Vec<u8>, signature: Option<&str>, media_type: &str) -> Outcome<StatusCode> {
        let mut request = self.client.post(format!("{}/webhooks/meta", self.url)).header("Content-Type", media_type).body(body);
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        Ok(request.send().await?.status())
    }

    /// Posts a body as a shop does.
    pub(crate) async fn post_to(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Outcome<StatusCode> {
        let request = self.client.post(format!("{}{path}", self.url)).header("Content-Type", "application/json").body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Ok(request.send().await?.status())
    }

    /// Calls the API.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<&Json>) -> Outcome<(StatusCode, Json)> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.api_key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or(Json::Null)))
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Json> {
        let (status, body) = self.api(Method::GET, path, None).await?;
        must_be(&format!("GET {path}: {body}"), &status, &StatusCode::OK)?;
        Ok(body)
    }

    /// Every row of a list.
    pub(crate) async fn all(&self, path: &str) -> Outcome<Vec<Json>> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=100{cursor}")).await?;
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            let Some(next) = page["next_cursor"].as_str() else { return Ok(rows) };
            cursor = format!("&cursor={next}");
        }
    }

    /// The messages of a person's conversation, once there is one.
    pub(crate) async fn messages_of(&self, psid: &str) -> Outcome<Vec<Json>> {
        let id = conversation_id(psid)?;
        let (status, _) = self.api(Method::GET, &format!("/v1/conversations/{id}"), None).await?;
        if status == StatusCode::NOT_FOUND { Ok(Vec::new()) } else { self.all(&format!("/v1/conversations/{id}/messages")).await }
    }
}

/// The id of a person's conversation with the Page.
pub(crate) fn conversation_id(psid: &str) -> Outcome<ConversationId> {
    let page = PageId::new(PAGE).ok_or("no Page")?;
    let user = UserId::new(psid).ok_or_else(|| format!("{psid} is no id"))?;
    Ok(ConversationId::of(&page, &user))
}

/// The rest of the first line that begins with a label.
fn after(said: &str, label: &str) -> Option<String> {
    let rest = said.lines().find_map(|line| line.trim().strip_prefix(label))?;
    Some(rest.trim_start_matches(':').trim().to_owned())
}

/// Asks until something is as it must be, or gives up.
pub(crate) async fn until<Asking: Future<Output = Outcome<bool>>>(what: &str, patience: Duration, ask: impl Fn() -> Asking) -> Outcome<()> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut pause = tokio::time::interval(Duration::from_millis(250));
    while !ask().await? {
        if tokio::time::Instant::now() > deadline {
            return Err(format!("waited {patience:?} for {what}").into());
        }
        pause.tick().await;
    }
    Ok(())
}
