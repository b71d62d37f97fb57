//! What a simulator is told when it opens.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes the command line that the page shows for answering one customer (argument: the PSID).
pub type ReplyHint = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// One Page that customers can write to.
#[derive(Clone)]
pub struct PageSettings {
    pub id: String,
    pub name: String,
    /// The Page access token that the Graph API takes.
    pub token: String,
}

/// The app, its Pages, and where their webhooks go.
#[derive(Clone)]
pub struct Settings {
    /// At least one; the first is the default.
    pub pages: Vec<PageSettings>,
    pub app_id: String,
    pub app_secret: String,
    pub verify_token: String,
    pub webhook_url: String,
    /// The folder of the database; in memory when absent.
    pub data: Option<PathBuf>,
    /// Where this process is reached, without a closing slash: `http://127.0.0.1:8787`.
    pub public_base: String,
    pub reply_hint: Option<ReplyHint>,
    /// Whether every call must carry `appsecret_proof` ("Require App Secret" in Meta's dashboard).
    pub require_proof: bool,
    /// Whether a new customer keeps the chat open, so that what arrives is read soon.
    pub auto_read: bool,
    /// Whether three friendly customers stand ready at the first start.
    pub sample_customers: bool,
    /// Where all chance comes from: the same seed, the same message ids and the same faults.
    pub seed: u64,
}

impl Settings {
    /// Settings with the ids of the documented payloads and no secret worth keeping, in memory: for tests and demonstrations.
    #[must_use]
    pub fn sample(webhook_url: &str) -> Self {
        Self {
            pages: vec![PageSettings { id: "108234567890123".to_owned(), name: "Lamp Shop".to_owned(), token: "EAATestToken".to_owned() }],
            app_id: "1834920057713346".to_owned(),
            app_secret: "test-app-secret-do-not-use".to_owned(),
            verify_token: "test-verify-token".to_owned(),
            webhook_url: webhook_url.to_owned(),
            data: None,
            public_base: "http://127.0.0.1:8787".to_owned(),
            reply_hint: None,
            require_proof: false,
            auto_read: true,
            sample_customers: true,
            seed: 1,
        }
    }

    /// Finds a Page by its id.
    pub(crate) fn page(&self, id: &str) -> Option<&PageSettings> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// Names the first blank setting that must not be blank.
    pub(crate) fn blank(&self) -> Option<&'static str> {
        let required = [
            ("app_id", &self.app_id),
            ("app_secret", &self.app_secret),
            ("verify_token", &self.verify_token),
            ("webhook_url", &self.webhook_url),
        ];
        let of_app = required.into_iter().find(|(_, value)| value.trim().is_empty());
        let page_is_blank = |page: &PageSettings| page.id.trim().is_empty() || page.token.trim().is_empty();
        of_app.map(|(name, _)| name).or_else(|| self.pages.iter().any(page_is_blank).then_some("pages: id and token"))
    }
}

// Secrets stay out of logs.
impl fmt::Debug for PageSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageSettings").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("pages", &self.pages)
            .field("app_id", &self.app_id)
            .field("webhook_url", &self.webhook_url)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
